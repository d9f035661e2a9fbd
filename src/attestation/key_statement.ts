/**
 * The key statement: what an enclave says of itself and its keys, signed by its signer and bound by a quote.
 *
 * @module
 */
import { bool, bytesOf, type Codec, mapped, struct, u32, u64, u8 } from "../codec/codec.ts";
import { blake2_256 } from "../crypto/blake2.ts";
import { type Ed25519Pair, ed25519Sign, ed25519Verify } from "../crypto/ed25519.ts";
import type { AccountId, EnclaveFingerprint, H256, ShardIdentifier } from "../primitives/branded.ts";
import { concatBytes, utf8 } from "../primitives/bytes.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import { accountIdCodec, enclaveFingerprintCodec, h256Codec, shardIdentifierCodec } from "../types/ids.ts";

/** Version of the statement's form. */
export const KEY_STATEMENT_VERSION = 1;
/** Longest validity, 24 h in ms: a stolen session key serves no longer. */
export const MAX_STATEMENT_VALIDITY_MS = 86_400_000n;
/** How far a verifier's clock may be off, in ms. */
export const STATEMENT_CLOCK_SKEW_MS = 60_000n;

/** How an enclave knows that a parentchain block is final, from strongest to weakest. */
export const FINALITY_LEVELS = ["proven", "sealed", "trusted"] as const;
/** One of {@linkcode FINALITY_LEVELS}. */
export type FinalityLevel = (typeof FINALITY_LEVELS)[number];

/** What an enclave states; the fields are in wire order. */
export interface KeyStatement {
  /** {@linkcode KEY_STATEMENT_VERSION}. */
  readonly version: number;
  /** Genesis hash of the parentchain. */
  readonly genesis: H256;
  /** The shard that the keys serve. */
  readonly shard: ShardIdentifier;
  /** MRENCLAVE. */
  readonly fingerprint: EnclaveFingerprint;
  /** The enclave's ed25519 account on the parentchain. */
  readonly signer: AccountId;
  /** 16 bytes, random per start: tells clones apart. */
  readonly instanceId: Uint8Array;
  /** Slot duration of the shard in ms. */
  readonly slotDurationMs: number;
  /** {@linkcode computeShieldingKeyHash} of the shard's RSA key. */
  readonly rsaKeyHash: H256;
  /** The shard's session key, 32 bytes. */
  readonly x25519: Uint8Array;
  /** SHA-256 of the DER certificate of the trusted RPC. */
  readonly tlsCertHash: H256;
  /** Epoch of the shard's keys. */
  readonly epoch: number;
  /** First moment of validity, ms since 1970. */
  readonly notBeforeMs: bigint;
  /** Last moment of validity, at most {@linkcode MAX_STATEMENT_VALIDITY_MS} later. */
  readonly notAfterMs: bigint;
  /** The weakest finality this enclave acts on. */
  readonly parentchainFinality: FinalityLevel;
  /** Whether the shard has a root account, which can set any balance: so with a test genesis, and only then. */
  readonly hasRoot: boolean;
}

const finalityLevel: Codec<FinalityLevel> = mapped(u8, (index) => {
  const level = FINALITY_LEVELS[index];
  if (level === undefined) throw new RangeError(`Cannot read finality level ${index}`);
  return level;
}, (level) => FINALITY_LEVELS.indexOf(level));

/** SCALE codec of {@linkcode KeyStatement}. */
export const keyStatement: Codec<KeyStatement> = struct({
  version: u8,
  genesis: h256Codec,
  shard: shardIdentifierCodec,
  fingerprint: enclaveFingerprintCodec,
  signer: accountIdCodec,
  instanceId: bytesOf(16),
  slotDurationMs: u32,
  rsaKeyHash: h256Codec,
  x25519: bytesOf(32),
  tlsCertHash: h256Codec,
  epoch: u32,
  notBeforeMs: u64,
  notAfterMs: u64,
  parentchainFinality: finalityLevel,
  hasRoot: bool,
});

/** Why a statement does not count. */
export type KeyStatementError =
  /** Another version than {@linkcode KEY_STATEMENT_VERSION}. */
  | { readonly code: "StatementVersionUnsupported"; readonly version: number }
  /** The signer named in it did not sign it. */
  | { readonly code: "StatementSignatureInvalid" }
  /** Its validity is empty, or longer than {@linkcode MAX_STATEMENT_VALIDITY_MS}. */
  | { readonly code: "StatementWindowInvalid" }
  /** The clock is before its validity. */
  | { readonly code: "StatementNotYetValid" }
  /** The clock is after its validity. */
  | { readonly code: "StatementExpired" };

/** The bytes that the signer signs. */
export function keyStatementSigningBytes(statement: KeyStatement): Uint8Array {
  return concatBytes(utf8("integritee-edge/statement/1"), keyStatement.encode(statement));
}

/** Signs a statement with the signer it names; 64 bytes. */
export function signKeyStatement(statement: KeyStatement, signer: Ed25519Pair): Uint8Array {
  return ed25519Sign(signer, keyStatementSigningBytes(statement));
}

/** Verifies version, signature and validity of a statement at a moment in ms since 1970. */
export function verifyKeyStatement(
  statement: KeyStatement,
  signature: Uint8Array,
  nowMs: bigint,
): Result<undefined, KeyStatementError> {
  const { version, signer, notBeforeMs, notAfterMs } = statement;
  if (version !== KEY_STATEMENT_VERSION) return err({ code: "StatementVersionUnsupported", version });
  if (!ed25519Verify(signature, keyStatementSigningBytes(statement), signer)) {
    return err({ code: "StatementSignatureInvalid" });
  }
  if (notAfterMs <= notBeforeMs || notAfterMs - notBeforeMs > MAX_STATEMENT_VALIDITY_MS) {
    return err({ code: "StatementWindowInvalid" });
  }
  if (nowMs + STATEMENT_CLOCK_SKEW_MS < notBeforeMs) return err({ code: "StatementNotYetValid" });
  if (nowMs - STATEMENT_CLOCK_SKEW_MS > notAfterMs) return err({ code: "StatementExpired" });
  return ok(undefined);
}

/** Hash of a public shielding key by its numbers, both little endian as on the wire: n 384 bytes, e 4 bytes. */
export function computeShieldingKeyHash(key: { readonly n: Uint8Array; readonly e: Uint8Array }): H256 {
  return blake2_256(concatBytes(key.n, key.e));
}
