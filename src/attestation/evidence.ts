/**
 * The evidence of one enclave, answer of `attestation_getEvidence`, and its verification: all that a client checks
 * before it sends anything.
 *
 * @module
 */
import { bytes, bytesOf, type Codec, struct } from "../codec/codec.ts";
import type { AccountId, EnclaveFingerprint, H256, ShardIdentifier } from "../primitives/branded.ts";
import { equalBytes } from "../primitives/bytes.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import { type Claim, computeReportData } from "./claim.ts";
import { type KeyStatement, keyStatement, type KeyStatementError, verifyKeyStatement } from "./key_statement.ts";
import type { PlatformRoot } from "./platform_root.ts";
import { isDebugReport, MAX_QUOTE_LENGTH, type ReportBody } from "./quote.ts";
import { type QuoteError, verifyQuoteSignature } from "./verify_quote.ts";

/** Most pieces of evidence in one answer: one for each validateer of a shard. */
export const MAX_EVIDENCE_COUNT = 64;

/** Quote and signed statement of one enclave; the collateral of real hardware is not carried yet. */
export interface Evidence {
  /** SGX DCAP quote, version 3. */
  readonly quote: Uint8Array;
  readonly statement: KeyStatement;
  /** By the statement's signer, 64 bytes. */
  readonly statementSignature: Uint8Array;
}

/** SCALE codec of {@linkcode Evidence}. */
export const evidence: Codec<Evidence> = struct({
  quote: bytes(MAX_QUOTE_LENGTH),
  statement: keyStatement,
  statementSignature: bytesOf(64),
});

/** What a verifier of any quote wants. */
export interface QuotePolicy {
  /** Roots that are accepted; an emulated one must be named here to count. */
  readonly roots: readonly PlatformRoot[];
  /** Measurements that are accepted. */
  readonly fingerprints: readonly EnclaveFingerprint[];
  /** Accept enclaves that a debugger may read. Default false. */
  readonly allowDebug?: boolean;
  /** Now, in ms since 1970. */
  readonly nowMs: number;
}

/** What a client wants of an enclave. */
export interface EvidencePolicy extends QuotePolicy {
  /** Genesis hash of the parentchain the client follows. */
  readonly genesis: H256;
  readonly shard: ShardIdentifier;
  /** A certain enclave, such as the author of a header; undefined = any. */
  readonly signer?: AccountId;
}

/** Why a quote does not prove a claim. */
export type ClaimError =
  | QuoteError
  /** The measurement is not among the accepted ones. */
  | { readonly code: "FingerprintNotAccepted" }
  /** A debugger may read the enclave. */
  | { readonly code: "DebugEnclave" }
  /** The quote names another signer. */
  | { readonly code: "SignerUnbound" }
  /** The quote is about another claim. */
  | { readonly code: "ClaimUnbound" };

/** Why evidence is not accepted. */
export type EvidenceError =
  | ClaimError
  | KeyStatementError
  /** The statement names another measurement than the quote. */
  | { readonly code: "StatementFingerprintMismatch" }
  /** The statement is for another parentchain. */
  | { readonly code: "GenesisMismatch" }
  /** The statement is for another shard. */
  | { readonly code: "ShardMismatch" }
  /** The statement is of another enclave than the wanted one. */
  | { readonly code: "SignerMismatch" };

/** A claim that a quote proves, under a root. */
export interface VerifiedClaim {
  readonly report: ReportBody;
  readonly root: PlatformRoot;
  /** Whether the root is an emulated one: then nothing protects the enclave from its host. */
  readonly emulated: boolean;
  /** Whether a debugger may read the enclave. */
  readonly debug: boolean;
}

/** Evidence that holds. */
export interface VerifiedEvidence extends VerifiedClaim {
  readonly statement: KeyStatement;
}

/** Verifies that a quote under an accepted root is about this claim of this signer, by an accepted enclave. */
export async function verifyQuotedClaim(
  quote: Uint8Array,
  signer: AccountId,
  about: Claim,
  policy: QuotePolicy,
): Promise<Result<VerifiedClaim, ClaimError>> {
  const verified = await verifyQuoteSignature(quote, policy.roots, policy.nowMs);
  if (!verified.ok) return verified;
  const { root, quote: { report } } = verified.value;
  const debug = isDebugReport(report);
  if (debug && policy.allowDebug !== true) return err({ code: "DebugEnclave" });
  if (!policy.fingerprints.some((accepted) => equalBytes(accepted, report.mrenclave))) {
    return err({ code: "FingerprintNotAccepted" });
  }
  if (!equalBytes(report.reportData.subarray(0, 32), signer)) return err({ code: "SignerUnbound" });
  if (!equalBytes(report.reportData, computeReportData(signer, about))) return err({ code: "ClaimUnbound" });
  return ok({ report, root, emulated: root.isEmulated, debug });
}

/** Verifies evidence completely, but for the collateral that `verify_quote.ts` names. */
export async function verifyEvidence(
  { quote, statement, statementSignature }: Evidence,
  policy: EvidencePolicy,
): Promise<Result<VerifiedEvidence, EvidenceError>> {
  const about: Claim = { type: "KeyStatement", value: statement };
  const quoted = await verifyQuotedClaim(quote, statement.signer, about, policy);
  if (!quoted.ok) return quoted;
  const held = verifyKeyStatement(statement, statementSignature, BigInt(Math.trunc(policy.nowMs)));
  if (!held.ok) return held;
  if (!equalBytes(statement.fingerprint, quoted.value.report.mrenclave)) {
    return err({ code: "StatementFingerprintMismatch" });
  }
  if (!equalBytes(statement.genesis, policy.genesis)) return err({ code: "GenesisMismatch" });
  if (!equalBytes(statement.shard, policy.shard)) return err({ code: "ShardMismatch" });
  if (policy.signer !== undefined && !equalBytes(statement.signer, policy.signer)) {
    return err({ code: "SignerMismatch" });
  }
  return ok({ ...quoted.value, statement });
}
