import { ConfigError } from "../migration/errors.ts";

const DEFAULT_PORT = "6333";

/**
 * The base address: the port is the one given, else 6333 as every Qdrant client has it (also for https: that is
 * where Qdrant Cloud listens); a path is kept as a prefix.
 * @throws ConfigError for anything but http or https, and for addresses with a key or a query in them.
 */
export function baseOf(text: string): URL {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:"))
    throw new ConfigError(`Qdrant's address must look like https://host:6333, not ${JSON.stringify(text)}.`);
  // An address is printed in logs and errors; a key must not be.
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "")
    throw new ConfigError(
      `Qdrant's address must be host, port and path alone, without user, password or query (host: ${url.host}). Give the API key as a key of its own.`,
    );
  // The parser drops a scheme's own port, so whether one was given is read from the text.
  const isPortGiven = /^[a-z]+:\/\/[^/]*:\d+(\/|$)/i.test(text);
  if (!isPortGiven) url.port = DEFAULT_PORT;
  return url;
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** Whether others on the way can read what is sent there, a key among it. */
export const isReadable = (base: URL): boolean => base.protocol !== "https:" && !LOOPBACK.test(base.hostname);

/** The path of the base without its last slash: `/behind/proxy`, or nothing. */
export const prefixOf = (base: URL): string => base.pathname.replace(/\/+$/, "");

/**
 * `/collections/{name}{rest}`.
 * @throws ConfigError for a name that would make another path of it: `..` in a URL means one up.
 */
export function collectionPath(name: string, rest = ""): string {
  if (name === "" || name === "." || name === "..")
    throw new ConfigError(`${JSON.stringify(name)} cannot be the name of a collection.`);
  return `/collections/${encodeURIComponent(name)}${rest}`;
}
