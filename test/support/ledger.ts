import type { Ledger } from "../../src/migration/ports.ts";

/** A ledger in memory with the conditions of the real one. */
export class FakeLedger implements Ledger {
  readonly objects = new Map<string, { readonly body: string; readonly version: string }>();
  #writes = 0;

  async read(key: string) {
    return this.objects.get(key) ?? null;
  }

  async create(key: string, body: string): Promise<boolean> {
    if (this.objects.has(key)) return false;
    this.#write(key, body);
    return true;
  }

  async replace(key: string, body: string, version: string): Promise<boolean> {
    if (this.objects.get(key)?.version !== version) return false;
    this.#write(key, body);
    return true;
  }

  async *list(prefix: string, after?: string): AsyncIterable<string> {
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(prefix)).sort();
    for (const key of keys) if (after === undefined || key > after) yield key;
  }

  #write(key: string, body: string): void {
    this.#writes++;
    this.objects.set(key, { body, version: String(this.#writes) });
  }
}
