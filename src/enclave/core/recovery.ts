/**
 * Recovery at start: the newest whole snapshot, then the stored blocks after it.
 *
 * States: reading snapshots → replaying blocks batch by batch → done; or fatal.
 *
 * @module
 */
import { blockHash } from "../../primitives/branded.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import { toHex } from "../../primitives/hex.ts";
import { SidechainChain } from "../../sidechain/chain.ts";
import { type ChainPoint, createGenesis } from "../../sidechain/chain_block.ts";
import { computeSlot } from "../../sidechain/slots.ts";
import type { StateSnapshot } from "../../state/snapshot.ts";
import { readSlotDurationMs } from "../../stf/pallets/shard.ts";
import { parentchainPallets } from "../../stf/pallets/parentchain.ts";
import { computeHeaderHash } from "../../types/sidechain_header.ts";
import type { SignedBlock } from "../../types/signed_block.ts";
import type { Effect } from "../api/effects.ts";
import { openStoredBlock, replayBlock } from "../chain/replay.ts";
import type { SnapshotManifest } from "../snapshot/snapshot_files.ts";
import { type LoadedSnapshot, SnapshotReader } from "../snapshot/snapshot_reader.ts";
import type { Tickets } from "../tickets.ts";
import type { Outbox } from "./outbox.ts";
import type { EnclaveSetup } from "./setup.ts";

/** Blocks asked for at once. */
export const REPLAY_BATCH = 128;

/** What was found in the data directory. */
export interface Recovered {
  readonly manifest: SnapshotManifest;
  readonly chain: SidechainChain;
}

/** What recovery needs. */
export interface RecoveryContext {
  readonly setup: EnclaveSetup;
  readonly tickets: Tickets;
  readonly outbox: Outbox;
  /** Called once at the end; `undefined` if there is no state yet. */
  readonly onDone: (recovered: Recovered | undefined) => void;
}

/** How far replay is. */
interface Replay extends Recovered {
  /** Hashes of all rows that are whole: a row whose parent is not among them has lost it. */
  readonly seen: Set<string>;
  /** Highest number of them. */
  highest: bigint;
  /** Whether a row that is cut off was met, and no block that follows the chain since. */
  cut: boolean;
  /** All rows that are cut off: peers that ask for blocks are not to get them. */
  readonly cutRows: Uint8Array[];
}

/** Starts recovery and gives its first effects. */
export async function startRecovery(context: RecoveryContext): Promise<readonly Effect[]> {
  const { setup, tickets, outbox } = context;
  const reader = new SnapshotReader(
    {
      seal: setup.seal,
      shard: setup.shard,
      pathKey: setup.stateKeys.pathKey,
      onDamage: ({ folder, code }) => outbox.log("error", "SnapshotDamaged", { folder, reason: code }),
      onDone: (loaded) => afterSnapshot(context, loaded),
    },
    tickets,
    setup.config.files,
  );
  return await reader.start();
}

async function afterSnapshot(
  context: RecoveryContext,
  loaded: LoadedSnapshot | undefined,
): Promise<readonly Effect[]> {
  const { storedBlocks } = context.setup.config;
  if (loaded === undefined) {
    if (storedBlocks === undefined) {
      context.onDone(undefined);
      return [];
    }
    const detail = "There are stored blocks but no snapshot that is whole: restore the data directory from a backup";
    return [{ type: "fatal", value: { code: "NoValidSnapshot", detail } }];
  }
  const { manifest, snapshot } = loaded;
  context.outbox.log("info", "SnapshotLoaded", { number: manifest.blockNumber, root: toHex(manifest.stateRoot) });
  const base = pointOf(manifest, snapshot);
  if (base === undefined) {
    const detail = "The newest snapshot does not name the block it belongs to";
    return [{ type: "fatal", value: { code: "SnapshotMalformed", detail } }];
  }
  const replay: Replay = {
    manifest,
    chain: new SidechainChain(base),
    seen: new Set(),
    highest: base.number,
    cut: false,
    cutRows: [],
  };
  if (storedBlocks !== undefined && storedBlocks[0] > base.number + 1n) {
    const detail = `Blocks ${base.number + 1n} to ${storedBlocks[0] - 1n} are missing between snapshot and block store`;
    return [{ type: "fatal", value: { code: "StoredBlocksMissing", detail } }];
  }
  return askForBlocks(context, replay, base.number + 1n);
}

/** The chain's entry of a snapshot's block; `undefined` if the manifest does not name it. */
export function pointOf(manifest: SnapshotManifest, snapshot: StateSnapshot): ChainPoint | undefined {
  const { head } = manifest;
  if (head === undefined) {
    const integritee = parentchainPallets.Integritee;
    const creation = integritee.creationBlockNumber.get(snapshot) ?? 1;
    const genesisHash = integritee.genesisHash.get(snapshot) ?? blockHash(new Uint8Array(32));
    return manifest.blockNumber === 0n
      ? createGenesis(snapshot, { hash: genesisHash, number: creation - 1 })
      : undefined;
  }
  const { header, digest } = head;
  const hash = computeHeaderHash(header);
  if (!equalBytes(hash, manifest.blockHash) || !equalBytes(digest.stateRoot, snapshot.root)) return undefined;
  return {
    type: "block",
    hash,
    number: header.blockNumber,
    slot: computeSlot(digest.timestamp, BigInt(readSlotDurationMs(snapshot))),
    layerOneHead: { hash: digest.layerOneHead, number: digest.layerOneNumber },
    snapshot,
    header,
    digest,
    lightHeader: head,
    topHashes: [],
    receipts: [],
  };
}

function askForBlocks(context: RecoveryContext, replay: Replay, from: bigint): readonly Effect[] {
  const ticket = context.tickets.open("blocks_read", async (blocks) => {
    if (blocks.length === 0) return finish(context, replay);
    let newest = from;
    for (const bytes of blocks) {
      const opened = openStoredBlock(bytes, context.setup.shard);
      if (!opened.ok && opened.error.code !== "StoredBlockCut") return [damaged(opened.error.code, newest)];
      if (!opened.ok) {
        // Maybe the last row, cut off by a crash before anybody heard of its block: what follows, or does not, decides.
        replay.cut = true;
        replay.cutRows.push(bytes);
        continue;
      }
      newest = opened.value.block.header.blockNumber;
      const failed = await replayOne(context, replay, opened.value);
      if (failed !== undefined) return [failed];
    }
    // A full batch may end between two blocks of one number: that number is read again, and what is known passed over.
    const again = blocks.length >= REPLAY_BATCH && newest > from;
    return askForBlocks(context, replay, again ? newest : newest + 1n);
  });
  return [{ type: "read_blocks", value: { ticket, from, max: REPLAY_BATCH } }];
}

async function replayOne(
  { setup, outbox }: RecoveryContext,
  replay: Replay,
  signed: SignedBlock,
): Promise<Effect | undefined> {
  const { chain, seen } = replay;
  const { header } = signed.block;
  const hash = computeHeaderHash(header);
  const parent = chain.get(header.parentHash);
  const isFork = header.blockNumber <= chain.base.number + 1n || seen.has(toHex(header.parentHash));
  if (parent === undefined && !isFork) return lost(replay, header.blockNumber - 1n);
  seen.add(toHex(hash));
  if (header.blockNumber > replay.highest) replay.highest = header.blockNumber;
  if (parent === undefined) {
    // A block of a fork that lost before the snapshot.
    outbox.log("debug", "StoredBlockSkipped", { number: header.blockNumber });
    return undefined;
  }
  replay.cut = false;
  if (chain.get(hash) !== undefined) return undefined;
  const slotDurationMs = BigInt(readSlotDurationMs(chain.base.snapshot));
  const block = await replayBlock(signed, parent, { shard: setup.shard, keys: setup.stateKeys, slotDurationMs });
  if (!block.ok) return damaged(block.error.code, header.blockNumber);
  chain.insert(block.value);
  return undefined;
}

function damaged(code: string, number: bigint): Effect {
  const detail = `The stored block ${number} is damaged: restore the data directory, or remove it and later ones`;
  return { type: "fatal", value: { code, detail } };
}

/** A block that later ones need is not there. */
function lost({ cut }: Replay, number: bigint): Effect {
  if (cut) return damaged("StoredBlockUndecodable", number);
  const detail = `The stored block ${number} is missing: restore the data directory, or remove later ones`;
  return { type: "fatal", value: { code: "StoredBlocksMissing", detail } };
}

function finish({ setup, outbox, onDone }: RecoveryContext, replay: Replay): readonly Effect[] {
  const { manifest, chain, highest, cut, cutRows } = replay;
  const newest = setup.config.storedBlocks?.[1] ?? 0n;
  // Only the newest row can have been cut off by a crash, since each is stored before the next is made.
  if (highest < newest - (cut ? 1n : 0n)) return [lost(replay, highest + 1n)];
  if (cut) outbox.log("warn", "StoredBlockCut", { number: newest });
  outbox.log("info", "StateRecovered", { number: chain.head.number, hash: toHex(chain.head.hash) });
  onDone({ manifest, chain });
  return cutRows.map((bytes) => ({ type: "discard_block", value: bytes }));
}
