import type { Call } from "./call.ts";
import type { Catalogue } from "./catalogue.ts";
import { formatFault } from "./fault.ts";
import { elementsOf, isObject, type Json, type JsonObject } from "./json.ts";
import { type Route, read, write } from "./route.ts";

export const aliasRoutes: readonly Route[] = [
  read("GET", "/aliases", ({ state }) => writeAliases([...state.catalogue.aliases()])),
  read("GET", "/collections/:name/aliases", (call) => {
    // By the collection's own name: an alias has no aliases, and an unknown name has none either.
    const all = [...call.state.catalogue.aliases()];
    return writeAliases(all.filter(([, target]) => target === call.part("name")));
  }),
  write("POST", "/collections/aliases", changeAliases),
];

function writeAliases(aliases: [string, string][]): string {
  const entries = aliases.map(
    ([alias, target]) =>
      `{"alias_name":${JSON.stringify(alias)},"collection_name":${JSON.stringify(target)}}`,
  );
  return `{"aliases":[${entries.join(",")}]}`;
}

/** Reads all actions, then does one after the other; those before one that fails stay done, as in the real server. */
function changeAliases(call: Call): string {
  call.checkCollectionTimeout();
  const actions = elementsOf(call.body().get("actions"));
  if (actions === undefined) throw formatFault("missing field `actions`", call.text);
  const changes = actions.map((action) => parseAction(action, call.text));
  for (const change of changes) change(call.state.catalogue);
  return "true";
}

function parseAction(action: Json, text: string): (catalogue: Catalogue) => void {
  const unknown = formatFault(
    "data did not match any variant of untagged enum AliasOperations",
    text.slice(0, text.lastIndexOf("]") + 1),
  );
  if (!isObject(action)) throw unknown;
  const textAt = (body: JsonObject, name: string): string => {
    const value = body.get(name);
    if (typeof value !== "string") throw unknown;
    return value;
  };
  const [name, body] = [...action][0] ?? [];
  if (!isObject(body)) throw unknown;
  if (name === "create_alias") {
    const [alias, target] = [textAt(body, "alias_name"), textAt(body, "collection_name")];
    return (catalogue) => catalogue.createAlias(alias, target);
  }
  if (name === "delete_alias") {
    const alias = textAt(body, "alias_name");
    return (catalogue) => catalogue.deleteAlias(alias);
  }
  if (name !== "rename_alias") throw unknown;
  const [from, to] = [textAt(body, "old_alias_name"), textAt(body, "new_alias_name")];
  return (catalogue) => catalogue.renameAlias(from, to);
}
