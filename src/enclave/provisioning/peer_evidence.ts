/**
 * Evidence for one connection: made for it, and judged by what this end knows of it.
 *
 * @module
 */

import { computeReportData, type ProvisioningRole } from "../../attestation/claim.ts";
import { verifyQuotedClaim } from "../../attestation/evidence.ts";
import type { AcceptedQuote, QuotePolicy } from "../../attestation/quote_policy.ts";
import { tryDecode } from "../../codec/codec.ts";
import { type Ed25519Pair, ed25519Sign, ed25519Verify } from "../../crypto/ed25519.ts";
import {
  type AccountId,
  accountId,
  type EnclaveFingerprint,
  enclaveFingerprint,
  type H256,
  type ShardIdentifier,
} from "../../primitives/branded.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import { err, ok, type Result } from "../../primitives/result.ts";
import type { ParentchainView } from "../../parentchain/view.ts";
import { readSpkiHash } from "./certificate.ts";
import { FRAMES } from "./frame.ts";
import { claimOf, type PeerEvidence, peerEvidence, type PeerStatement, peerStatementSigningBytes } from "./messages.ts";
import {
  EVIDENCE_CLOCK_SKEW_MS,
  type FrameError,
  type HelloError,
  MAX_EVIDENCE_AGE_MS,
  MAX_PEER_COLLATERAL_AGE_MS,
  type PeerEvidenceError,
} from "./provisioning_error.ts";
import type { SecureChannel } from "./secure_channel.ts";
import type { FingerprintRule } from "./upgrade_watch.ts";

/** What both ends need to know of themselves and of the parentchain. */
export interface PeerContext {
  /** Unix milliseconds. */
  readonly nowMs: () => number;
  readonly randomBytes: (count: number) => Uint8Array;
  /** Own account. */
  readonly signer: Ed25519Pair;
  readonly fingerprint: EnclaveFingerprint;
  readonly shard: ShardIdentifier;
  /** Genesis hash of the parentchain. */
  readonly genesis: H256;
  /** A quote over 64 bytes. @throws If the platform gives none. */
  readonly quote: (reportData: Uint8Array) => Promise<Uint8Array>;
  /** Roots that count; measurements and time are added. */
  readonly roots: Pick<QuotePolicy, "roots" | "acceptedEmulatedRoots">;
  /** The newest proven view of the parentchain. */
  readonly view: () => ParentchainView | undefined;
  /** Since when an upgrade is visible, and for how long it has to be. */
  readonly upgrade: () => Pick<FingerprintRule, "watch" | "minVisibleBlocks">;
  /** Whether registrations without attestation count: on development chains. */
  readonly allowSkip: boolean;
}

/** Nonces of a connection. */
export interface Nonces {
  readonly own: Uint8Array;
  readonly peer: Uint8Array;
}

/** Makes the evidence of this end. */
export async function createPeerEvidence(
  context: PeerContext,
  channel: SecureChannel,
  role: ProvisioningRole,
  nonces: Nonces,
): Promise<Result<Uint8Array, HelloError>> {
  const { signer, shard, genesis } = context;
  const spkiHash = await readSpkiHash(channel.ownCertificate);
  if (!spkiHash.ok) throw new TypeError("Cannot make evidence: the own certificate is malformed");
  const account = accountId(signer.publicKey);
  const statement: PeerStatement = {
    shard,
    account,
    genesis,
    claim: { spkiHash: spkiHash.value, role, peerNonce: nonces.peer },
    ownNonce: nonces.own,
    binding: channel.binding,
    issuedAtMs: BigInt(Math.trunc(context.nowMs())),
  };
  let quote: Uint8Array;
  try {
    quote = await context.quote(computeReportData(account, claimOf(statement)));
  } catch {
    return err({ code: "QuoteUnavailable" });
  }
  const signature = ed25519Sign(signer, peerStatementSigningBytes(statement));
  return ok(peerEvidence.encode({ statement, signature, quote, collateral: undefined }));
}

/** What the peer's evidence has to fit. */
export interface EvidenceExpectation {
  /** The peer's role. */
  readonly role: ProvisioningRole;
  /** The account it declared. */
  readonly account: AccountId;
  readonly nonces: Nonces;
  /** Measurements that are accepted. */
  readonly fingerprints: readonly EnclaveFingerprint[];
}

/** Why a peer's evidence is refused. */
export type EvidenceRefusal = FrameError | HelloError | PeerEvidenceError;

/** Judges the evidence of the other end; gives the measurement that it proves. */
export async function verifyPeerEvidence(
  context: PeerContext,
  channel: SecureChannel,
  encoded: Uint8Array,
  expected: EvidenceExpectation,
): Promise<Result<EnclaveFingerprint, EvidenceRefusal>> {
  const decoded = tryDecode(peerEvidence, encoded);
  if (!decoded.ok) return err({ code: "MessageMalformed", opcode: FRAMES.Evidence.opcode });
  const { statement, signature } = decoded.value;
  const bound = await verifyBinding(context, channel, statement, expected);
  if (!bound.ok) return bound;
  const age = context.nowMs() - Number(statement.issuedAtMs);
  if (age > MAX_EVIDENCE_AGE_MS || age < -EVIDENCE_CLOCK_SKEW_MS) return err({ code: "EvidenceExpired" });
  if (!ed25519Verify(signature, peerStatementSigningBytes(statement), statement.account)) {
    return err({ code: "StatementSignatureInvalid" });
  }
  const quoted = await verifyQuote(context, decoded.value, expected.fingerprints);
  return quoted.ok ? ok(enclaveFingerprint(quoted.value.report.mrenclave)) : quoted;
}

/** Whether the statement is about this connection and what was said over it. */
async function verifyBinding(
  context: PeerContext,
  channel: SecureChannel,
  statement: PeerStatement,
  expected: EvidenceExpectation,
): Promise<Result<undefined, EvidenceRefusal>> {
  const { claim } = statement;
  if (channel.peerCertificate === undefined) return err({ code: "CertificateMissing" });
  const spkiHash = await readSpkiHash(channel.peerCertificate);
  if (!spkiHash.ok) return spkiHash;
  if (!equalBytes(statement.account, expected.account)) return err({ code: "AccountNotAttested" });
  if (!equalBytes(statement.shard, context.shard)) return err({ code: "WrongShard" });
  if (!equalBytes(statement.genesis, context.genesis)) return err({ code: "WrongParentchain" });
  if (claim.role !== expected.role) return err({ code: "RoleMismatch" });
  if (!equalBytes(claim.peerNonce, expected.nonces.own) || !equalBytes(statement.ownNonce, expected.nonces.peer)) {
    return err({ code: "EvidenceReplayed" });
  }
  if (!equalBytes(claim.spkiHash, spkiHash.value)) return err({ code: "CertificateUnbound" });
  return equalBytes(statement.binding, channel.binding) ? ok(undefined) : err({ code: "ChannelUnbound" });
}

async function verifyQuote(
  { roots, nowMs }: PeerContext,
  { statement, quote, collateral }: PeerEvidence,
  fingerprints: readonly EnclaveFingerprint[],
): Promise<Result<AcceptedQuote, PeerEvidenceError>> {
  const policy: QuotePolicy = {
    ...roots,
    fingerprints,
    maxCollateralAgeMs: MAX_PEER_COLLATERAL_AGE_MS,
    nowMs: nowMs(),
  };
  const quoted = await verifyQuotedClaim(quote, statement.account, claimOf(statement), policy, collateral);
  if (quoted.ok) return quoted;
  const { error } = quoted;
  return err(error.code === "SignerUnbound" ? { code: "AccountNotAttested" } : error);
}
