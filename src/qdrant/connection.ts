// Faults below HTTP: by their code, what they mean and whether asking again at once can help.
import { TransientError } from "../migration/errors.ts";

/** The first code in the chain of causes: `fetch` hides the socket's fault behind its own. */
function codeOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return "";
  if ("code" in error && typeof error.code === "string") return error.code;
  return "cause" in error ? codeOf(error.cause) : "";
}

/** After a pause (a thawed function) the first request may meet a socket that the other end closed long ago. */
export const isDeadSocket = (error: unknown): boolean =>
  ["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"].includes(codeOf(error));

const MEANINGS: readonly (readonly [RegExp, string])[] = [
  [/^ECONNREFUSED$/, "nothing listens there"],
  [/^(ENOTFOUND|EAI_AGAIN)$/, "the host's name is not known"],
  [/^(EHOSTUNREACH|ENETUNREACH)$/, "there is no way to that host"],
  [/^(UND_ERR_CONNECT_TIMEOUT|ETIMEDOUT)$/, "no connection came about; is the port right and open?"],
  [/^(UND_ERR_HEADERS_TIMEOUT|UND_ERR_BODY_TIMEOUT)$/, "it took the request and did not answer in time"],
  [/^(ERR_SSL_WRONG_VERSION_NUMBER|ERR_SSL_PACKET_LENGTH_TOO_LONG)$/, "it speaks http, not https"],
  [/^HPE_/, "it does not speak http; Qdrant's gRPC port is 6334, its REST port 6333"],
  [
    /(CERT|SELF_SIGNED|ALTNAME|UNABLE_TO_VERIFY)/,
    "its certificate is not trusted; where an authority of your own vouches for it, set NODE_EXTRA_CA_CERTS to that one's certificate file",
  ],
  [/^(UND_ERR_SOCKET|ECONNRESET|EPIPE)$/, "the connection was cut"],
];

/** Faults that come and go; all others mean that the address is wrong, as long as nothing was ever answered. */
export const mayPass = (code: string): boolean =>
  ["UND_ERR_SOCKET", "ECONNRESET", "EPIPE", "UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT"].includes(code);

export function unreachable(what: string, base: URL, cause: unknown): TransientError {
  const code = codeOf(cause);
  const meaning = MEANINGS.find(([pattern]) => pattern.test(code))?.[1] ?? "no answer";
  return new TransientError(
    `Could not ${what}: Qdrant at ${base.origin} did not answer: ${meaning}${code === "" ? "" : ` (${code})`}.`,
    // The cause is left out: a client's error may hold the request.
    { fields: { code } },
  );
}
