// What a migration will do, decided once, stored, and read ever after.
import type { Forecast } from "./forecast.ts";
import type { Guarantee } from "./guarantees.ts";
import { planKey } from "./keys.ts";
import type { ModelContract } from "./model.ts";
import type { JsonObject, Ledger } from "./ports.ts";
import type { EmptyText, Layout, Request } from "./request.ts";
import type { Direction } from "./state.ts";
import { readExisting } from "./stored.ts";

/** One of the two collections of a migration. */
export interface Side {
  readonly collection: string;
  /** Model of its vectors; null for a source whose model was not proven. */
  readonly contract: ModelContract | null;
  /** Name of that model's vector; "" is the unnamed one. */
  readonly vectorName: string;
  /** Its dimensions, as the collection's configuration says. */
  readonly dimensions: number;
}

/** How well a model reproduces vectors that are already stored. */
export interface SourceProof {
  readonly model: string;
  /** Texts embedded again and compared; 0 when nothing could be compared. */
  readonly compared: number;
  /** Mean cosine to the stored vectors; null when nothing was compared. */
  readonly meanCosine: number | null;
  readonly proven: boolean;
  /** A sentence for the plan: what was found, and what falls away when it is not proven. */
  readonly says: string;
}

/** The target takes over the name of the old collection itself, because readers use that. */
export interface TakeOver {
  /** The source's own name: of its lock, and what DELETE deletes. After the swap it answers with the target. */
  readonly name: string;
  /** Alias by which the source is read and written from the beginning. */
  readonly wayBack: string;
}

/** `plan.json`, written once. Times are milliseconds since 1970. */
export interface Plan {
  readonly v: 1;
  readonly migration: string;
  readonly source: Side;
  readonly target: Side & { readonly contract: ModelContract };
  /** Aliases readers use, all moved by the swap. */
  readonly aliases: readonly string[];
  /** Alias made by the swap because readers used the collection's own name; null when there are aliases. */
  readonly newAlias: string | null;
  /** Absent in plans that an earlier version wrote. */
  readonly takeOver?: TakeOver | null;
  /** `bridge`: the target holds the source's vector too, under its old name. */
  readonly layout: Layout;
  /** False where the collection stores vectors so coarsely (uint8) that their length says nothing. */
  readonly storesUnitVectors: boolean;
  /** Every vector of the source but the one that is re-embedded, carried as it is. */
  readonly otherVectors: readonly string[];
  readonly textKey: readonly string[];
  readonly textTemplate: string | null;
  readonly emptyText: EmptyText;
  readonly pageSizePoints: number;
  readonly keepOldHours: number;
  readonly cutover: Request["cutover"];
  /** Key of the user's own queries in the ledger; null: queries are made from memories. */
  readonly queries: string | null;
  readonly bars: Request["bars"];
  /** Absent in plans that an earlier version wrote. */
  readonly scoreThresholds?: readonly number[];
  readonly sourcePoints: number;
  readonly sourceProof: SourceProof;
  readonly serverVersion: string;
  /** Body that creates the target, the PATCHes after it, and the payload indexes. */
  readonly create: JsonObject;
  readonly after: readonly JsonObject[];
  readonly payloadIndexes: readonly { readonly field: string; readonly schema: string | JsonObject }[];
  /** What each kind of writer is promised. Absent in plans that an earlier version wrote. */
  readonly guarantees?: readonly Guarantee[];
  readonly warnings: readonly string[];
  readonly cannotCarry: readonly string[];
  readonly forecast: Forecast;
  readonly createdAt: number;
}

export const readPlan = (ledger: Ledger, migration: string): Promise<Plan> =>
  readExisting<Plan>(ledger, planKey(migration));

/** The source's own name; `source.collection` is the one it answers to, also when another collection took it over. */
export const ownName = ({ source, takeOver }: Plan): string => takeOver?.name ?? source.collection;

/** Who is read and who is written: forward before the swap, the other way round after it. */
export function sidesOf(plan: Plan, direction: Direction): { readonly from: Side; readonly to: Side } {
  return direction === "forward"
    ? { from: plan.source, to: plan.target }
    : { from: plan.target, to: plan.source };
}
