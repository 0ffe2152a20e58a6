import type { Catalogue } from "./catalogue.ts";
import { fault, formatFault, QdrantFault, validationFault } from "./fault.ts";
import { isObject, type Json, type JsonObject, parseJson } from "./json.ts";
import type { RateLimits } from "./rate-limit.ts";

/** What all requests share. */
export interface ServerState {
  readonly catalogue: Catalogue;
  readonly rateLimits: RateLimits;
  /** What a new collection's strict mode is where its creator says nothing. */
  readonly strictModeDefaults: JsonObject;
}

/** One request on its way through its route: the parts of the path, the query string, the body. */
export class Call {
  readonly state: ServerState;
  readonly text: string;
  readonly #parts: Readonly<Record<string, string>>;
  readonly #query: URLSearchParams;

  constructor(
    state: ServerState,
    parts: Readonly<Record<string, string>>,
    query: URLSearchParams,
    text: string,
  ) {
    this.state = state;
    this.text = text;
    this.#parts = parts;
    this.#query = query;
  }

  part(name: string): string {
    return this.#parts[name] ?? "";
  }

  body(): JsonObject {
    const body: Json = parseJson(this.text);
    if (!isObject(body)) throw formatFault("invalid type, expected a map", this.text);
    return body;
  }

  get wait(): boolean {
    const wait = this.#query.get("wait");
    if (wait === null) return false;
    if (wait === "true" || wait === "false") return wait === "true";
    throw queryFault("provided string was not `true` or `false`");
  }

  /** Seconds; undefined when not given. */
  get timeout(): number | undefined {
    const timeout = this.#query.get("timeout");
    if (timeout === null) return undefined;
    if (!/^\d+$/.test(timeout)) throw queryFault("invalid digit found in string");
    return Number(timeout);
  }

  /** Refuses bad parameters of an update, before its body is looked at. */
  checkUpdateParameters(): void {
    const ordering = this.#query.get("ordering");
    if (ordering !== null && !["weak", "medium", "strong"].includes(ordering)) {
      throw queryFault(`unknown variant \`${ordering}\`, expected one of \`weak\`, \`medium\`, \`strong\``);
    }
    // Looking at it is the check.
    void this.wait;
    this.checkTimeout();
  }

  /** Refuses bad parameters of a read. */
  checkReadParameters(): void {
    this.checkTimeout();
    const consistency = this.#query.get("consistency");
    if (consistency === null || /^(?:all|majority|quorum|[1-9]\d*)$/.test(consistency)) return;
    throw queryFault(`failed to deserialize read consistency query parameter value '${consistency}'`);
  }

  /** Refuses a timeout of 0, as points' requests word it. */
  checkTimeout(): void {
    if (this.timeout === 0) throw queryFault("invalid value: integer `0`, expected a nonzero u64");
  }

  /** Refuses a timeout of 0, as collections' requests word it. */
  checkCollectionTimeout(): void {
    if (this.timeout !== 0) return;
    const { message } = validationFault("timeout: value 0 invalid, must be 1 or larger");
    throw new QdrantFault(422, message.replace("in JSON body", "in query parameters"));
  }
}

const queryFault = (problem: string) => fault(400, `Deserialize error in query parameters: ${problem}`);
