import { QdrantFault } from "./fault.ts";
import { type Route, read, write } from "./route.ts";

/** The version whose answers are given; clients check it against their own. */
const qdrantVersion = "1.19.0";

/** What is answered without a key, and not in the usual envelope. */
export const openAnswers: Readonly<Record<string, { readonly type: string; readonly body: string }>> = {
  "/": {
    type: "application/json",
    body: `{"title":"qdrant - vector search engine","version":"${qdrantVersion}","commit":"built-in-stand-in"}`,
  },
  "/healthz": { type: "text/plain; charset=utf-8", body: "healthz check passed" },
  "/livez": { type: "text/plain; charset=utf-8", body: "healthz check passed" },
  "/readyz": { type: "text/plain; charset=utf-8", body: "all shards are ready" },
};

// Any number will do: peers are told apart by it, and here is only one.
const peerId = 1;

const standalone = (): never => {
  throw new QdrantFault(405, "Qdrant is running in standalone mode");
};

/** What a server that is not in a cluster says about clusters. */
export const serviceRoutes: readonly Route[] = [
  read("GET", "/cluster", () => '{"status":"disabled"}'),
  read("GET", "/collections/:name/cluster", (call) => {
    const { count } = call.state.catalogue.get(call.part("name"));
    const shard = `{"shard_id":0,"points_count":${count},"state":"Active"}`;
    return `{"peer_id":${peerId},"shard_count":1,"local_shards":[${shard}],"remote_shards":[],"shard_transfers":[]}`;
  }),
  read("GET", "/collections/:name/shards", () => "{}"),
  write("PUT", "/collections/:name/shards", standalone),
  write("POST", "/collections/:name/shards/delete", standalone),
  write("POST", "/collections/:name/cluster", standalone),
];
