import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "..");

// Who may import whom. A list of what is allowed: anything else fails. Extend it only with a reason in the commit.
const packages: Readonly<Record<string, readonly string[]>> = {
  "src/embedding": ["onnxruntime-node", "onnxruntime-common", "@huggingface/tokenizers", "protobufjs"],
  "src/qdrant": ["@qdrant/js-client-rest", "undici"],
  "src/queue": ["@aws-sdk/client-sqs"],
  "src/ledger": ["@aws-sdk/client-s3"],
  "src/execution": ["@aws-sdk/client-sfn"],
  "src/secret": ["@aws-sdk/client-secrets-manager"],
  "src/metrics": ["@aws-lambda-powertools/metrics"],
  "src/report": ["@observablehq/plot", "linkedom"],
  infra: ["aws-cdk-lib", "constructs", "cdk-nag"],
  local: ["aws-local-stepfunctions", "undici"],
  // Types of the events only: nothing of it is there at run time.
  functions: ["aws-lambda"],
  bin: ["commander"],
};

const folders: Readonly<Record<string, readonly string[]>> = {
  "src/contract.ts": [],
  "src/defaults.ts": ["src/contract.ts"],
  "src/migration": ["src/migration", "src/contract.ts", "src/defaults.ts"],
  src: ["src"],
  functions: ["functions", "src"],
  infra: ["infra", "src/contract.ts", "src/defaults.ts"],
  local: ["local", "src"],
  demo: ["demo", "local", "src"],
  bin: ["bin", "local", "demo", "src", "package.json"],
};

/** The longest row of a table that covers the file. */
function rowFor<Row>(table: Readonly<Record<string, Row>>, file: string): Row | undefined {
  const covering = Object.keys(table).filter((row) => file === row || file.startsWith(`${row}/`));
  const longest = covering.sort((a, b) => b.length - a.length)[0];
  return longest === undefined ? undefined : table[longest];
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), "utf8");
  // Statements begin a line; calls of import() stand anywhere.
  const statements = /^(?:import|export)\b(?:[^"';]*?\bfrom)?\s*"([^"\n]+)"/gm;
  const calls = /\bimport\(\s*"([^"\n]+)"\s*\)/g;
  return [...text.matchAll(statements), ...text.matchAll(calls)].map((match) => match[1] ?? "");
}

function isAllowed(file: string, specifier: string): boolean {
  if (specifier.startsWith("node:")) return true;
  if (!specifier.startsWith(".")) {
    const name = specifier
      .split("/")
      .slice(0, specifier.startsWith("@") ? 2 : 1)
      .join("/");
    return (rowFor(packages, file) ?? []).includes(name);
  }
  const target = relative(root, join(root, dirname(file), specifier));
  return (rowFor(folders, file) ?? []).some((row) => target === row || target.startsWith(`${row}/`));
}

test("every import of the product stands on the allow-list", () => {
  const files = globSync(
    [
      "bin/**/*.{ts,mjs}",
      "src/**/*.ts",
      "functions/**/*.ts",
      "infra/**/*.ts",
      "local/**/*.ts",
      "demo/**/*.ts",
    ],
    { cwd: root },
  );

  const refused = files.flatMap((file) =>
    importsOf(file)
      .filter((specifier) => !isAllowed(file, specifier))
      .map((specifier) => `${file} imports ${specifier}`),
  );

  assert.ok(files.length > 0);
  assert.deepEqual(refused, []);
});

test("the allow-list refuses what the design forbids", () => {
  assert.equal(isAllowed("src/migration/plan.ts", "@aws-sdk/client-sqs"), false);
  assert.equal(isAllowed("src/migration/plan.ts", "../qdrant/client.ts"), false);
  assert.equal(isAllowed("infra/stack.ts", "../src/migration/plan.ts"), false);
  assert.equal(isAllowed("functions/planner/handler.ts", "../../local/run.ts"), false);
});

test("a function's entry point has at most 60 lines", () => {
  for (const file of globSync("functions/*/handler.ts", { cwd: root })) {
    const lines = readFileSync(join(root, file), "utf8").trimEnd().split("\n").length;
    assert.ok(lines <= 60, `${file} has ${lines} lines`);
  }
});

test("only config.ts reads the environment", () => {
  const readers = globSync(["src/**/*.ts", "functions/**/*.ts", "infra/**/*.ts"], { cwd: root }).filter(
    (file) => readFileSync(join(root, file), "utf8").includes("process.env"),
  );

  assert.deepEqual(
    readers.filter((file) => file !== "src/config.ts"),
    [],
  );
});

test("the ONNX runtime is loaded where it is told to report nothing", () => {
  const loads = /^import (?!type\b)[^;]*"onnxruntime-node"|\bimport\("onnxruntime-node"\);/m;
  const files = globSync(["src/**/*.ts", "bin/**/*.ts", "bench/**/*.ts"], { cwd: root });

  const loaders = files.filter((file) => loads.test(readFileSync(join(root, file), "utf8")));

  assert.deepEqual(loaders, ["src/embedding/runtime.ts"]);
});
