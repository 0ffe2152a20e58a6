import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { App, Stack } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { EXAMPLE, OPTION_NAMES, parseConfiguration } from "../../infra/configuration.ts";
import { OPTIONS } from "../../infra/options.ts";
import { readSettings, refuseDeployment } from "../../infra/settings.ts";
import { ROOT, synthesize } from "./synthesized.ts";

const parse = (options: Readonly<Record<string, unknown>>) => parseConfiguration({ ...EXAMPLE, ...options });

/** A configuration file for the time of `use`. */
function withFile(content: string, use: (path: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), "remaster-config-"));
  try {
    const path = join(directory, "given.json");
    writeFileSync(path, content);
    use(path);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test("address and secrets are all that must be given", () => {
  const configuration = parse({});

  assert.equal(configuration.stackName, "remaster");
  assert.equal(configuration.architecture, "x86_64");
  assert.equal(configuration.network, null);
  assert.throws(
    () => parseConfiguration({}),
    /qdrantUrl is missing.*manageKeySecretArn is missing.*pointsKeySecretArn is missing/,
  );
});

test("every problem is reported at once, by the option's name", () => {
  const wrong = {
    concurency: 5,
    concurrency: 1,
    stackName: "my stack",
    notifyEmails: ["nobody"],
    account: 12,
  };

  assert.throws(
    () => parse(wrong),
    ({ message }: Error) =>
      [/unknown option "concurency"/, /concurrency must be a whole number from 2 to 1000, not 1/, /stackName/]
        .concat([/notifyEmails/, /account/])
        .every((pattern) => pattern.test(message)),
  );
});

test("a Qdrant beyond this machine is reached by https only", () => {
  const refused = [
    { qdrantUrl: "http://qdrant.example.com:6333" },
    { qdrantUrl: "http://qdrant.example.com:6333", isEmulator: true },
    { qdrantUrl: "http://127.0.0.1:6333" },
    { qdrantUrl: "ftp://qdrant.example.com" },
    { qdrantUrl: "qdrant.example.com:6333" },
  ];

  for (const options of refused)
    assert.throws(() => parse(options), /qdrantUrl must/, JSON.stringify(options));
  for (const host of ["127.0.0.1", "localhost", "[::1]"])
    assert.ok(parse({ qdrantUrl: `http://${host}:6333`, isEmulator: true }));
});

test("an address with a key or password in it is refused, and not repeated", () => {
  assert.throws(
    () => parse({ qdrantUrl: "https://user:hunter2@qdrant.example.com" }),
    ({ message }: Error) => /qdrantUrl/.test(message) && !/hunter2/.test(message),
  );
});

test("a secret is named by its complete ARN", () => {
  for (const arn of ["remaster/manage", EXAMPLE.manageKeySecretArn.slice(0, -7), "arn:aws:s3:::bucket"])
    assert.throws(() => parse({ manageKeySecretArn: arn }), /manageKeySecretArn must be the complete ARN/);
  assert.throws(
    () => parse({ pointsKeySecretArn: "eyJhbGciOiJIUzI1NiJ9" }),
    ({ message }: Error) => !message.includes("eyJhb"),
  );
});

test("the command line's texts are read as the values they mean", () => {
  const configuration = parse({
    concurrency: "50",
    isEmulator: "false",
    notifyEmails: '["ops@example.com"]',
    costTags: '{"team": "memory"}',
    logRetentionDays: "7",
  });

  assert.equal(configuration.concurrency, 50);
  assert.equal(configuration.isEmulator, false);
  assert.deepEqual(configuration.notifyEmails, ["ops@example.com"]);
  assert.deepEqual(configuration.costTags, { team: "memory" });
  assert.equal(configuration.logRetentionDays, 7);
});

test("context wins over the file, and the CDK's own context is left alone", () => {
  withFile(JSON.stringify({ ...EXAMPLE, concurrency: 5, stackName: "staging" }), (config) => {
    const context = {
      config,
      concurrency: "9",
      "@aws-cdk/core:x": true,
      "aws:cdk:y": 1,
      "cli-telemetry": false,
    };

    const { configuration, notice } = readSettings(context);

    assert.equal(configuration.concurrency, 9);
    assert.equal(configuration.stackName, "staging");
    assert.equal(notice, null);
  });
});

test("a misspelt option of the command line is refused like one of the file", () => {
  assert.throws(() => readSettings({ concurency: "9" }), /unknown option "concurency"/);
  withFile('{"concurency": 9}', (config) =>
    assert.throws(() => readSettings({ config }), /unknown option "concurency"/),
  );
});

test("a file that is named must be there and hold one JSON object", () => {
  assert.throws(() => readSettings({ config: "/nowhere/at/all.json" }), /there is none/);
  withFile("[1]", (config) => assert.throws(() => readSettings({ config }), /one JSON object/));
  withFile("{", (config) => assert.throws(() => readSettings({ config }), /is not JSON/));
});

test("without any configuration there is a template to read that CloudFormation refuses to deploy", () => {
  withFile("{}", (config) => {
    const { notice } = readSettings({ config });
    const stack = new Stack(new App(), "Example");

    refuseDeployment(stack, notice ?? "");

    assert.match(notice ?? "", /for reading only/);
    const { Rules } = Template.fromStack(stack).toJSON();
    assert.deepEqual(Rules.Configured.Assertions[0].Assert, { "Fn::Equals": ["configured", "example"] });
  });
});

test("docs/configuration.md has a row for every option, with its default, and for no other", () => {
  const text = readFileSync(join(ROOT, "docs/configuration.md"), "utf8");
  const rows = new Map(
    [...text.matchAll(/^\| `(\w+)`\s+\| (.+?)\s+\| (.+?)\s*\|$/gm)].map((match) => [match[1], match[2]]),
  );

  assert.deepEqual([...rows.keys()].sort(), [...OPTION_NAMES].sort());
  for (const [name, { fallback }] of Object.entries(OPTIONS))
    assert.equal(
      rows.get(name),
      fallback === undefined ? "required" : `\`${JSON.stringify(fallback)}\``,
      name,
    );
});

test("a base image is named with its digest, or refused", () => {
  const digest = "a".repeat(64);
  const named = (baseImage: string) => parseConfiguration({ ...EXAMPLE, baseImage }).baseImage;

  const baseImage = `public.ecr.aws/lambda/nodejs:24@sha256:${digest}`;

  assert.equal(named(baseImage), baseImage);
  for (const wrong of ["public.ecr.aws/lambda/nodejs:24", `nodejs@sha256:${digest}`, `${baseImage}0`])
    assert.throws(() => named(wrong), /baseImage must be an image with its digest/, wrong);
});

test("another base image is another image", () => {
  const imageOn = (digit: string | null): string => {
    const baseImage = digit === null ? null : `public.ecr.aws/lambda/nodejs@sha256:${digit.repeat(64)}`;
    const { template } = synthesize({ options: { baseImage } });
    const images = Object.values(template.findResources("AWS::Lambda::Function")).flatMap(
      ({ Properties }) => Properties.Code.ImageUri ?? [],
    );
    assert.equal(images.length, 3);
    return JSON.stringify(images);
  };

  assert.equal(new Set([imageOn(null), imageOn("a"), imageOn("b")]).size, 3);
});
