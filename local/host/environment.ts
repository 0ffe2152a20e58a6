import { availableParallelism, homedir } from "node:os";
import { readVariable } from "../../src/config.ts";
import { ENV, FUNCTIONS, type FunctionName } from "../../src/contract.ts";
import type { HostOptions } from "./host.ts";

type Given = Readonly<Partial<Record<keyof typeof ENV, string>>>;

// Whose certificates Node trusts, beside those it comes with: a Qdrant in the house may have one of the house.
const TRUST = ["NODE_EXTRA_CA_CERTS", "NODE_USE_SYSTEM_CA"] as const;

/**
 * The environment of a function's processes: the variables that the stack gives it and, but for whom Node trusts,
 * nothing of this process's own, so that what works here does not work by accident.
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
  for (const name of TRUST) {
    const value = readVariable(name);
    if (value !== null) environment[name] = value;
  }
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
