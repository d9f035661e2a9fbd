/**
 * Names and contents of the files of a snapshot: sealed chunks of the state, and a manifest that is written last and
 * makes them one.
 *
 * `snapshots/<number, 20 digits>-<first 8 hex digits of the block hash>/<chunk, 6 digits>` and `…/manifest`
 *
 * @module
 */
import { bytes, bytesOf, type Codec, option, struct, u64, u8, vec } from "../../codec/codec.ts";
import { toHex } from "../../primitives/hex.ts";
import { type UpgradeWatch, upgradeWatch } from "../provisioning/upgrade_watch.ts";
import { type LightHeader, lightHeader } from "../../types/light_header.ts";

/** Version of the manifest. */
export const MANIFEST_VERSION = 3;
/** Most chunks of a snapshot: 8 GiB of state. */
export const MAX_SNAPSHOT_CHUNKS = 8192;
/** Largest sealed follower: 600 tail headers and the voters. */
const MAX_FOLLOWER_BYTES = 512 * 1024;
/** Largest sealed state of the duties: signed payouts that wait. */
const MAX_DUTIES_BYTES = 512 * 1024;

/** A parentchain follower as it is sealed. */
export interface SealedFollower {
  /** 0 Integritee, 1 TargetA, 2 TargetB. */
  readonly parentchain: number;
  /** SCALE of its state. */
  readonly state: Uint8Array;
}

/** What a snapshot says of itself; the fields are in their stored order. */
export interface SnapshotManifest {
  readonly version: number;
  readonly shard: Uint8Array;
  /** Number of the block whose state this is; 0 for the state before block 1. */
  readonly blockNumber: bigint;
  /** Hash of that block; all zero for number 0. */
  readonly blockHash: Uint8Array;
  /** Root of the state. */
  readonly stateRoot: Uint8Array;
  /** Header of that block; none for number 0. */
  readonly head: LightHeader | undefined;
  readonly followers: readonly SealedFollower[];
  /** State of the duties that must survive a restart. */
  readonly duties: Uint8Array;
  /** Number of the block up to which the shard has to come from other validateers first; 0 if it is all there. */
  readonly catchUpTo: bigint;
  /** Since when other code is announced for the shard; goes with the followers, whose next blocks it goes on with. */
  readonly upgrade: UpgradeWatch | undefined;
  /** Blake2-256 of each sealed chunk, in order. */
  readonly chunks: readonly Uint8Array[];
}

/** SCALE codec of {@linkcode SnapshotManifest}. */
export const snapshotManifest: Codec<SnapshotManifest> = struct<SnapshotManifest>({
  version: u8,
  shard: bytesOf(32),
  blockNumber: u64,
  blockHash: bytesOf(32),
  stateRoot: bytesOf(32),
  head: option(lightHeader),
  followers: vec(struct<SealedFollower>({ parentchain: u8, state: bytes(MAX_FOLLOWER_BYTES) }), 3),
  duties: bytes(MAX_DUTIES_BYTES),
  catchUpTo: u64,
  upgrade: option(upgradeWatch),
  chunks: vec(bytesOf(32), MAX_SNAPSHOT_CHUNKS),
});

/** Folder of all snapshots. */
export const SNAPSHOT_FOLDER = "snapshots";

/** Folder of the snapshot of a block. */
export function snapshotFolder(blockNumber: bigint, blockHash: Uint8Array): string {
  return `${SNAPSHOT_FOLDER}/${blockNumber.toString().padStart(20, "0")}-${toHex(blockHash.subarray(0, 4)).slice(2)}`;
}

/** File of a chunk. */
export function chunkFile(folder: string, index: number): string {
  return `${folder}/${index.toString().padStart(6, "0")}`;
}

/** File of the manifest. */
export function manifestFile(folder: string): string {
  return `${folder}/manifest`;
}

const FILE = /^(snapshots\/\d{20}-[0-9a-f]{8})\/(\d{6}|manifest)$/;

/** The files of all snapshots by folder, newest folder first; other names are left out. */
export function groupSnapshotFiles(names: readonly string[]): readonly (readonly [folder: string, files: string[]])[] {
  const folders = new Map<string, string[]>();
  for (const name of names) {
    const folder = FILE.exec(name)?.[1];
    if (folder === undefined) continue;
    const files = folders.get(folder);
    if (files === undefined) folders.set(folder, [name]);
    else files.push(name);
  }
  return [...folders].sort(([a], [b]) => (a < b ? 1 : -1));
}
