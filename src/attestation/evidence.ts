/**
 * The evidence of one enclave, answer of `attestation_getEvidence`, and its verification: all that a client checks
 * before it sends anything.
 *
 * @module
 */
import { bytes, bytesOf, type Codec, option, struct } from "../codec/codec.ts";
import type { AccountId, H256, ShardIdentifier } from "../primitives/branded.ts";
import { equalBytes } from "../primitives/bytes.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import { type Claim, computeReportData } from "./claim.ts";
import { type QuoteCollateral, quoteCollateral } from "./collateral.ts";
import { type KeyStatement, keyStatement, type KeyStatementError, verifyKeyStatement } from "./key_statement.ts";
import { MAX_QUOTE_LENGTH } from "./quote.ts";
import { type AcceptedQuote, type QuotePolicy, type QuotePolicyError, verifyQuoteByPolicy } from "./quote_policy.ts";

/** Quote and signed statement of one enclave. */
export interface Evidence {
  /** SGX DCAP quote, version 3. */
  readonly quote: Uint8Array;
  /** What the enclave says of its keys. */
  readonly statement: KeyStatement;
  /** By the statement's signer, 64 bytes. */
  readonly statementSignature: Uint8Array;
  /** What Intel says of the platform; emulated ones have none. */
  readonly collateral: QuoteCollateral | undefined;
}

/** SCALE codec of {@linkcode Evidence}. */
export const evidence: Codec<Evidence> = struct({
  quote: bytes(MAX_QUOTE_LENGTH),
  statement: keyStatement,
  statementSignature: bytesOf(64),
  collateral: option(quoteCollateral),
});

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
  | QuotePolicyError
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

/** Evidence that holds. */
export interface VerifiedEvidence extends AcceptedQuote {
  readonly statement: KeyStatement;
}

/** Verifies that a quote which the policy takes is about this claim of this signer. */
export async function verifyQuotedClaim(
  quote: Uint8Array,
  signer: AccountId,
  about: Claim,
  policy: QuotePolicy,
  collateral?: QuoteCollateral,
): Promise<Result<AcceptedQuote, ClaimError>> {
  const accepted = await verifyQuoteByPolicy(quote, collateral, policy);
  if (!accepted.ok) return accepted;
  const { reportData } = accepted.value.report;
  if (!equalBytes(reportData.subarray(0, 32), signer)) return err({ code: "SignerUnbound" });
  if (!equalBytes(reportData, computeReportData(signer, about))) return err({ code: "ClaimUnbound" });
  return accepted;
}

/** Verifies evidence completely. */
export async function verifyEvidence(
  { quote, statement, statementSignature, collateral }: Evidence,
  policy: EvidencePolicy,
): Promise<Result<VerifiedEvidence, EvidenceError>> {
  const about: Claim = { type: "KeyStatement", value: statement };
  const quoted = await verifyQuotedClaim(quote, statement.signer, about, policy, collateral);
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
