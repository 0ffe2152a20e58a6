// The event source mapping of one machine: hands out messages of the pages queue, one a call, a few at once.
import type { Delivery, MemoryQueue } from "../../src/queue/memory.ts";

export interface MappingOptions {
  readonly queue: MemoryQueue;
  /** Messages under way at once. */
  readonly concurrency: number;
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
    const { queue, concurrency } = this.#options;
    while (this.#isOpen && this.#underWay.size < concurrency) {
      const delivery = queue.receive();
      if (delivery === null) return;
      const delivering = this.#deliver(delivery).finally(() => {
        this.#underWay.delete(delivering);
        this.#fill();
      });
      this.#underWay.add(delivering);
    }
  }

  async #deliver(delivery: Delivery): Promise<void> {
    const { queue, invoke } = this.#options;
    try {
      await invoke(eventOf(delivery));
      queue.acknowledge(delivery.receipt);
    } catch (error) {
      queue.fail(delivery.receipt, error instanceof Error ? error : new Error(String(error)));
    }
  }
}

/** The part of Lambda's SQS event that handlers may use. */
const eventOf = ({ messageId, body, receiveCount, receipt }: Delivery) => ({
  Records: [
    {
      messageId,
      receiptHandle: receipt,
      body,
      attributes: { ApproximateReceiveCount: String(receiveCount) },
      messageAttributes: {},
      eventSource: "aws:sqs",
    },
  ],
});
