// Keys of the ledger as names of files: every key has its own, on every file system.

// A name may have 255 bytes; longer segments go on in a folder of their own.
const NAME_LENGTH_MAX = 120;

/** Path of a key below the ledger's folder, with "/" between names. */
export function encodeKey(key: string): string {
  return key.split("/").map(encodeSegment).join("/");
}

/** The key of a path that `encodeKey` made. */
export function decodeKey(path: string): string {
  return path.replaceAll("%/", "").split("/").map(decodeSegment).join("/");
}

function encodeSegment(segment: string): string {
  if (segment === "") return "%-";
  // Capitals too: some file systems keep Elena and elena in one file.
  const safe = segment.replace(/[^a-z0-9._-]|^\./gu, (character) =>
    [...Buffer.from(character)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join(""),
  );
  // An encoded segment never ends with "%", so "%/" can only mean: it goes on.
  return (safe.match(new RegExp(`.{1,${NAME_LENGTH_MAX}}`, "g")) ?? []).join("%/");
}

const decodeSegment = (name: string): string => (name === "%-" ? "" : decodeURIComponent(name));

/** Order of S3: by the bytes of UTF-8. */
export const compareKeys = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
