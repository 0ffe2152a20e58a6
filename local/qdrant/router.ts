import { aliasRoutes } from "./alias-routes.ts";
import { collectionRoutes } from "./collection-routes.ts";
import { pointRoutes } from "./point-routes.ts";
import type { Route } from "./route.ts";
import { serviceRoutes } from "./service-routes.ts";

const routes: readonly Route[] = [...serviceRoutes, ...aliasRoutes, ...collectionRoutes, ...pointRoutes];

export interface FoundRoute {
  readonly route: Route;
  readonly parts: Readonly<Record<string, string>>;
}

// Paths of Qdrant's API that the stand-in leaves out. They are answered with 501; what Qdrant does not know
// either is answered with its 404.
const unsupportedPaths = [
  /^\/(?:telemetry|metrics|issues|quotas|locks|logger|stacktrace|profiler\/.*)$/,
  /^\/(?:cluster|snapshots)(?:\/.*)?$/,
  /^\/collections\/[^/]+\/(?:snapshots|shards|optimizations)(?:\/.*)?$/,
  /^\/collections\/[^/]+\/points\/(?:recommend|discover|query|search)(?:\/.*)?$/,
];

/** The route of a request with the parts of its path decoded; undefined when there is none. */
export function findRoute(method: string, path: string): FoundRoute | undefined {
  const given = trimmed(path).split("/");
  // A fixed part is a better match than a placeholder: `/collections/aliases` is no collection's name.
  const fitting = routes.filter((route) => route.method === method && fits(route.path.split("/"), given));
  const route = fitting.sort((a, b) => placeholders(a) - placeholders(b))[0];
  return route === undefined ? undefined : { route, parts: partsOf(route, given) };
}

export const isUnsupported = (path: string): boolean =>
  unsupportedPaths.some((known) => known.test(trimmed(path)));

const trimmed = (path: string): string => (path.length > 1 ? path.replace(/\/$/, "") : path);

const fits = (wanted: readonly string[], given: readonly string[]): boolean =>
  wanted.length === given.length && wanted.every((part, at) => part.startsWith(":") || part === given[at]);

const placeholders = (route: Route): number => route.path.split(":").length;

function partsOf(route: Route, given: readonly string[]): Record<string, string> {
  const names = route.path
    .split("/")
    .flatMap((part, at) => (part.startsWith(":") ? [[part.slice(1), at] as const] : []));
  return Object.fromEntries(names.map(([name, at]) => [name, decoded(given[at] ?? "")]));
}

/** A part of a path as it is meant; one that is wrongly written is taken as it stands. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
