/**
 * Messages of the provisioning protocol. All of them are private to one version of it.
 *
 * Differs: the reference sends shard and account as 64 bytes, and then keys; here both ends prove who they are in between.
 *
 * @module
 */
import { type Claim, type ProvisioningClaim, provisioningClaim } from "../../attestation/claim.ts";
import { type QuoteCollateral, quoteCollateral } from "../../attestation/collateral.ts";
import { MAX_QUOTE_LENGTH } from "../../attestation/quote.ts";
import { bytes, bytesOf, type Codec, option, struct, u32, u64, u8 } from "../../codec/codec.ts";
import type { AccountId, BlockHash, H256, ShardIdentifier } from "../../primitives/branded.ts";
import { concatBytes, utf8 } from "../../primitives/bytes.ts";
import { accountIdCodec, blockHashCodec, h256Codec, shardIdentifierCodec } from "../../types/ids.ts";
import { type LightHeader, lightHeader } from "../../types/light_header.ts";
import { CHANNEL_BINDING_LENGTH } from "./secure_channel.ts";

/** Version of the protocol. */
export const PROVISIONING_VERSION = 1;
/** Bytes of a nonce. */
export const NONCE_LENGTH = 32;

/** First message of the requester. */
export interface Hello {
  /** The shard it wants. */
  readonly shard: ShardIdentifier;
  /** Its account; believed only once the evidence names the same. */
  readonly account: AccountId;
  /** {@linkcode PROVISIONING_VERSION}. */
  readonly version: number;
  /** Genesis hash of the parentchain it follows. */
  readonly genesis: H256;
  /** Drawn for this connection; the provider's evidence answers it. */
  readonly nonce: Uint8Array;
}

/** SCALE codec of {@linkcode Hello}; its first 64 bytes are the reference's greeting. */
export const hello: Codec<Hello> = struct<Hello>({
  shard: shardIdentifierCodec,
  account: accountIdCodec,
  version: u8,
  genesis: h256Codec,
  nonce: bytesOf(NONCE_LENGTH),
});

/** Answer of the provider. */
export interface Challenge {
  /** Its account; believed only once the evidence names the same. */
  readonly account: AccountId;
  /** Drawn for this connection; the requester's evidence answers it. */
  readonly nonce: Uint8Array;
}

/** SCALE codec of {@linkcode Challenge}. */
export const challenge: Codec<Challenge> = struct<Challenge>({
  account: accountIdCodec,
  nonce: bytesOf(NONCE_LENGTH),
});

/** What an end states of itself for this connection; signed by its account. */
export interface PeerStatement {
  readonly shard: ShardIdentifier;
  readonly account: AccountId;
  /** Genesis hash of the parentchain. */
  readonly genesis: H256;
  /** What the quote is about. */
  readonly claim: ProvisioningClaim;
  /** The end's own nonce. */
  readonly ownNonce: Uint8Array;
  /** The TLS session. */
  readonly binding: Uint8Array;
  /** When it was made, ms since 1970. */
  readonly issuedAtMs: bigint;
}

/** SCALE codec of {@linkcode PeerStatement}. */
export const peerStatement: Codec<PeerStatement> = struct<PeerStatement>({
  shard: shardIdentifierCodec,
  account: accountIdCodec,
  genesis: h256Codec,
  claim: provisioningClaim,
  ownNonce: bytesOf(NONCE_LENGTH),
  binding: bytesOf(CHANNEL_BINDING_LENGTH),
  issuedAtMs: u64,
});

/** The bytes that the account signs. */
export function peerStatementSigningBytes(statement: PeerStatement): Uint8Array {
  return concatBytes(utf8("integritee-edge/provisioning/1"), peerStatement.encode(statement));
}

/** The claim that the quote of a statement is about. */
export function claimOf(statement: PeerStatement): Claim {
  return { type: "Provisioning", value: statement.claim };
}

/** Evidence of one end. */
export interface PeerEvidence {
  readonly statement: PeerStatement;
  /** By the account over {@linkcode peerStatementSigningBytes}, 64 bytes. */
  readonly signature: Uint8Array;
  /** Over the claim, by the account. */
  readonly quote: Uint8Array;
  /** What Intel says of the platform; emulated ones have none. */
  readonly collateral: QuoteCollateral | undefined;
}

/** SCALE codec of {@linkcode PeerEvidence}. */
export const peerEvidence: Codec<PeerEvidence> = struct<PeerEvidence>({
  statement: peerStatement,
  signature: bytesOf(64),
  quote: bytes(MAX_QUOTE_LENGTH),
  collateral: option(quoteCollateral),
});

/** Secrets of a shard besides the shielding key, which travels in its own form. */
export interface ShardKeys {
  /** Epoch of the keys. */
  readonly epoch: number;
  /** Encrypts state diffs. */
  readonly stateKey: Uint8Array;
  /** Hides storage keys in the trie. */
  readonly pathKey: Uint8Array;
  /** Draws the salts of the trie's leaves. */
  readonly saltKey: Uint8Array;
  /** Key agreement of sessions. */
  readonly sessionSecret: Uint8Array;
  /** Seed of the shard's enclave account. */
  readonly enclaveAccountSeed: Uint8Array;
}

const secret = bytesOf(32);

/** SCALE codec of {@linkcode ShardKeys}. */
export const shardKeys: Codec<ShardKeys> = struct<ShardKeys>({
  epoch: u32,
  stateKey: secret,
  pathKey: secret,
  saltKey: secret,
  sessionSecret: secret,
  enclaveAccountSeed: secret,
});

/** Which state is handed over. */
export interface StateManifest {
  /** The newest confirmed block, whose state it is; 0 for the state before block 1. */
  readonly blockNumber: bigint;
  /** Its hash; all zero for number 0. */
  readonly blockHash: BlockHash;
  readonly stateRoot: H256;
  /** Header of the block; none for number 0. */
  readonly head: LightHeader | undefined;
  /** About how many bytes the state has, to show progress. */
  readonly stateBytes: bigint;
  /** Number of the provider's newest block: up to there the requester has to catch up before it takes part. */
  readonly newestNumber: bigint;
  /** Hash of that block. */
  readonly newestHash: BlockHash;
}

/** SCALE codec of {@linkcode StateManifest}. */
export const stateManifest: Codec<StateManifest> = struct<StateManifest>({
  blockNumber: u64,
  blockHash: blockHashCodec,
  stateRoot: h256Codec,
  head: option(lightHeader),
  stateBytes: u64,
  newestNumber: u64,
  newestHash: blockHashCodec,
});
