// The embedder's part of the story: one message, one page, one record.

import { completePoints } from "./complete.ts";
import { PermanentError } from "./errors.ts";
import { readFreshState } from "./guard.ts";
import { recordKey } from "./keys.ts";
import { type PageMessage, parsePageMessage } from "./message.ts";
import { type Pass, readPass } from "./pass.ts";
import { type Plan, readPlan, sidesOf } from "./plan.ts";
import type { Clock, Deadline, Embedder, Ledger, Log, Models, Qdrant } from "./ports.ts";
import { bridgeVectors } from "./puts.ts";
import { readTruth, reconcile } from "./reconcile.ts";
import { recordOf } from "./record.ts";
import { type MigrationState, readState } from "./state.ts";
import { encodeStored } from "./stored.ts";
import { termsOf } from "./terms.ts";

export interface PageOutside {
  readonly qdrant: Qdrant;
  readonly ledger: Ledger;
  readonly models: Models;
  readonly clock: Clock;
  readonly deadline: Deadline;
  readonly log: Log;
  readonly encodeVector: (vector: Float32Array) => string;
}

/**
 * Reconciles the page of a message and records it. A page that has its record, or belongs to a run that was
 * paused, stopped or turned round meanwhile, is let go: the ledger, not the queue, says what is missing.
 * @throws PermanentError for a message nobody can treat, or one for a model this process does not have.
 */
export async function embedPage(
  outside: PageOutside,
  body: string,
): Promise<"recorded" | "repeated" | "let-go"> {
  const { ledger, clock, log } = outside;
  const message = parsePageMessage(body);
  const key = recordKey(message, message.page);
  if ((await ledger.read(key)) !== null) return "repeated";
  const plan = await readPlan(ledger, message.migration);
  const pass = await readPass(ledger, message.migration, message.pass);
  if (!mayWrite(await readState(ledger, message.migration), pass)) return "let-go";
  const startedAt = clock.now();
  const waitedBefore = outside.qdrant.waitedMs();
  try {
    const record = recordOf(await reconcilePage(outside, { message, plan, pass }), {
      ms: clock.now() - startedAt,
      at: clock.now(),
      waitedMs: outside.qdrant.waitedMs() - waitedBefore,
    });
    // The first record wins: a repeated delivery found the same state and adds nothing.
    await ledger.create(key, encodeStored(record));
    const { total, migrated, unchanged, skipped, failed } = record.tally;
    const { migration, range, page } = message;
    log("page.recorded", {
      migration,
      pass: pass.pass,
      range,
      page,
      total,
      migrated,
      unchanged,
      skipped,
      failed,
      ms: record.ms,
      waitedMs: record.waitedMs,
    });
    return "recorded";
  } catch (error) {
    if (error instanceof TurnedRound) return "let-go";
    throw error;
  }
}

/** The run was paused, stopped or turned round between the reading and a write. */
class TurnedRound extends Error {}

async function reconcilePage(
  outside: PageOutside,
  { message, plan, pass }: { readonly message: PageMessage; readonly plan: Plan; readonly pass: Pass },
) {
  const { qdrant, models, deadline, encodeVector } = outside;
  const { from, to } = sidesOf(plan, pass.direction);
  if (message.fingerprint !== (to.contract?.fingerprint ?? ""))
    throw new PermanentError(
      `A page of ${message.migration} asks for vectors of model ${message.fingerprint}, its plan for ${to.contract?.fingerprint ?? "none"}.`,
      { fields: { migration: message.migration, page: message.page } },
    );
  const embedder = await openFor(models, to.contract, pass);
  const job = {
    qdrant,
    from,
    to,
    terms: termsOf(plan, pass),
    where: { interval: { lo: message.lo, hi: message.hi } },
    pageSizePoints: plan.pageSizePoints,
  };
  const guard = async () => {
    if (!mayWrite(await readFreshState(outside, message.migration), pass)) throw new TurnedRound();
  };
  const vectors = bridgeVectors(plan, from);
  const read = () => readTruth(job);
  // First: a vector that is made here goes over with the others.
  if (vectors.length > 0)
    await completePoints(
      { qdrant, collection: from.collection, vectors, place: plan, read },
      { models, encodeVector, guard, checksText: false },
    );
  return reconcile(job, { embedder, deadline, encodeVector, guard });
}

async function openFor(
  models: Models,
  contract: Plan["source"]["contract"],
  pass: Pass,
): Promise<Embedder | null> {
  const embedder = contract === null ? null : await models.openContract(contract);
  // Backwards without the old model, payloads and deletions still go back; what needs a vector is a failure.
  if (embedder === null && pass.direction === "forward")
    throw new PermanentError(
      `This process does not have the model ${contract?.id} (fingerprint ${contract?.fingerprint}) that the plan was made for. Give it the same model files, then redrive.`,
      { fields: { model: contract?.id ?? null } },
    );
  return embedder;
}

/** Pages are written only while their pass is the run's direction and nobody holds writes back. */
function mayWrite(state: MigrationState, pass: Pass): boolean {
  if (state.paused || state.direction !== pass.direction) return false;
  return state.phase !== "swap" && state.phase !== "aborted" && state.phase !== "cleaned";
}
