// API keys out of Secrets Manager. Never in a log, an error or a variable of the environment.
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { failureOf } from "../failure.ts";
import { ConfigError } from "../migration/errors.ts";

// A key that was rotated is read again within five minutes, without a call for every request.
const CACHE_MS = 5 * 60 * 1000;

export interface SecretReaderOptions {
  readonly client?: SecretsManagerClient;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/**
 * Reads secrets by ARN, each at most once in five minutes.
 * Errors: ConfigError for a secret that is missing, not readable or not a text; TransientError.
 */
export function openSecretReader(options: SecretReaderOptions = {}): (arn: string) => Promise<string> {
  const { client = new SecretsManagerClient({}), now = Date.now } = options;
  const cache = new Map<string, { readonly value: Promise<string>; readonly until: number }>();
  return (arn) => {
    const kept = cache.get(arn);
    if (kept !== undefined && now() < kept.until) return kept.value;
    const value = fetchSecret(client, arn);
    cache.set(arn, { value, until: now() + CACHE_MS });
    // A failure is not remembered.
    value.catch(() => cache.delete(arn));
    return value;
  };
}

async function fetchSecret(client: SecretsManagerClient, arn: string): Promise<string> {
  const text = await client.send(new GetSecretValueCommand({ SecretId: arn })).then(
    ({ SecretString }) => SecretString?.trim() ?? "",
    (error) => {
      throw failureOf(error, `Reading secret ${arn}`);
    },
  );
  if (/^[\x21-\x7e]+$/.test(text)) return text;
  throw new ConfigError(
    `Secret ${arn} holds no API key: its value must be the key itself, one line of printable characters.`,
  );
}
