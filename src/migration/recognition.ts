// A model that is known, and used otherwise than its makers mean it: too small a loss for a ranking to see.
import type { GateCheck } from "./gate.ts";
import type { Recognition } from "./ports.ts";
import type { Sample } from "./sample.ts";

/** In the plan, before hours of embedding: with a doubt the gate will be red. */
export const recognitionWarnings = ({ contract, recognition }: Sample): readonly string[] =>
  recognition === undefined || recognition.doubts.length === 0
    ? []
    : [
        `${contract.id} is ${recognition.known} used otherwise than published: ${recognition.doubts.join("; ")}. The gate will be red. Correct the model's config.json or tokenizer.json before anything is embedded.`,
      ];

/** The gate's line. What an earlier version stored without a recognition is as it was judged then. */
export function recognitionChecks(recognition: Recognition | undefined): readonly GateCheck[] {
  if (recognition === undefined) return [];
  return [{ name: "model as published", ok: recognition.doubts.length === 0, found: says(recognition) }];
}

function says({ known, doubts }: Recognition): string {
  if (known === null)
    return "None of the models whose answers are known: pooling, prefixes and tokenizer are taken from its description, and only search can tell.";
  if (doubts.length === 0) return `It is ${known}, used as published.`;
  return `It is ${known}, but ${doubts.join("; ")}.`;
}
