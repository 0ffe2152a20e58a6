// Writes or checks the manifest of every model in a directory: SHA256SUMS, as sha256sum writes it.
//   node manifest.mjs write <directory with one directory a model>
//   node manifest.mjs check <directory with one directory a model>
// Plain JavaScript, because it also runs in the image that is being built.
import { createHash } from "node:crypto";
import { createReadStream, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

const MANIFEST = "SHA256SUMS";
// What decides a vector: graphs, their weights where those are files of their own, and the tokenizer.
const DECISIVE = /\.(onnx|onnx_data(_\d+)?|data)$|^tokenizer\.json$/;

async function sha256(path) {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

const decisiveIn = (folder) => readdirSync(folder).filter((file) => DECISIVE.test(file));

async function write(folder) {
  const files = decisiveIn(folder);
  const hashes = await Promise.all(files.map((file) => sha256(join(folder, file))));
  writeFileSync(join(folder, MANIFEST), files.map((file, at) => `${hashes[at]}  ${file}\n`).join(""));
  console.log(`${folder}: manifest of ${files.join(", ")} written`);
}

/** What is wrong with a model's files; empty when they are those of the manifest. */
async function problemsOf(folder) {
  const path = join(folder, MANIFEST);
  if (!existsSync(path))
    return [`has no ${MANIFEST}; write one with: node manifest.mjs write ${join(folder, "..")}`];
  const lines = [...readFileSync(path, "utf8").matchAll(/^([0-9a-f]{64}) [ *](.+)$/gm)];
  const manifest = new Map(lines.map(([, hash, file]) => [file, hash]));
  const unlisted = decisiveIn(folder).filter((file) => !manifest.has(file));
  const problems = unlisted.map((file) => `${file} is not in the manifest`);
  for (const [file, expected] of manifest) {
    const found = existsSync(join(folder, file)) ? await sha256(join(folder, file)) : "missing";
    if (found !== expected) problems.push(`${file} is ${found}, the manifest says ${expected}`);
  }
  if (manifest.size === 0) problems.push("the manifest names no file");
  return problems;
}

async function check(folder) {
  const problems = await problemsOf(folder);
  if (problems.length > 0) throw new Error(`Model ${folder}: ${problems.join("; ")}. Fetch the model again.`);
  console.log(`${folder}: files are those of the manifest`);
}

const [verb, directory] = process.argv.slice(2);
const act = { write, check }[verb];
if (act === undefined || directory === undefined)
  throw new Error("Usage: node manifest.mjs write|check <directory with one directory a model>");
const folders = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory());
if (folders.length === 0)
  throw new Error(`${directory} holds no model; get one with: remaster model fetch bge-base-en-v1.5`);
for (const { name } of folders) await act(join(directory, name));
