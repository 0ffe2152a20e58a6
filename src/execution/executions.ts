import type { Executions } from "../migration/ports.ts";
import { openProcessExecutions } from "./process.ts";

/** Executions of `states` (Step Functions) or `process:…` (processes of this machine). */
export function openExecutions(kind: string): Executions {
  if (kind !== "states") return openProcessExecutions();
  return {
    async isOpen(owner) {
      const { isExecutionOpen } = await import("./states.ts");
      return isExecutionOpen(owner);
    },
  };
}
