import { type Collection, type Point, sliceHashOf } from "./collection.ts";
import { parseDatetime } from "./datetime.ts";
import { unsupported } from "./fault.ts";
import type { Condition, FieldTest, Filter, Range, Scalar } from "./filter.ts";
import { isInArea, parseGeoPoint } from "./geo.ts";
import { elementsOf, isObject, type Json, JsonNumber, type JsonObject } from "./json.ts";
import { valuesAt } from "./json-path.ts";
import type { PayloadIndex } from "./payload-index.ts";
import { holdsAll, holdsAny, holdsPhrase } from "./text.ts";

interface Subject {
  readonly collection: Collection;
  readonly point: Point;
  /** The payload, or inside `nested` the element that is looked at. */
  readonly value: JsonObject;
  /** Conditions about the point itself never hold inside `nested`, as in the real server. */
  readonly isNested: boolean;
}

/** True when the point passes the filter. */
export function matches(filter: Filter | undefined, collection: Collection, point: Point): boolean {
  if (filter === undefined) return true;
  return passes(filter, {
    collection,
    point,
    isNested: false,
    get value() {
      return point.payload.tree;
    },
  });
}

function passes(filter: Filter, subject: Subject): boolean {
  const holds = (condition: Condition): boolean => meets(condition, subject);
  if (!filter.must.every(holds) || filter.mustNot.some(holds)) return false;
  if (filter.should.length > 0 && !filter.should.some(holds)) return false;
  return (
    filter.minShould === undefined ||
    filter.minShould.conditions.filter(holds).length >= filter.minShould.count
  );
}

function meets(condition: Condition, subject: Subject): boolean {
  switch (condition.kind) {
    case "field":
      return meetsTest(
        condition.test,
        valuesAt(subject.value, condition.path),
        subject.collection.indexes.get(condition.key),
      );
    case "is-empty":
      return valuesAt(subject.value, condition.path).every(isEmpty);
    case "is-null":
      return valuesAt(subject.value, condition.path).some(isNull);
    case "has-id":
      return !subject.isNested && condition.ids.has(subject.point.id);
    case "has-vector":
      return (
        !subject.isNested && (subject.collection.store(condition.name)?.has(subject.point.slot) ?? false)
      );
    case "slice":
      return !subject.isNested && sliceHashOf(subject.point) % condition.total === condition.index;
    case "filter":
      return passes(condition.filter, subject);
    case "nested":
      return valuesAt(subject.value, condition.path).some(
        (value) => isObject(value) && passes(condition.filter, { ...subject, value, isNested: true }),
      );
    default:
      return condition satisfies never;
  }
}

const isEmpty = (value: Json): boolean => value === null || elementsOf(value)?.length === 0;

const isNull = (value: Json): boolean => value === null || elementsOf(value)?.includes(null) === true;

function meetsTest(test: FieldTest, values: readonly Json[], index: PayloadIndex | undefined): boolean {
  if (values.length === 0) return meetsNothing(test);
  switch (test.kind) {
    case "values-count":
      return values.some((value) => isWithin(countOf(value), test.range));
    case "empty":
      return values.some((value) => isEmpty(value) === test.expected);
    case "null":
      return values.some((value) => isNull(value) === test.expected);
    default:
      return values
        .flatMap((value) => elementsOf(value) ?? [value])
        .some((value) => meetsSingle(test, value, index));
  }
}

/** What is not there is empty, not null and no value at all; it passes no other test. */
function meetsNothing(test: FieldTest): boolean {
  if (test.kind === "values-count") return isWithin(0, test.range);
  return test.kind === "empty" ? test.expected : test.kind === "null" && !test.expected;
}

const countOf = (value: Json): number => elementsOf(value)?.length ?? (value === null ? 0 : 1);

/** Tests that each element of a list is put to; the field passes when one of them does. */
type SingleTest = Exclude<FieldTest, { kind: "values-count" | "empty" | "null" }>;

function meetsSingle(test: SingleTest, value: Json, index: PayloadIndex | undefined): boolean {
  switch (test.kind) {
    case "value":
      return isEqual(test.value, value);
    case "any":
      return test.values.some((wanted) => isEqual(wanted, value));
    case "except":
      return value !== null && !test.values.some((unwanted) => isEqual(unwanted, value));
    case "range":
      return value instanceof JsonNumber && isWithin(value.value, test.range);
    case "geo": {
      const place = parseGeoPoint(value);
      return place !== undefined && isInArea(place, test.area);
    }
    case "datetime": {
      const time = typeof value === "string" ? parseDatetime(value) : undefined;
      return time !== undefined && isWithin(time, test.range);
    }
    case "text":
    case "text_any":
    case "phrase":
    case "prefix":
      return typeof value === "string" && meetsText(test.kind, test.text, value, index);
    default:
      return test satisfies never;
  }
}

type TextTest = "text" | "text_any" | "phrase" | "prefix";

function meetsText(kind: TextTest, wanted: string, value: string, index: PayloadIndex | undefined): boolean {
  if (kind === "prefix") return value.startsWith(wanted);
  if (index?.type === "text") {
    const tokenizer = index.params?.get("tokenizer") ?? "word";
    const isPlain = tokenizer === "word" && !index.params?.has("stemmer") && !index.params?.has("stopwords");
    if (!isPlain) throw unsupported("text conditions on an index with another tokenizer than plain `word`");
    if (kind === "phrase") return holdsPhrase(value, wanted, index.params);
    return kind === "text" ? holdsAll(value, wanted, index.params) : holdsAny(value, wanted, index.params);
  }
  // Without an index the real server looks for the bare characters.
  if (kind === "text_any") return wanted.split(/\s+/).some((word) => word !== "" && value.includes(word));
  return value.includes(wanted);
}

function isEqual(wanted: Scalar, value: Json): boolean {
  // Integers match integers alone: 1 does not match 1.0 there either.
  if (wanted instanceof JsonNumber)
    return value instanceof JsonNumber && value.isInteger && value.text === wanted.text;
  return wanted === value;
}

function isWithin(value: number, { gt, gte, lt, lte }: Range): boolean {
  if (gt !== undefined && !(value > gt)) return false;
  if (gte !== undefined && !(value >= gte)) return false;
  return (lt === undefined || value < lt) && (lte === undefined || value <= lte);
}
