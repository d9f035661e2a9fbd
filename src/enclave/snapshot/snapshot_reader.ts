/**
 * Finds the newest snapshot that is whole: reads manifests from the newest on, then the chunks; anything damaged sends
 * it to the next older one.
 *
 * States: manifest of folder i → chunk j of folder i → … → done; any damage → manifest of folder i + 1 → … → none left.
 *
 * @module
 */
import { tryDecode } from "../../codec/codec.ts";
import { blake2_256 } from "../../crypto/blake2.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import { SnapshotDecoder } from "../../state/snapshot_chunks.ts";
import type { StateSnapshot } from "../../state/snapshot.ts";
import type { Effect } from "../api/effects.ts";
import { type SealContext, unseal } from "../sealing.ts";
import type { Tickets } from "../tickets.ts";
import {
  chunkFile,
  groupSnapshotFiles,
  MANIFEST_VERSION,
  manifestFile,
  snapshotFolder,
  type SnapshotManifest,
  snapshotManifest,
} from "./snapshot_files.ts";

/** A snapshot that was read and checked. */
export interface LoadedSnapshot {
  readonly manifest: SnapshotManifest;
  readonly snapshot: StateSnapshot;
}

/** Why a snapshot was left for an older one. */
export interface SnapshotDamage {
  readonly folder: string;
  readonly code: string;
}

/** What the reader needs to know. */
export interface SnapshotReaderContext {
  readonly seal: SealContext;
  readonly shard: Uint8Array;
  readonly pathKey: Uint8Array;
  /** Told of each snapshot that is damaged. */
  readonly onDamage: (damage: SnapshotDamage) => void;
  /** Called once with the newest whole snapshot, or none. */
  readonly onDone: (loaded: LoadedSnapshot | undefined) => Promise<readonly Effect[]>;
}

/** Reads snapshots; {@linkcode SnapshotReader.start} once. */
export class SnapshotReader {
  readonly #context: SnapshotReaderContext;
  readonly #tickets: Tickets;
  readonly #folders: string[];

  /** `files` are the names of all files. */
  constructor(context: SnapshotReaderContext, tickets: Tickets, files: readonly string[]) {
    this.#context = context;
    this.#tickets = tickets;
    this.#folders = groupSnapshotFiles(files)
      .filter(([folder, names]) => names.includes(manifestFile(folder)))
      .map(([folder]) => folder);
  }

  /** The first effects, or those of `onDone` if there is nothing to read. */
  start(): Promise<readonly Effect[]> {
    return this.#nextFolder();
  }

  #nextFolder(): Promise<readonly Effect[]> {
    const folder = this.#folders.shift();
    if (folder === undefined) return this.#context.onDone(undefined);
    return Promise.resolve(this.#read(folder, manifestFile(folder), (bytes) => this.#takeManifest(folder, bytes)));
  }

  #damaged(folder: string, code: string): Promise<readonly Effect[]> {
    this.#context.onDamage({ folder, code });
    return this.#nextFolder();
  }

  #read(folder: string, name: string, take: (bytes: Uint8Array) => Promise<readonly Effect[]>): readonly Effect[] {
    const ticket = this.#tickets.open("file_read", async (sealed) => {
      if (sealed === undefined) return await this.#damaged(folder, "FileMissing");
      return await take(sealed);
    });
    return [{ type: "read_file", value: { ticket, name } }];
  }

  async #takeManifest(folder: string, sealed: Uint8Array): Promise<readonly Effect[]> {
    const opened = await unseal(this.#context.seal, manifestFile(folder), sealed);
    if (!opened.ok) return await this.#damaged(folder, opened.error.code);
    const decoded = tryDecode(snapshotManifest, opened.value);
    if (!decoded.ok) return await this.#damaged(folder, "ManifestMalformed");
    const manifest = decoded.value;
    if (manifest.version !== MANIFEST_VERSION || manifest.chunks.length === 0) {
      return await this.#damaged(folder, "ManifestMalformed");
    }
    if (!equalBytes(manifest.shard, this.#context.shard)) return await this.#damaged(folder, "OtherShard");
    if (snapshotFolder(manifest.blockNumber, manifest.blockHash) !== folder) {
      return await this.#damaged(folder, "ManifestMalformed");
    }
    return this.#readChunk(folder, manifest, new SnapshotDecoder(this.#context.pathKey), 0);
  }

  #readChunk(folder: string, manifest: SnapshotManifest, decoder: SnapshotDecoder, index: number): readonly Effect[] {
    const name = chunkFile(folder, index);
    return this.#read(folder, name, async (sealed) => {
      const hash = manifest.chunks[index];
      if (hash === undefined || !equalBytes(blake2_256(sealed), hash)) {
        return await this.#damaged(folder, "ChunkChanged");
      }
      const opened = await unseal(this.#context.seal, name, sealed);
      if (!opened.ok) return await this.#damaged(folder, opened.error.code);
      const pushed = decoder.push(opened.value);
      if (!pushed.ok) return await this.#damaged(folder, pushed.error.code);
      if (index + 1 < manifest.chunks.length) return this.#readChunk(folder, manifest, decoder, index + 1);
      return await this.#finish(folder, manifest, decoder);
    });
  }

  async #finish(folder: string, manifest: SnapshotManifest, decoder: SnapshotDecoder): Promise<readonly Effect[]> {
    const finished = decoder.finish();
    if (!finished.ok) return await this.#damaged(folder, finished.error.code);
    if (!equalBytes(finished.value.root, manifest.stateRoot)) return await this.#damaged(folder, "RootMismatch");
    return await this.#context.onDone({ manifest, snapshot: finished.value });
  }
}
