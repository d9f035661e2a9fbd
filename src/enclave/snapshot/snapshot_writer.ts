/**
 * Writes a snapshot in the background: one chunk per step, read back and compared before the next, the manifest last.
 * An interrupted one leaves chunks without a manifest, which the next one deletes.
 *
 * States: idle → writing (chunk by chunk) → sealing the manifest → idle; on any failure → idle, and the caller is told.
 *
 * @module
 */
import { blake2_256 } from "../../crypto/blake2.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import { encodeSnapshotChunks } from "../../state/snapshot_chunks.ts";
import type { StateSnapshot } from "../../state/snapshot.ts";
import type { Effect } from "../api/effects.ts";
import { seal, type SealContext } from "../sealing.ts";
import type { Tickets } from "../tickets.ts";
import {
  chunkFile,
  groupSnapshotFiles,
  manifestFile,
  snapshotFolder,
  type SnapshotManifest,
  snapshotManifest,
} from "./snapshot_files.ts";

/** Verified snapshots that are kept: the newest, and the one before it in case the newest is damaged. */
export const KEPT_SNAPSHOTS = 2;

/** All of a manifest that is known before the chunks are written. */
export type SnapshotFacts = Omit<SnapshotManifest, "chunks">;

/** What the writer tells: a snapshot is complete, or its files could not be written or read back. */
export interface SnapshotWriterEvents {
  readonly onWritten: (facts: SnapshotFacts) => void;
  readonly onFailed: (file: string) => void;
}

interface Job {
  readonly facts: SnapshotFacts;
  /** Whether each step follows the last one at once, instead of when {@linkcode SnapshotWriter.step} is called. */
  readonly eager: boolean;
  readonly folder: string;
  readonly chunks: Iterator<Uint8Array, void>;
  readonly hashes: Uint8Array[];
  waiting: boolean;
}

/** Writes one snapshot at a time. */
export class SnapshotWriter {
  readonly #context: SealContext;
  readonly #tickets: Tickets;
  readonly #events: SnapshotWriterEvents;
  readonly #files: Set<string>;
  #verified: string[] = [];
  #job: Job | undefined;

  /** `files` are the names that are there already. */
  constructor(context: SealContext, tickets: Tickets, files: readonly string[], events: SnapshotWriterEvents) {
    this.#context = context;
    this.#tickets = tickets;
    this.#events = events;
    this.#files = new Set(groupSnapshotFiles(files).flatMap(([, names]) => names));
  }

  /** Whether a snapshot is being written. */
  get busy(): boolean {
    return this.#job !== undefined;
  }

  /** Block numbers of the verified snapshots, oldest first. */
  verifiedNumbers(): readonly bigint[] {
    return this.#verified.map((folder) => BigInt(folder.slice(folder.indexOf("/") + 1, folder.lastIndexOf("-"))));
  }

  /** A snapshot that was verified by being loaded. */
  adopt(blockNumber: bigint, blockHash: Uint8Array): void {
    this.#verified.push(snapshotFolder(blockNumber, blockHash));
  }

  /** Begins a snapshot; refused while one is being written. An eager one takes its steps without being asked. */
  begin(facts: SnapshotFacts, snapshot: StateSnapshot, eager = false): boolean {
    const folder = snapshotFolder(facts.blockNumber, facts.blockHash);
    if (this.#job !== undefined || this.#verified.includes(folder)) return false;
    this.#job = { facts, eager, folder, chunks: encodeSnapshotChunks(snapshot), hashes: [], waiting: false };
    return true;
  }

  /** The effects of the next step; none while the last one is not answered. */
  async step(): Promise<readonly Effect[]> {
    const job = this.#job;
    if (job === undefined || job.waiting) return [];
    job.waiting = true;
    const next = job.chunks.next();
    if (next.done === true) return await this.#writeManifest(job);
    const name = chunkFile(job.folder, job.hashes.length);
    const sealed = await seal(this.#context, name, next.value);
    const hash = blake2_256(sealed);
    job.hashes.push(hash);
    return this.#writeAndReadBack(job, name, sealed, () => job.waiting = false);
  }

  async #writeManifest(job: Job): Promise<readonly Effect[]> {
    const name = manifestFile(job.folder);
    const manifest = snapshotManifest.encode({ ...job.facts, chunks: job.hashes });
    return this.#writeAndReadBack(job, name, await seal(this.#context, name, manifest), () => this.#finish(job));
  }

  #writeAndReadBack(job: Job, name: string, sealed: Uint8Array, done: () => unknown): readonly Effect[] {
    this.#files.add(name);
    const written = this.#tickets.open("file_written", (ok) => {
      if (!ok) this.#fail(job, name);
      return [];
    });
    const read = this.#tickets.open("file_read", async (bytes) => {
      if (this.#job !== job) return [];
      if (bytes === undefined || !equalBytes(bytes, sealed)) this.#fail(job, name);
      else done();
      if (this.#job === undefined) return this.#deleteOld();
      return job.eager ? await this.step() : [];
    });
    return [
      { type: "write_file", value: { ticket: written, name, bytes: sealed } },
      { type: "read_file", value: { ticket: read, name } },
    ];
  }

  #fail(job: Job, name: string): void {
    if (this.#job !== job) return;
    this.#job = undefined;
    this.#events.onFailed(name);
  }

  #finish(job: Job): void {
    this.#job = undefined;
    this.#verified.push(job.folder);
    this.#verified = this.#verified.slice(-KEPT_SNAPSHOTS);
    this.#events.onWritten(job.facts);
  }

  #deleteOld(): readonly Effect[] {
    const effects: Effect[] = [];
    for (const [folder, names] of groupSnapshotFiles([...this.#files])) {
      if (this.#verified.includes(folder)) continue;
      // The manifest goes first: without it nobody takes the rest for a snapshot.
      for (const name of names.sort().reverse()) {
        effects.push({ type: "delete_file", value: name });
        this.#files.delete(name);
      }
    }
    return effects;
  }
}
