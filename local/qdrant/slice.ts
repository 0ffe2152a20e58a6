import type { PointId } from "../../src/migration/ids.ts";

/**
 * The hash that the `slice` filter divides by: SipHash-2-4 without a key over the id's bytes, integers as eight
 * bytes from the lowest, UUIDs as their sixteen. Found by agreement with every recorded slice, not documented.
 */
export function sliceHash(id: PointId): bigint {
  const bytes = idBytes(id);
  const state = Uint32Array.from(initialState);
  for (let at = 0; at < bytes.length; at += 8)
    absorb(state, bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4));
  // Both lengths are multiples of eight: the last word holds the length alone.
  absorb(state, 0, bytes.length << 24);
  state[4] = word(state, 4) ^ 0xff;
  for (let round = 0; round < 4; round += 1) mix(state);
  const half = (at: number): bigint =>
    BigInt((word(state, at) ^ word(state, at + 2) ^ word(state, at + 4) ^ word(state, at + 6)) >>> 0);
  return (half(1) << 32n) | half(0);
}

// Four words of 64 bits, each as two of 32, the low one first: BigInt would take ten times as long, and a filter by
// slice hashes every id of a collection.
const initialState = [
  0x70736575, 0x736f6d65, 0x6e646f6d, 0x646f7261, 0x6e657261, 0x6c796765, 0x79746573, 0x74656462,
];

const word = (state: Uint32Array, at: number): number => state[at] ?? 0;

function idBytes(id: PointId): Buffer {
  if (id.includes("-")) return Buffer.from(id.replaceAll("-", ""), "hex");
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(id));
  return bytes;
}

function absorb(state: Uint32Array, low: number, high: number): void {
  state[6] = word(state, 6) ^ low;
  state[7] = word(state, 7) ^ high;
  mix(state);
  mix(state);
  state[0] = word(state, 0) ^ low;
  state[1] = word(state, 1) ^ high;
}

/** One round. The numbers are where each of the four words begins in the state. */
function mix(state: Uint32Array): void {
  add(state, 0, 2);
  rotate(state, 2, 13);
  xor(state, 2, 0);
  swap(state, 0);
  add(state, 4, 6);
  rotate(state, 6, 16);
  xor(state, 6, 4);
  add(state, 0, 6);
  rotate(state, 6, 21);
  xor(state, 6, 0);
  add(state, 4, 2);
  rotate(state, 2, 17);
  xor(state, 2, 4);
  swap(state, 4);
}

function add(state: Uint32Array, to: number, from: number): void {
  const low = word(state, to) + word(state, from);
  const carry = low > 0xffff_ffff ? 1 : 0;
  state[to] = low;
  state[to + 1] = word(state, to + 1) + word(state, from + 1) + carry;
}

function xor(state: Uint32Array, to: number, from: number): void {
  state[to] = word(state, to) ^ word(state, from);
  state[to + 1] = word(state, to + 1) ^ word(state, from + 1);
}

/** To the left, by less than 32 bits. */
function rotate(state: Uint32Array, at: number, bits: number): void {
  const [low, high] = [word(state, at), word(state, at + 1)];
  state[at] = (low << bits) | (high >>> (32 - bits));
  state[at + 1] = (high << bits) | (low >>> (32 - bits));
}

function swap(state: Uint32Array, at: number): void {
  const low = word(state, at);
  state[at] = word(state, at + 1);
  state[at + 1] = low;
}
