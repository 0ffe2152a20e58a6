// The outside of a function: every port opened once a process, when it is first asked for.
import { type Config, readConfig, requireSetting } from "./config.ts";
import { openExecutions } from "./execution/executions.ts";
import { openLedger } from "./ledger/ledger.ts";
import { openLog } from "./log.ts";
import { countLogged } from "./metrics/metrics.ts";
import type { PageOutside } from "./migration/page.ts";
import type { Clock, Executions, Ledger, Log, Models, Qdrant, Queue } from "./migration/ports.ts";
import { openQdrant } from "./qdrant/client.ts";
import { encodeVector } from "./qdrant/wire.ts";
import type { Inbox } from "./queue/poll.ts";
import { openQueue } from "./queue/queue.ts";

export interface Outside {
  qdrant(): Qdrant;
  ledger(): Ledger;
  queue(): Queue;
  /** The receiving end of the pages queue, for a process that polls by itself. */
  inbox(): Inbox;
  executions(): Executions;
  models(): Models;
  readonly clock: Clock;
  readonly log: Log;
  /** How many pages are embedded side by side. */
  concurrency(): number;
  /** Name of the deployment's own model; null: it has none. */
  readonly embeddingModel: string | null;
}

/**
 * The same for every call of this process: clients and models are expensive and hold no state of a call.
 * A port whose settings are absent throws ConfigError when it is opened.
 */
export function openOutside(): Outside {
  opened ??= makeOutside(readConfig());
  return opened;
}

let opened: Outside | undefined;

/** Lambda's clock of one call, as far as it is looked at. */
interface CallClock {
  getRemainingTimeInMillis(): number;
}

/** What a function that embeds works with during one call; it stops before the call's time is up. */
export function openPageOutside(call: CallClock): PageOutside {
  const { qdrant, ledger, models, clock, log } = openOutside();
  const deadline = { remainingMs: () => call.getRemainingTimeInMillis() };
  return { qdrant: qdrant(), ledger: ledger(), models: models(), clock, log, encodeVector, deadline };
}

/**
 * Starts loading the deployment's own model and waits for nothing: called while the process initialises, so that
 * the first call finds it loaded, or nearly. Without EMBEDDING_MODEL the runs decide, and nothing is loaded ahead.
 * Whatever fails here fails again in the call that needs it, which is the one that can report it.
 */
export function preloadModel(): void {
  try {
    const { models, embeddingModel } = openOutside();
    if (embeddingModel !== null)
      models()
        .open(embeddingModel)
        .catch(() => {});
  } catch {
    // Wrong settings: `openOutside` throws them again.
  }
}

const clock: Clock = { now: () => Date.now() };

function makeOutside(config: Config): Outside {
  const log = logOf(config);
  return {
    qdrant: once(() =>
      openQdrant({ url: requireSetting(config, "qdrantUrl"), apiKey: apiKeyOf(config), log }),
    ),
    ledger: once(() => ledgerOf(config)),
    queue: once(() => queueOf(config)),
    inbox: once(() => inboxOf(config)),
    executions: once(() => executionsOf(config)),
    models: once(() => modelsOf(config)),
    clock,
    log,
    concurrency: () => requireSetting(config, "concurrency"),
    embeddingModel: config.embeddingModel,
  };
}

function logOf({ metricsNamespace }: Config): Log {
  const log = openLog(clock, (line) => process.stdout.write(line));
  return metricsNamespace === null ? log : countLogged(log, metricsNamespace);
}

function once<T>(open: () => T): () => T {
  let value: { readonly it: T } | undefined;
  return () => {
    value ??= { it: open() };
    return value.it;
  };
}

/** One machine gives the key itself, AWS the secret's name; a server without keys needs neither. */
function apiKeyOf({ qdrantApiKey, qdrantApiKeySecret }: Config): () => Promise<string | null> {
  if (qdrantApiKeySecret === null) return async () => qdrantApiKey;
  const reader = once(async () => (await import("./secret/secret.ts")).openSecretReader());
  return async () => (await reader())(qdrantApiKeySecret);
}

function ledgerOf(config: Config): Ledger {
  const url = requireSetting(config, "ledgerUrl");
  const ledger = once(() => openLedger(url, { isS3PathStyle: config.isS3PathStyle }));
  return {
    read: async (key) => (await ledger()).read(key),
    create: async (key, body) => (await ledger()).create(key, body),
    replace: async (key, body, version) => (await ledger()).replace(key, body, version),
    async *list(prefix, after) {
      yield* (await ledger()).list(prefix, after);
    },
  };
}

function queueOf(config: Config): Queue {
  const url = requireSetting(config, "pagesQueueUrl");
  const queue = once(() => openQueue(url));
  return {
    send: async (messages) => (await queue()).send(messages),
    depth: async () => (await queue()).depth(),
  };
}

function inboxOf(config: Config): Inbox {
  const url = requireSetting(config, "pagesQueueUrl");
  const inbox = once(async () => (await import("./queue/inbox.ts")).openSqsInbox(url));
  return {
    receive: async (waitMs, hideMs) => (await inbox()).receive(waitMs, hideMs),
    hide: async (receipt, ms) => (await inbox()).hide(receipt, ms),
    remove: async (receipt) => (await inbox()).remove(receipt),
  };
}

function executionsOf(config: Config): Executions {
  const kind = requireSetting(config, "executions");
  const executions = once(() => openExecutions(kind));
  return { isOpen: async (owner) => (await executions()).isOpen(owner) };
}

/** Loaded when first used: a function without a model never loads the ONNX runtime. */
function modelsOf(config: Config): Models {
  const models = once(async () => {
    const { openModels } = await import("./embedding/open.ts");
    return openModels({
      modelDir: config.modelDir,
      defaultModel: config.embeddingModel,
      dimensions: config.embeddingDimensions,
      threads: config.embeddingThreads ?? 1,
    });
  });
  return {
    open: async (name) => (await models()).open(name),
    openContract: async (contract) => (await models()).openContract(contract),
  };
}
