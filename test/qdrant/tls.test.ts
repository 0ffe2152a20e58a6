// An address as hosted servers and gateways have them: https, a port and a path prefix of its own, a key.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type QdrantServer, startQdrant } from "../../local/qdrant/server.ts";
import { openQdrant } from "../../src/qdrant/client.ts";
import { remaster } from "../support/commandLine.ts";
import { loadMemories } from "../support/memories.ts";

const KEY = "a-key-of-our-own";
const folder = mkdtempSync(join(tmpdir(), "remaster-tls-"));
const [keyFile, certificate] = [join(folder, "key.pem"), join(folder, "certificate.pem")];
let isMade = false;
try {
  const args =
    "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost";
  const names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", keyFile, "-out", certificate];
  execFileSync("openssl", [...args.split(" "), ...names], { stdio: "ignore" });
  isMade = true;
} catch {}
const skip = isMade ? false : "SKIPPED: there is no openssl to make a certificate with";

let qdrant: QdrantServer;
let gateway: ReturnType<typeof createServer>;
let url: string;

before(async () => {
  if (!isMade) return;
  qdrant = await startQdrant({ port: 0, apiKey: KEY });
  const direct = openQdrant({ url: qdrant.url, apiKey: async () => KEY });
  await loadMemories(direct, { collection: "memories", count: 60 });
  // Takes the prefix away, as a gateway does; anything else is not for it.
  gateway = createServer({ key: readFileSync(keyFile), cert: readFileSync(certificate) }, (asked, answer) => {
    const path = /^\/behind\/here(\/.*)$/.exec(asked.url ?? "")?.[1];
    if (path === undefined) return answer.writeHead(404).end();
    const { method, headers } = asked;
    asked.pipe(
      request(`${qdrant.url}${path}`, { method: method ?? "GET", headers }, (back) => {
        answer.writeHead(back.statusCode ?? 502, back.headers);
        back.pipe(answer);
      }),
    );
  });
  gateway.listen(0, "127.0.0.1");
  await once(gateway, "listening");
  url = `https://127.0.0.1:${(gateway.address() as AddressInfo).port}/behind/here`;
});
after(async () => {
  gateway?.close();
  gateway?.closeAllConnections();
  await qdrant?.close();
  rmSync(folder, { recursive: true });
});

const flags = () => ["--collection", "memories", "--url", url];

test("a whole migration over TLS, behind a prefix, with a key", { skip }, async () => {
  const env = { QDRANT_API_KEY: KEY, NODE_EXTRA_CA_CERTS: certificate };

  const { code, out, err } = await remaster(["migrate", ...flags(), "--source-model", "static-384-8k"], {
    env,
  });

  assert.equal(code, 0, out + err);
  assert.doesNotMatch(err, /unencrypted/);
});

test("a certificate that nobody vouches for is said to be the reason", { skip }, async () => {
  const { code, out } = await remaster(["inspect", ...flags()], { env: { QDRANT_API_KEY: KEY } });

  assert.notEqual(code, 0);
  assert.match(out, /certificate is not trusted.*NODE_EXTRA_CA_CERTS/);
});
