import fc from "fast-check";

/** Any id a point may have: an unsigned 64-bit integer or a UUID, in canonical spelling. */
export const anyId = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String), fc.uuid());
