import { StringDecoder } from "node:string_decoder";

/** A line of input without its end; null when it was longer than allowed and was not kept. */
export type Line = string | null;

/**
 * Lines of a byte stream, at most `charsMax` of one of them in memory. The last line needs no end, and an end
 * at the very end begins no further line.
 */
export async function* readLines(input: AsyncIterable<Uint8Array>, charsMax: number): AsyncGenerator<Line> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  let isTooLong = false;
  for await (const bytes of input) {
    const parts = decoder.write(Buffer.from(bytes)).split("\n");
    const last = parts.pop() ?? "";
    for (const part of parts) {
      yield isTooLong || rest.length + part.length > charsMax ? null : withoutReturn(rest + part);
      rest = "";
      isTooLong = false;
    }
    isTooLong ||= rest.length + last.length > charsMax;
    rest = isTooLong ? "" : rest + last;
  }
  rest += decoder.end();
  if (isTooLong) yield null;
  else if (rest !== "") yield withoutReturn(rest);
}

const withoutReturn = (line: string): string => (line.endsWith("\r") ? line.slice(0, -1) : line);
