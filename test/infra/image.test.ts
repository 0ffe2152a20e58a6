import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { hashOfModels } from "../../infra/image.ts";
import { ROOT } from "./synthesized.ts";

const dockerfile = readFileSync(join(ROOT, "functions/embedder/Dockerfile"), "utf8");
/** Packages the image installs: the arguments of its call of pick-packages.mjs. */
const picked = (/RUN node pick-packages\.mjs ([^&]+)&&/.exec(dockerfile)?.[1] ?? "")
  .split(/[\s\\]+/)
  .filter(Boolean);

function inDirectory<T>(use: (directory: string) => T): T {
  const directory = mkdtempSync(join(tmpdir(), "remaster-image-"));
  try {
    return use(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test("layers go from what changes seldom to what changes often", () => {
  const last = dockerfile.slice(dockerfile.lastIndexOf("\nFROM "));

  const copied = [...last.matchAll(/^COPY --from=(\w+)/gm)].map((match) => match[1]);

  assert.deepEqual(copied, ["dependencies", "checked", "bundle"]);
});

test("the image installs every package that the code of its functions imports", () => {
  // The report is made by the zip functions.
  const files = globSync("src/**/*.ts", { cwd: ROOT }).filter((file) => !file.startsWith("src/report/"));
  const imported = files.flatMap((file) =>
    [
      ...readFileSync(join(ROOT, file), "utf8").matchAll(
        /^(?:import|export) (?!type).*?from "([^."][^"]*)"/gm,
      ),
    ]
      .map((match) => match[1] ?? "")
      .filter((name) => !name.startsWith("node:"))
      .map((name) =>
        name
          .split("/")
          .slice(0, name.startsWith("@") ? 2 : 1)
          .join("/"),
      ),
  );

  for (const name of new Set(imported)) assert.ok(picked.includes(name), name);
});

test("the picked lock file has the named packages in their locked versions, with all they need and little else", () => {
  inDirectory((directory) => {
    for (const file of ["package.json", "package-lock.json"])
      copyFileSync(join(ROOT, file), join(directory, file));
    const script = join(ROOT, "functions/embedder/image/pick-packages.mjs");

    execFileSync(process.execPath, [script, ...picked], { cwd: directory });

    const whole = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8"));
    const lock = JSON.parse(readFileSync(join(directory, "picked/package-lock.json"), "utf8"));
    for (const name of [...picked, "onnxruntime-common"])
      assert.equal(
        lock.packages[`node_modules/${name}`].integrity,
        whole.packages[`node_modules/${name}`].integrity,
      );
    assert.equal("node_modules/aws-cdk-lib" in lock.packages, false);
    assert.equal("node_modules/typescript" in lock.packages, false);
  });
});

test("an unknown package is refused by name", () => {
  inDirectory((directory) => {
    copyFileSync(join(ROOT, "package-lock.json"), join(directory, "package-lock.json"));
    const script = join(ROOT, "functions/embedder/image/pick-packages.mjs");

    assert.throws(
      () => execFileSync(process.execPath, [script, "no-such-package"], { cwd: directory, stdio: "pipe" }),
      /package-lock\.json has no no-such-package/,
    );
  });
});

test("the image's hash changes when a model's description changes, and needs no model", () => {
  inDirectory((directory) => {
    mkdirSync(join(directory, "a"));
    writeFileSync(join(directory, "a/config.json"), '{"pooling": "cls"}');
    const before = hashOfModels(directory);

    writeFileSync(join(directory, "a/config.json"), '{"pooling": "max"}');

    assert.notEqual(hashOfModels(directory), before);
    assert.equal(hashOfModels(join(directory, "nowhere")), "absent");
  });
});
