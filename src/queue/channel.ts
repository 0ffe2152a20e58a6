// `memory:pages` as a worker process sees it: the queue lives in the process that started this one, and every call
// is acknowledged from there.
import { ConfigError, TransientError } from "../migration/errors.ts";
import type { Queue, QueueDepth } from "../migration/ports.ts";

/** From a worker process to its host. */
export interface QueueRequest {
  readonly kind: "queue";
  readonly id: number;
  /** Messages to send; null: the depth is all that is asked for. */
  readonly send: readonly string[] | null;
}

/** From the host: the depth after the request was done. */
interface QueueReply {
  readonly kind: "queue";
  readonly id: number;
  readonly depth: QueueDepth;
}

/** The end of the channel in this process. */
export interface Channel {
  post(request: QueueRequest): void;
  listen(onMessage: (message: unknown) => void, onClosed: () => void): void;
}

export function openChannelQueue(channel: Channel = channelToHost()): Queue {
  const open = new Map<number, PromiseWithResolvers<QueueDepth>>();
  let last = 0;
  channel.listen(
    (message) => {
      if (!isReply(message)) return;
      open.get(message.id)?.resolve(message.depth);
      open.delete(message.id);
    },
    () => {
      for (const { reject } of open.values())
        reject(new TransientError("The process with the pages queue ended before it answered."));
      open.clear();
    },
  );
  const ask = (send: readonly string[] | null): Promise<QueueDepth> => {
    const answer = Promise.withResolvers<QueueDepth>();
    last++;
    open.set(last, answer);
    channel.post({ kind: "queue", id: last, send });
    return answer.promise;
  };
  return {
    async send(messages) {
      if (messages.length > 0) await ask(messages);
    },
    depth: () => ask(null),
  };
}

/** For the host's side. */
export const isRequest = (message: unknown): message is QueueRequest => isQueueMessage(message, "send");

const isReply = (message: unknown): message is QueueReply => isQueueMessage(message, "depth");

/** Both ends are this program: kind and the telling member are enough. */
const isQueueMessage = (message: unknown, member: string): boolean =>
  typeof message === "object" &&
  message !== null &&
  "kind" in message &&
  message.kind === "queue" &&
  member in message;

function channelToHost(): Channel {
  if (process.send === undefined)
    throw new ConfigError(
      "The queue memory:pages is there in a process of the function host only; give the address of an SQS queue.",
    );
  return {
    post: (request) => process.send?.(request),
    listen(onMessage, onClosed) {
      process.on("message", onMessage).on("disconnect", onClosed);
    },
  };
}
