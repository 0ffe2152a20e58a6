// Refuses to build an image without a model, or with one whose files are not those of its manifest.
//   node check-model.mjs <directory with one directory a model>
// A manifest is `SHA256SUMS`, as sha256sum writes it: in the model's directory, or one for all beside them.
import { createHash } from "node:crypto";
import { createReadStream, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

const [directory = ""] = process.argv.slice(2);

/** sha256 by file name, for the model in `folder`. */
function manifestOf(folder) {
  const own = join(directory, folder, "SHA256SUMS");
  const [path, prefix] = existsSync(own) ? [own, ""] : [join(directory, "SHA256SUMS"), `${folder}/`];
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  const lines = [...text.matchAll(/^([0-9a-f]{64}) [ *](.+)$/gm)];
  return new Map(
    lines
      .filter(([, , file]) => file.startsWith(prefix))
      .map(([, hash, file]) => [file.slice(prefix.length), hash]),
  );
}

async function check(folder) {
  const manifest = manifestOf(folder);
  const files = readdirSync(join(directory, folder));
  // These decide what a vector is; without their sha256 nobody knows which model it was.
  const decisive = files.filter((file) => file.endsWith(".onnx") || file === "tokenizer.json");
  const unknown = decisive.filter((file) => !manifest.has(file));
  if (decisive.length < 2 || unknown.length > 0)
    throw new Error(
      `Model ${folder} needs an .onnx file, tokenizer.json and the sha256 of both; ${unknown.join(", ") || "a file"} is missing. Write them with: sha256sum *.onnx tokenizer.json > SHA256SUMS`,
    );
  for (const [file, expected] of manifest) {
    const hash = createHash("sha256");
    await pipeline(createReadStream(join(directory, folder, file)), hash);
    const found = hash.digest("hex");
    if (found !== expected)
      throw new Error(
        `${folder}/${file} has sha256 ${found}, its manifest says ${expected}. Fetch the model again.`,
      );
  }
  console.log(`${folder}: ${manifest.size} files as in the manifest`);
}

const folders = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory());
if (folders.length === 0)
  throw new Error(
    "The image needs a model and was given none: build with --build-context model=<directory with one directory a model>, or set modelDirectory in the configuration.",
  );
for (const { name } of folders) await check(name);
