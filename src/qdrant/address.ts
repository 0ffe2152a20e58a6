import { ConfigError } from "../migration/errors.ts";

const DEFAULT_PORT = "6333";

/**
 * The base address: the port is the one given, else 6333 as every Qdrant client has it (also for https: that is
 * where Qdrant Cloud listens); a path is kept as a prefix.
 * @throws ConfigError for anything but http or https.
 */
export function baseOf(text: string): URL {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:"))
    throw new ConfigError(`Qdrant's address must look like https://host:6333, not ${JSON.stringify(text)}.`);
  // The parser drops a scheme's own port, so whether one was given is read from the text.
  const isPortGiven = /^[a-z]+:\/\/[^/]*:\d+(\/|$|\?)/i.test(text);
  if (!isPortGiven) url.port = DEFAULT_PORT;
  return url;
}
