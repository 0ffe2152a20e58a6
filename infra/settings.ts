// Where the configuration comes from: a file, overridden by CDK context.
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { CfnRule, Fn, type Stack } from "aws-cdk-lib";
import { type Configuration, EXAMPLE, parseConfiguration } from "./configuration.ts";
import { ROOT } from "./image.ts";

const DEFAULT_FILE = "remaster.config.json";

export interface Settings {
  readonly configuration: Configuration;
  /** Says that nobody configured anything and the template is for reading only; null otherwise. */
  readonly notice: string | null;
}

/**
 * Reads `remaster.config.json` (or the file that context `config` names) and the options among the context.
 * @throws Error for a file that is named but absent, is no JSON object, or holds a refused configuration.
 */
export function readSettings(context: Readonly<Record<string, unknown>>): Settings {
  const { config, ...overrides } = optionsIn(context);
  const given = { ...readFile(config), ...overrides };
  const isExample = !("qdrantUrl" in given);
  return {
    configuration: parseConfiguration(isExample ? { ...EXAMPLE, ...given } : given),
    notice: isExample
      ? `No qdrantUrl is configured: synthesized with ${EXAMPLE.qdrantUrl} and placeholder secrets, for reading only. Write ${DEFAULT_FILE} (docs/configuration.md) before you deploy.`
      : null,
  };
}

/** The CDK's own context keys all have a colon, a hyphen, a slash or an @ in them; a plain word is meant for us. */
const optionsIn = (context: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(context).filter(([key]) => /^[A-Za-z]\w*$/.test(key) && key !== "tree"));

function readFile(named: unknown): Readonly<Record<string, unknown>> {
  const file = resolve(ROOT, typeof named === "string" ? named : DEFAULT_FILE);
  if (!existsSync(file)) {
    if (named === undefined) return {};
    throw new Error(`Configuration file ${file} was named by context "config", but there is none.`);
  }
  const value: unknown = parseJson(file);
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Error(`Configuration file ${file} must hold one JSON object.`);
  return { ...value };
}

function parseJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw new Error(`Configuration file ${file} is not JSON: correct it and try again.`, { cause });
  }
}

/** CloudFormation evaluates the rule before it creates anything: a template to read is not one to deploy. */
export function refuseDeployment(stack: Stack, why: string): void {
  new CfnRule(stack, "Configured", {
    assertions: [{ assert: Fn.conditionEquals("configured", "example"), assertDescription: why }],
  });
}
