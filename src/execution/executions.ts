import type { Executions } from "../migration/ports.ts";
import { openProcessExecutions } from "./process.ts";

/** Executions of `states` (Step Functions) or `process:…` (processes of this machine). */
export async function openExecutions(kind: string): Promise<Executions> {
  if (kind !== "states") return openProcessExecutions();
  // Only where it is needed: on one machine nothing of the AWS SDK is loaded.
  const { openStatesExecutions } = await import("./states.ts");
  return openStatesExecutions();
}
