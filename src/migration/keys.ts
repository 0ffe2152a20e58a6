// Where everything lies in the ledger: DESIGN §3.

const padded = (number: number): string => String(number).padStart(8, "0");

/** One lock a source. */
export const lockKey = (source: string): string => `locks/${encodeURIComponent(source)}.json`;

export const stateKey = (migration: string): string => `migrations/${migration}/migration.json`;
export const planKey = (migration: string): string => `migrations/${migration}/plan.json`;
export const rangesKey = (migration: string): string => `migrations/${migration}/ranges.json`;
export const reportKey = (migration: string): string => `migrations/${migration}/report.json`;
export const gateKey = (migration: string, pass: number): string =>
  `migrations/${migration}/verify/${padded(pass)}.json`;

const passFolder = (migration: string, pass: number): string =>
  `migrations/${migration}/pass-${padded(pass)}`;

export interface PassRange {
  readonly migration: string;
  readonly pass: number;
  readonly range: number;
}

export const passKey = (migration: string, pass: number): string =>
  `${passFolder(migration, pass)}/pass.json`;

/** Prefix of the write-ahead blocks of a range; the last one carries the seal. */
export const blocksPrefix = (at: PassRange): string =>
  `${passFolder(at.migration, at.pass)}/pages/${padded(at.range)}/`;
export const blockKey = (at: PassRange, index: number): string => `${blocksPrefix(at)}${padded(index)}.json`;

export const recordsPrefix = (at: PassRange): string =>
  `${passFolder(at.migration, at.pass)}/records/${padded(at.range)}/`;
export const recordKey = (at: PassRange, page: number): string => `${recordsPrefix(at)}${padded(page)}.json`;

/** What a finished prefix of a range's blocks and records adds up to, so that nothing is listed twice. */
export const foldKey = (at: PassRange): string =>
  `${passFolder(at.migration, at.pass)}/folds/${padded(at.range)}.json`;

/** The page number in a record's key. */
export const pageOfRecordKey = (key: string): number =>
  Number(key.slice(-"00000000.json".length, -".json".length));
