import assert from "node:assert/strict";
import { test } from "node:test";
import { isSaturating } from "../../src/embedding/products.ts";
import type { Runtime } from "../../src/embedding/runtime.ts";
import { loadRuntime } from "../../src/embedding/runtime.ts";

/** A runtime that multiplies with this function instead of its own kernels. */
function runtimeWith(runtime: Runtime, addPair: (sum: number) => number): Runtime {
  const create = async (graph: Uint8Array) => {
    const session = await runtime.InferenceSession.create(graph);
    return {
      release: () => session.release(),
      async run({ x, w }: Record<string, { data: Uint8Array; dims: readonly number[] }>) {
        assert.ok(x && w);
        const [rows = 0, width = 0] = x.dims;
        const columns = w.dims[1] ?? 0;
        const y = new Int32Array(rows * columns);
        for (let row = 0; row < rows; row++)
          for (let column = 0; column < columns; column++)
            for (let i = 0; i < width; i += 2) {
              const product = (at: number) =>
                (x.data[row * width + at] ?? 0) * (w.data[at * columns + column] ?? 0);
              y[row * columns + column] =
                (y[row * columns + column] ?? 0) + addPair(product(i) + product(i + 1));
            }
        return { y: new runtime.Tensor("int32", y, [rows, columns]) };
      },
    };
  };
  return Object.assign(Object.create(runtime), { InferenceSession: { create } });
}

test("a kernel that adds pairs of products in 16 bits is found out", async () => {
  const runtime = await loadRuntime();
  const saturated = (sum: number) => Math.max(-32_768, Math.min(32_767, sum));

  assert.equal(await isSaturating(runtimeWith(runtime, saturated)), true);
  assert.equal(await isSaturating(runtimeWith(runtime, (sum) => sum)), false);
});

test("the runtime's own product is asked for, and it can tell", async () => {
  const runtime = await loadRuntime();
  const graphs: Uint8Array[] = [];
  const InferenceSession = {
    create(graph: Uint8Array, options: object) {
      graphs.push(graph);
      return runtime.InferenceSession.create(graph, options);
    },
  };
  await isSaturating(Object.assign(Object.create(runtime), { InferenceSession }));
  const [graph] = graphs;
  assert.ok(graph);
  const session = await runtime.InferenceSession.create(graph);
  const x = new runtime.Tensor("uint8", Uint8Array.of(200, 3), [1, 2]);
  const w = new runtime.Tensor("int8", Int8Array.of(-100, 7), [2, 1]);

  const { y } = await session.run({ x, w });

  assert.deepEqual(y?.data, Int32Array.of(200 * -100 + 3 * 7));
});
