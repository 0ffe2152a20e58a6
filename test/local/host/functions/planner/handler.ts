// A function that does what its event says, to see what its host makes of it.

import { TransientError } from "../../../../../src/migration/errors.ts";
import { openChannelQueue } from "../../../../../src/queue/channel.ts";

interface Context {
  readonly functionName: string;
  readonly awsRequestId: string;
  getRemainingTimeInMillis(): number;
}

type Act = "look" | "fail" | "nothing" | "hang" | "exit" | "crash" | "send" | "unwritable";

let calls = 0;
const queue = openChannelQueue();

export async function handler(
  event: { readonly act: Act; readonly messages?: readonly string[] },
  context: Context,
) {
  calls++;
  process.stdout.write(`${JSON.stringify({ event: event.act })}\n`);
  switch (event.act) {
    case "look":
      return {
        pid: process.pid,
        calls,
        environment: process.env,
        context: { ...context, leftMs: context.getRemainingTimeInMillis() },
      };
    case "fail":
      throw new TransientError("no answer", { fields: { status: 503 } });
    case "nothing":
      return undefined;
    case "hang":
      return new Promise(() => setInterval(() => {}, 1_000));
    case "exit":
      return process.exit(3);
    case "crash":
      Promise.reject(new Error("nobody waits for this"));
      return new Promise(() => {});
    case "send":
      await queue.send(event.messages ?? []);
      return queue.depth();
    case "unwritable":
      return { big: 1n };
  }
}
