/**
 * Making one block: inherents, then transactions while there is room and time, then the seal.
 *
 * @module
 */

import type { Sr25519Pair } from "../crypto/sr25519.ts";
import { digestItem } from "../parentchain/digest.ts";
import { type ParentchainHeader, parentchainHeader } from "../parentchain/header.ts";
import { blake2_256 } from "../crypto/blake2.ts";
import { type BlockHash, blockHash, h256 } from "../primitives/branded.ts";
import { type Hex, toHex } from "../primitives/hex.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import type { Trie } from "../trie/trie.ts";
import { authorOfSlot, preRuntimeSlot, sealHeader } from "./aura.ts";
import type { PoolTransaction } from "./pool/transaction.ts";
import type { RuntimePort, UnsealedHeader } from "./runtime/runtime_interface.ts";
import { isVerdictMissing, type TransactionValidityError } from "./runtime/validity.ts";
import { auraAuthorities } from "./runtime_calls.ts";

/** Transactions that did not fit after which the rest is not tried: the block is full. Substrate's number. */
export const MAX_SKIPPED_TRANSACTIONS = 8;
/** Most transactions of a block: decodes within the limits of any client, and is far above what one core executes. */
export const MAX_BLOCK_TRANSACTIONS = 8192;

/** A block that was made. */
export interface AuthoredBlock {
  readonly number: number;
  readonly hash: BlockHash;
  readonly header: ParentchainHeader;
  /** The header's SCALE bytes. */
  readonly headerBytes: Uint8Array;
  /** Extrinsics with their length prefixes, inherents first. */
  readonly extrinsics: readonly Uint8Array[];
  /** The state after the block. */
  readonly state: Trie;
  /** Those of the offered transactions that are in the block. */
  readonly included: readonly PoolTransaction[];
  /** Those that turned out invalid. */
  readonly invalid: readonly { readonly hash: Hex; readonly error: TransactionValidityError }[];
}

/** Why no block was made. */
export type AuthorError = /** The key of the slot's author is not at hand. */
  { readonly code: "NotOurSlot"; readonly slot: bigint; readonly author: Hex };

/** The block on which another is built. */
export interface ParentBlock {
  readonly number: number;
  readonly hash: BlockHash;
  readonly state: Trie;
}

/** What an author works with. */
export interface AuthorTools<Block> {
  readonly runtime: RuntimePort<Trie, Block>;
  readonly keys: ReadonlyMap<Hex, Sr25519Pair>;
  /** Whether the time for transactions is over. */
  readonly isOverdue: () => boolean;
}

/** Makes the block of a slot. @throws {RangeError} If the runtime refuses its own inherents. */
export function authorBlock<Block>(
  tools: AuthorTools<Block>,
  parent: ParentBlock,
  slot: bigint,
  nowMs: number,
  candidates: readonly PoolTransaction[],
): Result<AuthoredBlock, AuthorError> {
  const { runtime } = tools;
  const author = authorOfSlot(slot, auraAuthorities(runtime, parent));
  const key = tools.keys.get(toHex(author));
  if (key === undefined) return err({ code: "NotOurSlot", slot, author: toHex(author) });
  const start = {
    number: parent.number + 1,
    parentHash: parent.hash,
    digest: [digestItem.encode(preRuntimeSlot(slot))],
  };
  const running = runtime.initializeBlock(parent.state, start);
  const inherents = runtime.inherentExtrinsics(nowMs);
  for (const inherent of inherents) {
    const applied = runtime.applyExtrinsic(running, inherent);
    if (!applied.ok) throw new RangeError(`Cannot author block ${start.number}: inherent is ${applied.error.code}`);
  }
  const { included, invalid } = applyCandidates(tools, running, candidates);
  const { header: unsealed, state } = runtime.finalizeBlock(running);
  const header = sealHeader(toHeader(unsealed), key);
  const headerBytes = parentchainHeader.encode(header);
  const extrinsics = [...inherents, ...included.map(({ bytes }) => bytes)];
  const hash = blockHash(blake2_256(headerBytes));
  return ok({ number: header.number, hash, header, headerBytes, extrinsics, state, included, invalid });
}

function applyCandidates<Block>(
  { runtime, isOverdue }: AuthorTools<Block>,
  running: Block,
  candidates: readonly PoolTransaction[],
): Pick<AuthoredBlock, "included" | "invalid"> {
  const included: PoolTransaction[] = [];
  const invalid: { hash: Hex; error: TransactionValidityError }[] = [];
  let skipped = 0;
  for (const transaction of candidates) {
    if (skipped > MAX_SKIPPED_TRANSACTIONS || included.length >= MAX_BLOCK_TRANSACTIONS || isOverdue()) break;
    const applied = runtime.applyExtrinsic(running, transaction.bytes);
    if (applied.ok) included.push(transaction);
    else if (isOnlyTooEarly(applied.error)) skipped++;
    else invalid.push({ hash: transaction.hash, error: applied.error });
  }
  return { included, invalid };
}

/**
 * Whether a transaction may fit a later block: this one is full, what it follows was left out, or the verdict on its quote
 * is not at hand.
 */
function isOnlyTooEarly(error: TransactionValidityError): boolean {
  if (isVerdictMissing(error)) return true;
  return error.kind === "Invalid" && (error.code === "ExhaustsResources" || error.code === "Future");
}

function toHeader(unsealed: UnsealedHeader): ParentchainHeader {
  return {
    parentHash: blockHash(unsealed.parentHash),
    number: unsealed.number,
    stateRoot: h256(unsealed.stateRoot),
    extrinsicsRoot: h256(unsealed.extrinsicsRoot),
    digest: unsealed.digest.map(digestItem.decode),
  };
}
