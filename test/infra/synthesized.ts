import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, type Stack } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { addChecks } from "../../infra/checks.ts";
import { EXAMPLE, parseConfiguration } from "../../infra/configuration.ts";
import type { Shapes } from "../../infra/functions.ts";
import { RemasterStack } from "../../infra/stack.ts";
import { FUNCTIONS } from "../../src/contract.ts";

export const ROOT = join(import.meta.dirname, "../..");

/** One finding of cdk-nag or of the CDK's own rules; `reason` where it was acknowledged. */
export interface Finding {
  readonly ruleName: string;
  readonly reason?: string;
}

export interface Synthesized {
  readonly template: Template;
  readonly violations: readonly Finding[];
  readonly acknowledged: readonly Finding[];
}

interface Report {
  readonly pluginReports: readonly {
    readonly violations: readonly Finding[];
    readonly suppressedViolations?: readonly Finding[];
  }[];
}

interface Variant {
  /** Options over the example configuration. */
  readonly options?: Readonly<Record<string, unknown>>;
  readonly shapes?: Shapes;
  /** Run cdk-nag and the CDK's own rules as well, as `npm run synth` does: half of the time. */
  readonly isChecked?: boolean;
  /** A change to the stack before it is synthesized. */
  readonly change?: (stack: Stack) => void;
}

/** Synthesizes the template that `npm run synth` writes. */
export function synthesize(variant: Variant = {}): Synthesized {
  const { options = {}, shapes = FUNCTIONS, isChecked = false, change } = variant;
  const { context } = JSON.parse(readFileSync(join(ROOT, "cdk.json"), "utf8"));
  const outdir = mkdtempSync(join(tmpdir(), "remaster-synth-"));
  try {
    const rules = isChecked ? {} : { "@aws-cdk/core:validateAgainstDefaultRules": false };
    // Nothing is copied or bundled either: it would change no template.
    const quick = { "aws:cdk:bundling-stacks": [], "aws:cdk:disable-asset-staging": true };
    const app = new App({ outdir, context: { ...context, ...rules, ...quick } });
    if (isChecked) addChecks(app);
    const stack = new RemasterStack(app, parseConfiguration({ ...EXAMPLE, ...options }), shapes);
    change?.(stack);
    const artifact = app.synth().getStackArtifact(stack.artifactId);
    const report: Report = JSON.parse(readFileSync(join(outdir, "validation-report.json"), "utf8"));
    return {
      template: Template.fromJSON(artifact.template),
      violations: report.pluginReports.flatMap(({ violations }) => violations),
      acknowledged: report.pluginReports.flatMap(({ suppressedViolations }) => suppressedViolations ?? []),
    };
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

export type Properties = ReturnType<Template["findResources"]>[string];

/** Properties of the resources of one type by logical id. */
export function propertiesOf(template: Template, type: string): Map<string, Properties> {
  return new Map(
    Object.entries(template.findResources(type)).map(([id, resource]) => [id, resource.Properties ?? {}]),
  );
}
