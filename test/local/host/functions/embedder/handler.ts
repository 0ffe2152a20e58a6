// Pages whose body says how many deliveries fail, and how.

interface Delivery {
  readonly Records: readonly [
    {
      readonly body: string;
      readonly attributes: { readonly ApproximateReceiveCount: string };
      readonly eventSource: string;
    },
  ];
}

interface Page {
  readonly page: number;
  /** Deliveries that fail first. */
  readonly failing?: number;
  readonly how?: "throw" | "exit" | "hang" | "permanent";
  /** How long a good delivery takes. */
  readonly ms?: number;
}

export async function handler({ Records }: Delivery): Promise<null> {
  const [{ body, attributes, eventSource }] = Records;
  const { page, failing = 0, how = "throw", ms = 0 }: Page = JSON.parse(body);
  const delivery = Number(attributes.ApproximateReceiveCount);
  const say = (event: string) =>
    process.stdout.write(`${JSON.stringify({ event, page, delivery, eventSource, pid: process.pid })}\n`);
  say("begun");
  if (delivery <= failing) await failAs(how);
  await new Promise((resolve) => setTimeout(resolve, ms));
  say("done");
  return null;
}

async function failAs(how: string): Promise<void> {
  if (how === "exit") process.exit(1);
  if (how === "hang") await new Promise(() => setInterval(() => {}, 1_000));
  throw Object.assign(new Error("page failed"), {
    name: how === "permanent" ? "PermanentError" : "TransientError",
  });
}
