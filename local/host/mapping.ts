// An event source mapping of one machine: hands out messages of a queue, a batch a call, a few calls at once.
import type { Delivery, MemoryQueue } from "../../src/queue/memory.ts";

export interface MappingOptions {
  readonly queue: MemoryQueue;
  /** Calls under way at once. */
  readonly concurrency: number;
  /** Messages of one call at most; those that are there are not held back until there are so many. */
  readonly batchSize: number;
  /** Whether the function answers which messages must come again (`ReportBatchItemFailures`). */
  readonly reportsFailures: boolean;
  readonly invoke: (event: unknown) => Promise<unknown>;
}

export class Mapping {
  readonly #options: MappingOptions;
  readonly #underWay = new Set<Promise<void>>();
  #isOpen = true;

  constructor(options: MappingOptions) {
    this.#options = options;
    options.queue.onVisible = () => this.#fill();
  }

  /** No more deliveries. Settles when those under way have ended. */
  async close(): Promise<void> {
    this.#isOpen = false;
    await Promise.all(this.#underWay);
  }

  #fill(): void {
    while (this.#isOpen && this.#underWay.size < this.#options.concurrency) {
      const batch = this.#receive();
      if (batch.length === 0) return;
      const delivering = this.#deliver(batch).finally(() => {
        this.#underWay.delete(delivering);
        this.#fill();
      });
      this.#underWay.add(delivering);
    }
  }

  #receive(): readonly Delivery[] {
    const { queue, batchSize } = this.#options;
    const batch: Delivery[] = [];
    while (batch.length < batchSize) {
      const delivery = queue.receive();
      if (delivery === null) break;
      batch.push(delivery);
    }
    return batch;
  }

  async #deliver(batch: readonly Delivery[]): Promise<void> {
    const { queue, invoke, reportsFailures } = this.#options;
    try {
      const answer = await invoke({ Records: batch.map(recordOf) });
      const failed = reportsFailures ? failedOf(answer) : new Set();
      for (const { messageId, receipt } of batch)
        if (failed.has(messageId)) queue.fail(receipt, new Error("The function's log says why it failed."));
        else queue.acknowledge(receipt);
    } catch (error) {
      const reason = error instanceof Error ? error : new Error(String(error));
      for (const { receipt } of batch) queue.fail(receipt, reason);
    }
  }
}

/** The part of Lambda's SQS event that handlers may use. */
const recordOf = ({ messageId, body, receiveCount, receipt }: Delivery) => ({
  messageId,
  receiptHandle: receipt,
  body,
  attributes: { ApproximateReceiveCount: String(receiveCount) },
  messageAttributes: {},
  eventSource: "aws:sqs",
});

/** Ids of `{batchItemFailures: [{itemIdentifier}]}`; our own function's answer, so its shape is as it says. */
function failedOf(answer: unknown): ReadonlySet<unknown> {
  const isReport = typeof answer === "object" && answer !== null && "batchItemFailures" in answer;
  const failures: unknown = isReport ? answer.batchItemFailures : [];
  if (!Array.isArray(failures)) throw new TypeError("The function's batchItemFailures are no list.");
  return new Set(failures.map((one: { readonly itemIdentifier: unknown }) => one.itemIdentifier));
}
