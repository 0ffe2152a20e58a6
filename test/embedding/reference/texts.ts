// Writes the generated texts, one JSON string a line, for the reference implementation:
//   node test/embedding/reference/texts.ts > /tmp/texts.jsonl
import { referenceTexts } from "../../support/texts.ts";

for (const text of referenceTexts()) process.stdout.write(`${JSON.stringify(text.toWellFormed())}\n`);
