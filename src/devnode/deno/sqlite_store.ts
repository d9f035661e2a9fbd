/**
 * The chain's store in an SQLite database: one transaction per block, synced to disk before it counts.
 *
 * @module
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { ChainError } from "../chain_error.ts";
import type { BlockCommit, ChainStore, FinalityCommit, ForkSwitch, StoredBlock, StoredStates } from "../chain_store.ts";
import type { StateChange } from "../state_diff.ts";
import { stateChanges, storedExtrinsics } from "../stored_codec.ts";

/** Layout of the tables; a database with another number is refused. */
export const STORE_VERSION = 1;
/**
 * Bytes of a database page: with 16 KiB the checkpoints, which block this thread, stay ten times shorter than with
 * 4 KiB at the same throughput.
 */
export const STORE_PAGE_SIZE = 16384;
/** How long to wait for another process that has the database open: long enough for one that is just ending. */
export const STORE_BUSY_TIMEOUT_MS = 2000;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS blocks (
    number INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, header BLOB NOT NULL, body BLOB NOT NULL
  );
  CREATE TABLE IF NOT EXISTS sides (
    hash BLOB PRIMARY KEY, number INTEGER NOT NULL, header BLOB NOT NULL, body BLOB NOT NULL
  );
  CREATE TABLE IF NOT EXISTS justifications (number INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS state (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS changes (number INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
`;

/**
 * Opens or makes the database.
 *
 * @throws {ChainError} `StoreInUse` if another process has it, `StoreVersion` if its layout is another,
 * `StoreUnreadable` if it cannot be opened.
 */
export function openSqliteStore(path: string): ChainStore {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path);
    database.exec(`PRAGMA busy_timeout = ${STORE_BUSY_TIMEOUT_MS}`);
    database.exec(`PRAGMA page_size = ${STORE_PAGE_SIZE}`);
    // Exclusive before WAL: then there is no shared memory file, and a second node is refused instead of mixing in.
    database.exec("PRAGMA locking_mode = EXCLUSIVE");
    database.exec("PRAGMA journal_mode = WAL");
    database.exec("PRAGMA synchronous = FULL");
    assertVersion(database);
    database.exec(SCHEMA);
    database.exec(`PRAGMA user_version = ${STORE_VERSION}`);
    return new SqliteStore(database);
  } catch (cause) {
    database?.close();
    if (cause instanceof ChainError) throw cause;
    const isLocked = cause instanceof Error && cause.message.includes("locked");
    if (isLocked) throw new ChainError("StoreInUse", `Cannot open "${path}": another process uses it`, { cause });
    throw new ChainError("StoreUnreadable", `Cannot open "${path}"`, { cause });
  }
}

function assertVersion(database: DatabaseSync): void {
  const version = Number(database.prepare("PRAGMA user_version").get()?.["user_version"] ?? 0);
  if (version !== 0 && version !== STORE_VERSION) {
    throw new ChainError("StoreVersion", `Cannot open the database: want layout ${STORE_VERSION}, got ${version}`);
  }
}

function blobOf(row: Record<string, unknown> | undefined, column: string): Uint8Array | undefined {
  const value = row?.[column];
  return value instanceof Uint8Array ? value : undefined;
}

function blockOf(row: Record<string, unknown> | undefined): StoredBlock | undefined {
  const hash = blobOf(row, "hash");
  const header = blobOf(row, "header");
  const body = blobOf(row, "body");
  if (hash === undefined || header === undefined || body === undefined) return undefined;
  return { number: Number(row?.["number"]), hash, header, extrinsics: storedExtrinsics.decode(body) };
}

/** Statements of an open database; each method is one read or one transaction. */
class SqliteStore implements ChainStore {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #baseNumber: number;

  constructor(database: DatabaseSync) {
    this.#database = database;
    const oldest = this.#prepare("SELECT min(number) AS number FROM changes").get()?.["number"];
    this.#baseNumber = typeof oldest === "number" ? oldest - 1 : this.headNumber() ?? -1;
  }

  commit = (commit: BlockCommit): void => {
    const { block } = commit;
    let base = this.#baseNumber;
    this.#transact(() => {
      this.#insertBlock(block);
      this.#putMeta(commit.meta);
      if (block.number === 0) {
        this.#applyToBase(commit.changes);
        base = 0;
      } else {
        this.#insertChanges(block.number, commit.changes);
      }
      for (; base < commit.foldUpTo; base++) this.#fold(base + 1);
    });
    this.#baseNumber = base;
  };

  switchFork = ({ above, blocks, meta }: ForkSwitch): void => {
    this.#transact(() => {
      this.#prepare(
        "INSERT OR REPLACE INTO sides SELECT hash, number, header, body FROM blocks WHERE number > ?",
      ).run(above);
      this.#prepare("DELETE FROM blocks WHERE number > ?").run(above);
      this.#prepare("DELETE FROM changes WHERE number > ?").run(above);
      for (const { block, changes } of blocks) {
        this.#insertBlock(block);
        this.#prepare("DELETE FROM sides WHERE hash = ?").run(block.hash);
        this.#insertChanges(block.number, changes);
      }
      this.#putMeta(meta);
    });
  };

  keepSide = ({ hash, number, header, extrinsics }: StoredBlock): void => {
    const body = storedExtrinsics.encode(extrinsics);
    this.#prepare("INSERT OR REPLACE INTO sides (hash, number, header, body) VALUES (?, ?, ?, ?)")
      .run(hash, number, header, body);
  };

  save = (meta: Readonly<Record<string, Uint8Array>>): void => {
    this.#transact(() => this.#putMeta(meta));
  };

  finalize = ({ justifications, meta, droppedSides = [] }: FinalityCommit): void => {
    this.#transact(() => {
      for (const hash of droppedSides) this.#prepare("DELETE FROM sides WHERE hash = ?").run(hash);
      for (const { number, bytes } of justifications) {
        this.#prepare("INSERT OR REPLACE INTO justifications (number, bytes) VALUES (?, ?)").run(number, bytes);
      }
      this.#putMeta(meta);
    });
  };

  headNumber = (): number | undefined => {
    const number = this.#prepare("SELECT max(number) AS number FROM blocks").get()?.["number"];
    return typeof number === "number" ? number : undefined;
  };

  block = (number: number): StoredBlock | undefined =>
    blockOf(this.#prepare("SELECT hash, number, header, body FROM blocks WHERE number = ?").get(number));

  side = (hash: Uint8Array): StoredBlock | undefined =>
    blockOf(this.#prepare("SELECT hash, number, header, body FROM sides WHERE hash = ?").get(hash));

  sides = (): readonly StoredBlock[] =>
    this.#prepare("SELECT hash, number, header, body FROM sides ORDER BY number").all()
      .map(blockOf).filter((block) => block !== undefined);

  hashOf = (number: number): Uint8Array | undefined =>
    blobOf(this.#prepare("SELECT hash FROM blocks WHERE number = ?").get(number), "hash");

  numberOf = (hash: Uint8Array): number | undefined => {
    const number = this.#prepare("SELECT number FROM blocks WHERE hash = ?").get(hash)?.["number"];
    return typeof number === "number" ? number : undefined;
  };

  justification = (number: number): Uint8Array | undefined =>
    blobOf(this.#prepare("SELECT bytes FROM justifications WHERE number = ?").get(number), "bytes");

  newestJustification = (from: number, to: number): { number: number; bytes: Uint8Array } | undefined => {
    const sql = "SELECT number, bytes FROM justifications WHERE number BETWEEN ? AND ? ORDER BY number DESC LIMIT 1";
    const row = this.#prepare(sql).get(from, to);
    const bytes = blobOf(row, "bytes");
    return bytes === undefined ? undefined : { number: Number(row?.["number"]), bytes };
  };

  meta = (name: string): Uint8Array | undefined =>
    blobOf(this.#prepare("SELECT value FROM meta WHERE name = ?").get(name), "value");

  loadStates = (): StoredStates | undefined => {
    if (this.#baseNumber < 0) return undefined;
    const rows = this.#prepare("SELECT bytes FROM changes ORDER BY number").all();
    return {
      baseNumber: this.#baseNumber,
      base: this.#baseEntries(),
      changes: rows.map((row) => stateChanges.decode(row["bytes"] as Uint8Array)),
    };
  };

  close = (): void => {
    this.#statements.clear();
    this.#database.close();
  };

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** Runs writes as one transaction, synced to disk when this returns. */
  #transact(write: () => void): void {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      write();
      this.#database.exec("COMMIT");
    } catch (error) {
      this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  #putMeta(meta: Readonly<Record<string, Uint8Array>>): void {
    for (const [name, value] of Object.entries(meta)) {
      this.#prepare("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)").run(name, value);
    }
  }

  #insertBlock({ number, hash, header, extrinsics }: StoredBlock): void {
    const expected = (this.headNumber() ?? -1) + 1;
    if (number !== expected) throw new RangeError(`Cannot store block ${number}: want ${expected}`);
    const body = storedExtrinsics.encode(extrinsics);
    this.#prepare("INSERT INTO blocks (number, hash, header, body) VALUES (?, ?, ?, ?)").run(
      number,
      hash,
      header,
      body,
    );
  }

  #insertChanges(number: number, changes: readonly StateChange[]): void {
    this.#prepare("INSERT INTO changes (number, bytes) VALUES (?, ?)").run(number, stateChanges.encode(changes));
  }

  #fold(number: number): void {
    const bytes = blobOf(this.#prepare("SELECT bytes FROM changes WHERE number = ?").get(number), "bytes");
    if (bytes === undefined) throw new ChainError("StoreIncomplete", `Cannot find the changes of block ${number}`);
    this.#applyToBase(stateChanges.decode(bytes));
    this.#prepare("DELETE FROM changes WHERE number = ?").run(number);
  }

  #applyToBase(changes: readonly StateChange[]): void {
    for (const { key, value } of changes) {
      if (value === undefined) this.#prepare("DELETE FROM state WHERE key = ?").run(key);
      else this.#prepare("INSERT OR REPLACE INTO state (key, value) VALUES (?, ?)").run(key, value);
    }
  }

  *#baseEntries(): Generator<readonly [Uint8Array, Uint8Array]> {
    for (const row of this.#prepare("SELECT key, value FROM state ORDER BY key").iterate()) {
      yield [row["key"] as Uint8Array, row["value"] as Uint8Array];
    }
  }
}
