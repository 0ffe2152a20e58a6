import type { Runtime } from "./runtime.ts";

// MatMulInteger of a uint8 matrix `x` and an int8 matrix `w`, as an ONNX file.
const PRODUCT =
  "CAgSADpCChgKAXgKAXcSAXkiDU1hdE11bEludGVnZXISBXByb2JlWgkKAXgSBAoCCAJaCQoBdxIECgIIA2IJCgF5EgQKAggGQgQKABAR";
const ROWS = 8;
const WIDTH = 64;
const COLUMNS = 16;

/**
 * Whether the runtime multiplies 8-bit numbers wrongly here: without VNNI or AMX its kernel adds pairs of products in
 * 16 bits, and the largest pairs do not fit. `session.x64quantprecision` makes it exact, by kernels that are 2.5
 * times slower where there is VNNI, and that is why it is not simply always set. The runtime is asked itself, with
 * the largest pairs there are: what the processor claims is one thing, which kernel the runtime takes another.
 */
export async function isSaturating({ InferenceSession, Tensor }: Runtime): Promise<boolean> {
  const session = await InferenceSession.create(Buffer.from(PRODUCT, "base64"), {
    executionProviders: ["cpu"],
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
  });
  try {
    const x = new Tensor("uint8", new Uint8Array(ROWS * WIDTH).fill(255), [ROWS, WIDTH]);
    const w = new Tensor("int8", new Int8Array(WIDTH * COLUMNS).fill(127), [WIDTH, COLUMNS]);
    const { y } = await session.run({ x, w });
    return !(y?.data instanceof Int32Array) || y.data.some((sum) => sum !== 255 * 127 * WIDTH);
  } finally {
    await session.release();
  }
}
