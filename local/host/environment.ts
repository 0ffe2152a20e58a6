import { availableParallelism, homedir } from "node:os";
import { ENV, FUNCTIONS, type FunctionName } from "../../src/contract.ts";
import type { HostOptions } from "./host.ts";

type Given = Readonly<Partial<Record<keyof typeof ENV, string>>>;

/**
 * The environment of a function's processes: the variables that the stack gives it and nothing of this process's
 * own, so that what works here does not work by accident.
 */
export function environmentOf(
  name: FunctionName,
  options: HostOptions,
  temporary: string,
): Record<string, string> {
  const environment: Record<string, string> = {
    PATH: "/usr/local/bin:/usr/bin:/bin",
    HOME: homedir(),
    TMPDIR: temporary,
  };
  const given = valuesOf(options);
  for (const wanted of FUNCTIONS[name].environment) {
    // On one machine there is no secret to look up: who may read it gets the key itself.
    const variable = wanted === "qdrantApiKeySecret" ? "qdrantApiKey" : wanted;
    const value = given[variable];
    if (value !== undefined) environment[ENV[variable]] = value;
  }
  return environment;
}

function valuesOf(options: HostOptions): Given {
  const { qdrantUrl, apiKey, ledgerFolder, modelDir, embeddingModel, embeddingDimensions, concurrency } =
    options;
  return {
    qdrantUrl,
    ...(apiKey === null ? {} : { qdrantApiKey: apiKey }),
    ledgerUrl: `file://${ledgerFolder}`,
    pagesQueueUrl: "memory:pages",
    ...(modelDir === null ? {} : { modelDir }),
    ...(embeddingModel === null ? {} : { embeddingModel }),
    ...(embeddingDimensions === null ? {} : { embeddingDimensions: String(embeddingDimensions) }),
    concurrency: String(concurrency),
    // A look at the ledger costs nothing here.
    executions: `process:${ledgerFolder}`,
    // The embedders share the machine's processors.
    embeddingThreads: String(Math.max(1, Math.floor(availableParallelism() / concurrency))),
  };
}
