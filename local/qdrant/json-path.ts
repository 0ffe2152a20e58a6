import { elementsOf, isObject, type Json } from "./json.ts";

/** One step of a payload path: a key, an index `[2]`, or every element `[]`. */
type PathStep = { readonly key: string } | { readonly index: number } | "every";
export type JsonPath = readonly PathStep[];

const stepPattern = /(?:(?:^|\.)(?:"([^"]+)"|([\p{Alphabetic}\p{Number}_-]+)))|\[(\d*)\]/uy;

/** Reads `a."b.c"[].d[0]`; undefined when it is not a path. */
export function parsePath(text: string): JsonPath | undefined {
  const steps: PathStep[] = [];
  stepPattern.lastIndex = 0;
  let end = 0;
  while (end < text.length) {
    const found = stepPattern.exec(text);
    if (found === null) return undefined;
    end = stepPattern.lastIndex;
    const key = found[1] ?? found[2];
    if (key !== undefined) steps.push({ key });
    else if (steps.length === 0) return undefined;
    else steps.push(found[3] ? { index: Number(found[3]) } : "every");
  }
  return steps.length === 0 ? undefined : steps;
}

/** Every value a path leads to. Arrays are entered only where the path says so, as in the real server. */
export function valuesAt(value: Json, path: JsonPath, from = 0): Json[] {
  const step = path[from];
  if (step === undefined) return [value];
  if (typeof step === "object" && "key" in step) {
    const member = isObject(value) ? value.get(step.key) : undefined;
    return member === undefined ? [] : valuesAt(member, path, from + 1);
  }
  const elements = elementsOf(value) ?? [];
  if (step === "every") return elements.flatMap((element) => valuesAt(element, path, from + 1));
  const element = elements[step.index];
  return element === undefined ? [] : valuesAt(element, path, from + 1);
}

/** True when the two paths agree as far as both go: one lies on the way to the other. */
export function agree(a: JsonPath, b: JsonPath): boolean {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) if (!isSameStep(a[at], b[at])) return false;
  return true;
}

// `[]` stands for every index.
function isSameStep(a: PathStep | undefined, b: PathStep | undefined): boolean {
  if (a === "every" || b === "every") return a === b || isIndex(a) || isIndex(b);
  if (a === undefined || b === undefined) return false;
  if ("key" in a) return "key" in b && a.key === b.key;
  return "index" in b && a.index === b.index;
}

const isIndex = (step: PathStep | undefined): boolean => typeof step === "object" && "index" in step;

/** A copy of `value` with what the path leads to put in or taken out; undefined `member` takes it out. */
export function withMember(
  value: Json | undefined,
  path: JsonPath,
  member: Json | undefined,
  from = 0,
): Json {
  const step = path[from];
  if (step === undefined) return member ?? null;
  if (typeof step === "object" && "key" in step) return withKey(value, path, member, from, step.key);
  const elements = elementsOf(value);
  if (elements === undefined) return value ?? null;
  return elements.map((element, index) =>
    step === "every" || step.index === index ? withMember(element, path, member, from + 1) : element,
  );
}

function withKey(
  value: Json | undefined,
  path: JsonPath,
  member: Json | undefined,
  from: number,
  key: string,
): Json {
  const isLast = from === path.length - 1;
  if (!isObject(value)) {
    // Taking something out of what is not there changes nothing; putting in makes the way.
    if (member === undefined) return value ?? null;
    return new Map([[key, withMember(undefined, path, member, from + 1)]]);
  }
  const copy = new Map(value);
  if (isLast && member === undefined) copy.delete(key);
  else if (member !== undefined || value.has(key))
    copy.set(key, withMember(value.get(key), path, member, from + 1));
  return copy;
}
