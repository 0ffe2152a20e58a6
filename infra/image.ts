// The container image of the functions that embed: one Dockerfile, one image, a command for each function.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { IgnoreMode } from "aws-cdk-lib";
import { Platform } from "aws-cdk-lib/aws-ecr-assets";
import { DockerImageCode } from "aws-cdk-lib/aws-lambda";
import type { Configuration } from "./configuration.ts";

export const ROOT = join(import.meta.dirname, "..");

/** Where the model layer lies in the image. */
export const MODEL_DIRECTORY_IN_IMAGE = "/opt/models";

// All that the Dockerfile copies. The context is copied at every synthesis, so the weights are not in it:
// they come by a build context of their own, straight from where they lie.
const CONTEXT = ["package-lock.json", "tsconfig.json", "src", "functions", "layers/model/manifest.mjs"];

export function imageCode(configuration: Configuration, functionName: string): DockerImageCode {
  const model = resolve(ROOT, configuration.modelDirectory);
  return DockerImageCode.fromImageAsset(ROOT, {
    file: "functions/embedder/Dockerfile",
    cmd: [`functions/${functionName}/handler.handler`],
    platform: configuration.architecture === "arm64" ? Platform.LINUX_ARM64 : Platform.LINUX_AMD64,
    buildContexts: { model },
    ...(configuration.baseImage === null ? {} : { buildArgs: { BASE: configuration.baseImage } }),
    // The path differs from machine to machine and says nothing; the files' own description does.
    invalidation: { buildContexts: false },
    extraHash: hashOfModels(model),
    exclude: ["*", ...CONTEXT.map((path) => `!${path}`)],
    ignoreMode: IgnoreMode.DOCKER,
  });
}

/**
 * Changes when a model changes: small files by content (`config.json` holds the weights' sha256), large ones by
 * size. "absent" where there is no directory: a template can be synthesized without any weights.
 */
export function hashOfModels(directory: string): string {
  if (!existsSync(directory)) return "absent";
  const hash = createHash("sha256");
  const names = readdirSync(directory, { recursive: true, encoding: "utf8" }).sort();
  for (const name of names) {
    const path = join(directory, name);
    const { size, isFile } = { size: statSync(path).size, isFile: statSync(path).isFile() };
    if (!isFile) continue;
    hash.update(`${name}\0${size}\0`);
    if (name.endsWith(".json") && size < 1_000_000) hash.update(readFileSync(path));
  }
  return hash.digest("hex");
}
