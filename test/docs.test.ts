import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import type { Command } from "commander";
import { verbCommands } from "../bin/verbs.ts";
import { ACTIONS, parseRequest, REQUEST_KEYS } from "../src/migration/request.ts";

const root = join(import.meta.dirname, "..");
const read = (file: string): string => readFileSync(join(root, file), "utf8");

test("every verb and every flag of the workflow's verbs stands in the README", () => {
  const readme = read("README.md");
  const missing = verbCommands().flatMap((command: Command) => [
    ...(readme.includes(`\`${command.name()}\``) ? [] : [command.name()]),
    ...command.options.map(({ long }) => long ?? "").filter((flag) => !readme.includes(`\`${flag}\``)),
  ]);

  assert.deepEqual([...new Set(missing)], []);
});

test("every example of the workflow's input is one, for every action, and every key is explained", () => {
  const page = read("docs/workflow.md");
  const examples = [...page.matchAll(/```json\n(.*?)```/gs)].map(([, text]) =>
    parseRequest(JSON.parse(text ?? "")),
  );

  assert.deepEqual(new Set(examples.map(({ action }) => action)), new Set(ACTIONS));
  assert.deepEqual(
    REQUEST_KEYS.filter((key) => !new RegExp(`^\\| \`${key}\` +\\|`, "m").test(page)),
    [],
  );
});

test("every link of the documentation that stays in the project leads somewhere", () => {
  const pages = globSync(["*.md", "docs/**/*.md", "layers/**/*.md"], { cwd: root });
  const broken = pages.flatMap((page) =>
    [...read(page).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)]
      .map(([, target]) => target ?? "")
      .filter((target) => !existsSync(join(root, dirname(page), target)))
      .map((target) => `${page}: ${target}`),
  );

  assert.deepEqual(broken, []);
});
