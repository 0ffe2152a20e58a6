// The embedder as a process of its own: takes pages from the same queue and writes the same records, on any machine
// that has the image. docs/scale.md says when, and how the pages are handed over.
//   node functions/embedder/poll.ts
import { DEFAULTS } from "../../src/defaults.ts";
import { RemasterError } from "../../src/migration/errors.ts";
import { embedPages } from "../../src/migration/functions.ts";
import { openOutside } from "../../src/outside.ts";
import { encodeVector } from "../../src/qdrant/wire.ts";
import { poll } from "../../src/queue/poll.ts";

const { qdrant, ledger, models, inbox, concurrency, clock, log } = openOutside();

/** Until somebody wants this process to stop. @returns its exit code. */
async function run(stop: AbortSignal): Promise<number> {
  try {
    const page = { qdrant: qdrant(), ledger: ledger(), models: models(), clock, log, encodeVector };
    // Before the first page is taken: without its model this process could only hand it back.
    const { contract } = await page.models.open(null);
    log("poll.started", { model: contract.id, concurrency: concurrency() });
    const outside = {
      ...{ inbox: inbox(), clock, log },
      treat: (body: string, deadline: { remainingMs(): number }) => embedPages({ ...page, deadline }, [body]),
    };
    await poll(outside, { ...DEFAULTS.poll, concurrency: concurrency() }, stop);
    log("poll.stopped", {});
    return 0;
  } catch (error) {
    const name = error instanceof Error ? error.name : "unknown error";
    // Only a sentence of ours is sure to hold no text of a memory.
    log("poll.ended", { error: name, reason: error instanceof RemasterError ? error.message : name });
    return 1;
  }
}

const stop = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.abort());
// A page that was given back may still be under way here; nobody waits for it.
process.exit(await run(stop.signal));
