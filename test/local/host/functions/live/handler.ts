// Live events of the host's tests: each says how often it fails first.
interface SqsRecord {
  readonly messageId: string;
  readonly body: string;
  readonly attributes: { readonly ApproximateReceiveCount: string };
}

const say = (event: string, page: number): void => console.log(JSON.stringify({ event, page }));

export async function handler({ Records }: { readonly Records: readonly SqsRecord[] }): Promise<unknown> {
  say("live-batch", Records.length);
  const failed = Records.filter(({ body, attributes }) => {
    const { number, failing } = JSON.parse(body);
    const isFailing = Number(attributes.ApproximateReceiveCount) <= failing;
    say(isFailing ? "live-failed" : "live-done", number);
    return isFailing;
  });
  return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
}
