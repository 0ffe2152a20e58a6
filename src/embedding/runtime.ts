// The only place that loads the ONNX runtime.
import { silenceRuntime } from "../config.ts";

/**
 * Fusions that cost time on the CPU provider: the fused operators are scalar or work row by row. Without them a float32
 * MiniLM is 8 % faster, a base model 1 %.
 */
export const SLOW_FUSIONS: readonly string[] = ["SkipLayerNormFusion", "BiasGeluFusion"];

export type Runtime = typeof import("onnxruntime-node");

/**
 * Loads it when it is first needed. Its makers are told of its use, with an identifier of the machine, unless the
 * process says no before that: memories are private, and so is who keeps them.
 */
export async function loadRuntime(): Promise<Runtime> {
  silenceRuntime();
  return import("onnxruntime-node");
}
