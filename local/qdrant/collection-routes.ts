import type { Call } from "./call.ts";
import { checkNameLength } from "./catalogue.ts";
import type { Collection } from "./collection.ts";
import { parseConfig, parseVector, patchConfig, vectorSpecs, withVector } from "./collection-config.ts";
import { collectionInfo, noteIndexing } from "./collection-info.ts";
import { fields, readFields } from "./config-fields.ts";
import { fault, formatFault, QdrantFault, unsupported } from "./fault.ts";
import { isObject, writeJson } from "./json.ts";
import { parseFieldName, parseIndex } from "./payload-index.ts";
import { type Route, read, write } from "./route.ts";
import { checkIndexCount } from "./strict-mode.ts";

/** Collections, their configuration and their payload indexes. */
export const collectionRoutes: readonly Route[] = [
  read("GET", "/collections", ({ state }) => {
    const names = state.catalogue.names().map((name) => `{"name":${JSON.stringify(name)}}`);
    return `{"collections":[${names.join(",")}]}`;
  }),
  read("GET", "/collections/:name", (call) => collectionInfo(target(call))),
  read("GET", "/collections/:name/exists", (call) => {
    return `{"exists":${call.state.catalogue.find(call.part("name")) !== undefined}}`;
  }),
  write("PUT", "/collections/:name", create),
  write("PATCH", "/collections/:name", patch),
  write("DELETE", "/collections/:name", (call) => {
    call.checkCollectionTimeout();
    return String(call.state.catalogue.drop(call.part("name")));
  }),
  write("PUT", "/collections/:name/index", createIndex),
  write("DELETE", "/collections/:name/index/:field", (call) => {
    const collection = target(call);
    return changeSchema(call, collection, () => collection.indexes.delete(call.part("field")));
  }),
  write("PUT", "/collections/:name/vectors/:vector", addVector),
  write("DELETE", "/collections/:name/vectors/:vector", dropVector),
];

const target = (call: Call): Collection => call.state.catalogue.get(call.part("name"));

function create(call: Call): string {
  const name = call.part("name");
  checkName(name);
  call.checkCollectionTimeout();
  call.state.catalogue.create(name, parseConfig(call.body(), call.text, call.state.strictModeDefaults));
  return "true";
}

function checkName(name: string): void {
  checkNameLength(name);
  const character = [...name].find((char) => '<>:"/\\|?*\0\u001f'.includes(char));
  if (character !== undefined) {
    const problem = `collection name cannot contain ${JSON.stringify(character)} char`;
    throw new QdrantFault(422, `Validation error in path parameters: [collection_name: ${problem}]`);
  }
  // The real server fails on these too, when it makes the folder.
  if (name === "." || name === "..")
    throw fault(500, `Service internal error: Invalid path to delete: ${name}`);
}

function patch(call: Call): string {
  call.checkCollectionTimeout();
  const collection = target(call);
  collection.configure(patchConfig(collection.config, call.body()));
  noteIndexing(collection);
  call.state.catalogue.saveCollection(collection);
  return "true";
}

function createIndex(call: Call): string {
  call.checkUpdateParameters();
  const body = call.body();
  const field = parseFieldName(body.get("field_name"), call.text);
  const schema = body.get("field_schema") ?? null;
  const index = schema === null ? undefined : parseIndex(field, schema, call.text);
  const collection = target(call);
  if (index === undefined) {
    throw fault(
      400,
      "Bad request: Can't auto-detect field type, please specify `field_schema` in the request",
    );
  }
  checkIndexCount(collection, field);
  return changeSchema(call, collection, () => collection.addIndex(index));
}

/** Does a change of indexes or vectors. The real server uses two numbers for each. */
function changeSchema(call: Call, collection: Collection, change: () => void): string {
  collection.operation += 2;
  change();
  call.state.catalogue.saveCollection(collection);
  return `{"operation_id":${collection.operation},"status":"${call.wait ? "completed" : "acknowledged"}"}`;
}

function addVector(call: Call): string {
  call.checkUpdateParameters();
  const name = call.part("vector");
  const body = call.body();
  const collection = target(call);
  const sparse = body.get("sparse");
  const dense = body.get("dense");
  if (!isObject(sparse) && !isObject(dense)) throw formatFault("expected `dense` or `sparse`", call.text);
  const params = isObject(sparse)
    ? readFields(sparse, fields.sparse)
    : parseVector(dense, "dense", call.text);
  const next = withVector(collection.config, name, params, isObject(sparse));
  const before = vectorSpecs(collection.config).get(name);
  const isSame = before === undefined || writeJson(next) === writeJson(collection.config);
  if (!isSame)
    throw fault(400, `Wrong input: Vector \`${name}\` already exists with a different configuration`);
  return changeSchema(call, collection, () => collection.configure(next));
}

function dropVector(call: Call): string {
  call.checkUpdateParameters();
  const collection = target(call);
  const name = call.part("vector");
  const spec = collection.specs.get(name);
  if (spec !== undefined && name === "") throw unsupported("dropping the unnamed vector");
  return changeSchema(call, collection, () => {
    if (spec === undefined) return;
    collection.configure(withVector(collection.config, name, undefined, spec.kind === "sparse"));
  });
}
