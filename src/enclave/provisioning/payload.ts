/**
 * What is handed over, and how the receiver checks it before it uses any of it.
 *
 * @module
 */
import { tryDecode } from "../../codec/codec.ts";
import { ed25519Verify } from "../../crypto/ed25519.ts";
import { type FinalityLevel, followerState } from "../../parentchain/follower_state.ts";
import type { ParentchainView } from "../../parentchain/view.ts";
import type { BlockHash, H256, ShardIdentifier } from "../../primitives/branded.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import { err, ok, type Result } from "../../primitives/result.ts";
import type { StateSnapshot } from "../../state/snapshot.ts";
import { computeBlockDataHash } from "../../types/block_digest.ts";
import { computeHeaderHash } from "../../types/sidechain_header.ts";
import { blockSigningMessage } from "../../types/signed_block.ts";
import { payoutLedger } from "../duties/payout_ledger_codec.ts";
import type { ShardKeys, StateManifest } from "./messages.ts";
import type { PayloadError } from "./provisioning_error.ts";

/** Secrets of a shard. */
export interface ShardSecrets {
  /** The RSA pair as JSON, its numbers little endian, as the worker seals it. */
  readonly shieldingPair: string;
  readonly keys: ShardKeys;
}

/** What a provider hands over; the snapshot is immutable, so it may be read while the shard goes on. */
export interface ProvisioningPayload {
  readonly secrets: ShardSecrets;
  readonly manifest: StateManifest;
  readonly snapshot: StateSnapshot;
  /** SCALE of the state of the Integritee follower. */
  readonly follower: Uint8Array;
  /** SCALE of the payout ledger, without what the provider has signed. */
  readonly payouts: Uint8Array;
}

/** What the receiver knows by itself. */
export interface PayloadExpectation {
  readonly shard: ShardIdentifier;
  readonly genesis: H256;
  /** Level at which this enclave follows the parentchain. */
  readonly level: FinalityLevel;
  readonly view: ParentchainView | undefined;
}

function invalid(detail: string): Result<never, PayloadError> {
  return err({ code: "ManifestInvalid", detail });
}

/**
 * Checks that the manifest's block is one of this shard, signed, and has the state's root.
 *
 * That the author was a validateer, and that it was its turn, is the provider's word: the parentchain of that time is not
 * known here. It is enough, because the manifest comes from an attested enclave over a channel that ends in it, so no host
 * has a say in it; and the provider itself takes a block only from an author whose turn it was, or at a start one whose
 * diff was encrypted for its author. What is confirmed is held against the parentchain besides ({@linkcode verifyConfirmed}).
 */
export function verifyManifest(manifest: StateManifest, shard: ShardIdentifier): Result<undefined, PayloadError> {
  const { blockNumber, blockHash, stateRoot, head, newestNumber } = manifest;
  if (newestNumber < blockNumber) return invalid("the newest block is below the state's");
  if (head === undefined) {
    return blockNumber === 0n && blockHash.every((byte) => byte === 0) ? ok(undefined) : invalid("header missing");
  }
  const { header, digest, signature } = head;
  if (blockNumber === 0n || header.blockNumber !== blockNumber) return invalid("block number");
  if (!equalBytes(header.shardId, shard)) return invalid("shard");
  if (!equalBytes(computeHeaderHash(header), blockHash)) return invalid("block hash");
  if (!equalBytes(computeBlockDataHash(digest), header.blockDataHash)) return invalid("block data hash");
  if (!equalBytes(digest.stateRoot, stateRoot)) return invalid("state root");
  if (!ed25519Verify(signature.value, blockSigningMessage(computeHeaderHash(header)), digest.blockAuthor)) {
    return invalid("signature");
  }
  return ok(undefined);
}

/** Checks that the state is not older than what the parentchain has confirmed, and not another one. */
export function verifyConfirmed(
  { blockNumber, blockHash }: { readonly blockNumber: bigint; readonly blockHash: BlockHash },
  view: ParentchainView | undefined,
): Result<undefined, PayloadError> {
  const confirmation = view?.confirmation;
  if (confirmation === undefined || blockNumber > confirmation.blockNumber) return ok(undefined);
  if (blockNumber < confirmation.blockNumber) return err({ code: "StateBehindConfirmation" });
  return equalBytes(blockHash, confirmation.blockHeaderHash)
    ? ok(undefined)
    : err({ code: "StateContradictsConfirmation" });
}

/** Checks that the payout ledger is one, and without anything that the provider has signed. */
export function verifyPayouts(encoded: Uint8Array): Result<undefined, PayloadError> {
  const decoded = tryDecode(payoutLedger, encoded);
  const fits = decoded.ok && decoded.value.entries.every(({ signed }) => signed === undefined);
  return fits ? ok(undefined) : err({ code: "PayoutsMalformed" });
}

/** Checks that the follower's state is one that this enclave may go on from. */
export function verifyFollower(encoded: Uint8Array, expected: PayloadExpectation): Result<undefined, PayloadError> {
  const decoded = tryDecode(followerState, encoded);
  const fits = decoded.ok && equalBytes(decoded.value.genesisHash, expected.genesis) &&
    decoded.value.level === expected.level;
  return fits ? ok(undefined) : err({ code: "FollowerMismatch" });
}
