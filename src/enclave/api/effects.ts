/**
 * Effects: what the enclave wants its host to do, as values. The host carries them out **in order**, each before the
 * next, except where "detached" says that it need not be waited for. Several effects are answered by an ecall, whose
 * response may hold further effects.
 *
 * | effect | the host does | and answers with |
 * |---|---|---|
 * | `store_block` | stores the block durably (fsync) | `persisted { hash }` |
 * | `write_file` | temporary file, fsync, rename, fsync of the directory | `file_written { ticket, ok }` |
 * | `read_file` | reads the file | `file_read { ticket, bytes or none }` |
 * | `delete_file` | deletes the file if it is there (detached) | – |
 * | `read_blocks` | reads stored blocks of the best chain in ascending order | `blocks_read { ticket, blocks }` |
 * | `discard_block` | deletes the stored row with just these bytes: a block that was cut off (detached) | – |
 * | `prune_blocks` | may delete blocks below a number (detached) | – |
 * | `broadcast_block` | sends the block to all peers (detached) | – |
 * | `blocks_wanted` | fetches blocks from one peer, then the next; or asks one peer once (detached) | `import_blocks` |
 * | `submit_extrinsic` | submits to the named parentchain (detached) | `extrinsic_submitted { ticket, accepted }` |
 * | `gossip_tops` | sends encrypted operations to the peers it is connected to (detached) | – |
 * | `peers` | sends blocks to these peers from now on (detached) | – |
 * | `dial_peer` | asks the peer for its provisioning endpoint, opens a pipe to it (detached) | `peer_dialed { ticket, pipe or none }` |
 * | `log` | writes a line | – |
 * | `fatal` | stops the service with this code; no further ecall but `shutdown` and `metrics` | – |
 *
 * @module
 */
import {
  bytes,
  bytesOf,
  type Codec,
  option,
  str,
  struct,
  tuple,
  u32,
  u64,
  u8,
  type Variant,
  variant,
  vec,
} from "../../codec/codec.ts";
import {
  MAX_BLOCK_BYTES,
  MAX_EFFECTS,
  MAX_EXTRINSIC_BYTES,
  MAX_FILE_BYTES,
  MAX_FILE_NAME_LENGTH,
  MAX_GOSSIP_MESSAGE_BYTES,
  MAX_LOG_FIELDS,
  MAX_PEER_URLS,
  MAX_TEXT_BYTES,
} from "./limits.ts";

/** Names of the log levels by their number on the wire. */
export const LOG_LEVELS = ["error", "warn", "info", "debug"] as const;
/** Severity of a log line. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** A log line: a code and public fields, never anything confidential. */
export interface LogLine {
  /** Index in {@linkcode LOG_LEVELS}. */
  readonly level: number;
  /** Machine-readable name of what happened, such as `BlockAuthored`. */
  readonly code: string;
  /** Public facts as name and text. */
  readonly fields: readonly (readonly [name: string, text: string])[];
}

/** A block to be stored under its hash. */
export interface StoreBlock {
  readonly number: bigint;
  readonly hash: Uint8Array;
  readonly parentHash: Uint8Array;
  /** The encoded signed block. */
  readonly bytes: Uint8Array;
}

/** A file to be written, which replaces one of the same name atomically. */
export interface WriteFile {
  readonly ticket: bigint;
  /** Name below the data directory, with `/` between folders, in `[a-z0-9_./-]`. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A file to be read. */
export interface ReadFile {
  readonly ticket: bigint;
  readonly name: string;
}

/** Stored blocks to be read: those of the best chain with numbers from `from` on, at most `max`. */
export interface ReadBlocks {
  readonly ticket: bigint;
  readonly from: bigint;
  readonly max: number;
}

/**
 * Blocks to be fetched from a peer: those after `from`, up to and with `until`. A peer that does not know `from` is on another
 * branch, and is asked from further below. If `only` names a peer, that one is asked, once, for all that it has; what else is wanted
 * stays wanted.
 */
export interface BlocksWanted {
  readonly from: Uint8Array;
  readonly until: Uint8Array | undefined;
  readonly only: OnlyPeer | undefined;
}

/** One peer that is to be asked, once. */
export interface OnlyPeer {
  /** Its trusted endpoint as it is registered, `wss://host:port`. */
  readonly url: string;
  /** When, in ms from now: the connection is made before. */
  readonly afterMs: number;
}

/** An extrinsic to be submitted. */
export interface SubmitExtrinsic {
  readonly ticket: bigint;
  /** 0 Integritee, 1 TargetA, 2 TargetB. */
  readonly parentchain: number;
  /** What it is for, such as `register_sgx_enclave`; for logs. */
  readonly purpose: string;
  /** The signed extrinsic with its length prefix. */
  readonly bytes: Uint8Array;
}

/** A validateer to be dialled for provisioning. */
export interface DialPeer {
  readonly ticket: bigint;
  /** Its trusted endpoint as it is registered, `wss://host:port`: it tells where its provisioning endpoint is. */
  readonly url: string;
}

/** Why the enclave has to be stopped. */
export interface Fatal {
  readonly code: string;
  readonly detail: string;
}

/** The effects by name. */
export type Effects = {
  log: LogLine;
  store_block: StoreBlock;
  write_file: WriteFile;
  read_file: ReadFile;
  delete_file: string;
  read_blocks: ReadBlocks;
  /** Bytes of a row as they were read. */
  discard_block: Uint8Array;
  prune_blocks: bigint;
  broadcast_block: Uint8Array;
  blocks_wanted: BlocksWanted;
  submit_extrinsic: SubmitExtrinsic;
  fatal: Fatal;
  dial_peer: DialPeer;
  /** Trusted endpoints of the shard's other validateers as they are registered; replaces those of before. */
  peers: readonly string[];
  /** Encrypted operations for all peers. */
  gossip_tops: Uint8Array;
};
/** Something that the host shall do. */
export type Effect = Variant<Effects>;

const text = str(MAX_TEXT_BYTES);
const fileName = str(MAX_FILE_NAME_LENGTH);

const logLine: Codec<LogLine> = struct<LogLine>({
  level: u8,
  code: text,
  fields: vec(tuple<readonly [string, string]>(text, text), MAX_LOG_FIELDS),
});

const onlyPeer: Codec<OnlyPeer> = struct<OnlyPeer>({ url: text, afterMs: u32 });

/** SCALE codec of {@linkcode Effect}. */
export const effect: Codec<Effect> = variant<Effects>({
  log: [0, logLine],
  store_block: [
    1,
    struct<StoreBlock>({ number: u64, hash: bytesOf(32), parentHash: bytesOf(32), bytes: bytes(MAX_BLOCK_BYTES) }),
  ],
  write_file: [2, struct<WriteFile>({ ticket: u64, name: fileName, bytes: bytes(MAX_FILE_BYTES) })],
  read_file: [3, struct<ReadFile>({ ticket: u64, name: fileName })],
  delete_file: [4, fileName],
  read_blocks: [5, struct<ReadBlocks>({ ticket: u64, from: u64, max: u32 })],
  prune_blocks: [6, u64],
  broadcast_block: [7, bytes(MAX_BLOCK_BYTES)],
  blocks_wanted: [8, struct<BlocksWanted>({ from: bytesOf(32), until: option(bytesOf(32)), only: option(onlyPeer) })],
  submit_extrinsic: [
    9,
    struct<SubmitExtrinsic>({ ticket: u64, parentchain: u8, purpose: text, bytes: bytes(MAX_EXTRINSIC_BYTES) }),
  ],
  fatal: [10, struct<Fatal>({ code: text, detail: text })],
  dial_peer: [11, struct<DialPeer>({ ticket: u64, url: text })],
  peers: [12, vec(text, MAX_PEER_URLS)],
  gossip_tops: [13, bytes(MAX_GOSSIP_MESSAGE_BYTES)],
  discard_block: [14, bytes(MAX_BLOCK_BYTES)],
});

/** SCALE codec of the effects of one response. */
export const effects: Codec<readonly Effect[]> = vec(effect, MAX_EFFECTS);
