// An application beside the stack: it sends live events and asks queries, with an IAM user of its own that may do
// these things and nothing else.
import { createHash, createHmac } from "node:crypto";
import { Agent, request } from "node:https";
import { text } from "node:stream/consumers";
import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { SignatureV4 } from "@smithy/signature-v4";
import type { LocalStack } from "../../local/stack/stack.ts";

const REGION = "us-east-1";

/** What an application needs: docs/live-events.md and docs/queries.md name the same. */
const MAY = [
  "sqs:SendMessage",
  "events:PutEvents",
  "lambda:InvokeFunctionUrl",
  "lambda:InvokeFunction",
] as const;

interface Key {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface HttpAnswer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: JSON of the query function or a refusal of the service.
  readonly body: any;
}

/** @param without An action that this application's user is not given. */
export function applicationOf(
  { emulator, deployment }: LocalStack,
  { name, without }: { readonly name: string; readonly without?: (typeof MAY)[number] },
) {
  const Statement = [{ Effect: "Allow", Action: MAY.filter((one) => one !== without), Resource: "*" }];
  const policy = JSON.stringify({ Version: "2012-10-17", Statement });
  const credentials = emulator.administer("user", name, policy) as Key;
  const httpsAgent = new Agent({ ca: emulator.certificate, keepAlive: true });
  const endpoint = String(emulator.environment.AWS_ENDPOINT_URL);
  const settings = { endpoint, region: REGION, requestHandler: { httpsAgent }, credentials };
  const queue = new SQSClient(settings);
  const events = new EventBridgeClient(settings);

  return {
    /** What a process of the application is started with. */
    environment: {
      ...emulator.environment,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      REMASTER_LIVE_QUEUE_URL: deployment.liveQueueUrl,
    },
    sendEvent: (event: unknown) =>
      queue.send(
        new SendMessageCommand({ QueueUrl: deployment.liveQueueUrl, MessageBody: JSON.stringify(event) }),
      ),
    async putEvent(event: { readonly op: string }): Promise<void> {
      const entry = { Source: "chat.memories", DetailType: event.op, Detail: JSON.stringify(event) };
      const Entries = [{ ...entry, EventBusName: deployment.liveBusName }];
      const { FailedEntryCount, Entries: put } = await events.send(new PutEventsCommand({ Entries }));
      if (FailedEntryCount !== 0) throw new Error(`EventBridge refused an event: ${put?.[0]?.ErrorCode}.`);
    },
    /** A POST to the Function URL, signed as the stack demands unless told otherwise. */
    async query(query: unknown, how: "signed" | "unsigned" | "forged" = "signed"): Promise<HttpAnswer> {
      const body = JSON.stringify(query);
      const { hostname } = new URL(deployment.queryUrl);
      const unsigned = { host: hostname, "content-type": "application/json" };
      const key = how === "forged" ? { ...credentials, secretAccessKey: "guessed" } : credentials;
      const headers =
        how === "unsigned" ? unsigned : await sign(hostname, { body, headers: unsigned, credentials: key });
      return post(endpoint, { body, headers, ca: emulator.certificate });
    },
  };
}

interface Unsigned {
  readonly body: string;
  readonly headers: Record<string, string>;
  readonly credentials: Key;
}

async function sign(hostname: string, { body, headers, credentials }: Unsigned) {
  const signer = new SignatureV4({ credentials, region: REGION, service: "lambda", sha256: Sha256 });
  const message = { method: "POST", protocol: "https:", hostname, path: "/", headers, body };
  return (await signer.sign(message)).headers;
}

/** The signer asks for the hash of a message, or for its keyed hash. */
class Sha256 {
  readonly #hash;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", bytesOf(secret));
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytesOf(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {
    throw new Error("Each signature has a hash of its own. This is a bug.");
  }
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === "string") return Buffer.from(data);
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}

interface Post {
  readonly body: string;
  readonly headers: Record<string, string>;
  readonly ca: string;
}

/** The emulator answers at its own address for the host that the request names. */
async function post(endpoint: string, { body, headers, ca }: Post): Promise<HttpAnswer> {
  const { hostname, port } = new URL(endpoint);
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
  const options = { method: "POST", hostname, port, path: "/", headers, ca, servername: "localhost" };
  request(options, async (response) => {
    const body = JSON.parse(await text(response));
    resolve({ status: response.statusCode ?? 0, body });
  })
    .on("error", reject)
    .end(body);
  return promise;
}
