/**
 * Whether an enclave deserves a client's calls: its evidence, the connection it answers on and its registration on the
 * parentchain, judged together.
 *
 * @module
 */
import {
  type Evidence,
  evidence as evidenceCodec,
  type EvidenceError,
  verifyEvidence,
} from "../attestation/evidence.ts";
import type { PlatformVerdict } from "../attestation/judge_platform.ts";
import type { KeyStatement } from "../attestation/key_statement.ts";
import type { PlatformRoot } from "../attestation/platform_root.ts";
import type { AcceptableTcbStatus } from "../attestation/tcb_status.ts";
import { tryDecode } from "../codec/codec.ts";
import { encodeBase58 } from "../primitives/base58.ts";
import {
  type AccountId,
  type EnclaveFingerprint,
  enclaveFingerprint,
  type H256,
  type ShardIdentifier,
} from "../primitives/branded.ts";
import { equalBytes } from "../primitives/bytes.ts";
import { toHex } from "../primitives/hex.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import type { ClientError } from "./client_error.ts";
import { readReturnValue } from "./worker_answer.ts";
import type { WorkerRpc } from "./worker_rpc.ts";

/** Method that gives the evidence. */
export const GET_EVIDENCE = "attestation_getEvidence";

/** What the parentchain says of enclaves. */
export interface EnclaveRegistry {
  /** The registration of a signer, or `undefined` if there is none. */
  readonly findEnclave: (signer: AccountId) => Promise<EnclaveRegistration | undefined>;
  /** The measurement a shard's enclaves must have now, or `undefined` if the parentchain has no such shard. */
  readonly activeFingerprint: (shard: ShardIdentifier) => Promise<EnclaveFingerprint | undefined>;
  /** Whether a signer is listed among the validateers of a shard. */
  readonly isListed: (shard: ShardIdentifier, signer: AccountId) => Promise<boolean>;
}

/** One registration. */
export interface EnclaveRegistration {
  /** Measurement under which the enclave is registered. */
  readonly fingerprint: EnclaveFingerprint;
  /** Whether the parentchain saw a quote; false for a registration that skipped it. */
  readonly isAttested: boolean;
}

/** What a client wants before it trusts. */
export interface TrustPolicy {
  /** Roots this client knows; quotes under others are refused. */
  readonly roots: readonly PlatformRoot[];
  /** Names of the emulated roots among them that it accepts. */
  readonly acceptedEmulatedRoots: readonly string[];
  /** Worst status of a real platform that it accepts; left out, platforms must be up to date. */
  readonly minimumTcbStatus?: AcceptableTcbStatus;
  /**
   * Oldest collateral of a real platform that it accepts, in ms since the issue date of its oldest monthly piece. Left out,
   * the pieces' own dates are enough.
   */
  readonly maxCollateralAgeMs?: number;
  /** Whether a registration that skipped attestation counts; for development only. */
  readonly acceptUnattested: boolean;
  /** Whether a shard counts in which a root account can set balances; for development only. */
  readonly acceptRoot: boolean;
  /** Genesis hash of the parentchain this client follows. */
  readonly genesis: H256;
  /** The shard it wants; `undefined` takes the one the enclave states. */
  readonly shard: ShardIdentifier | undefined;
  /** SHA-256 of the certificate the connection is pinned to; `undefined` if the connection is no TLS of the enclave. */
  readonly tlsCertHash: H256 | undefined;
  /** Now, in milliseconds since 1970. */
  readonly nowMs: number;
}

/** An enclave that satisfied the policy, and by what. */
export interface TrustedEnclave {
  /** What it states of itself and its keys. */
  readonly statement: KeyStatement;
  /** Name of the root its quote leads to. */
  readonly rootName: string;
  /** Whether its processor is emulated: then its host can read it. */
  readonly isEmulated: boolean;
  /** What its processor's vendor says of the platform; `undefined` if the processor is emulated. */
  readonly tcb: PlatformVerdict | undefined;
  /** Whether its registration skipped attestation. */
  readonly isUnattested: boolean;
  /** Whether the connection was checked to end in it. */
  readonly isConnectionBound: boolean;
}

/** Why an enclave is not trusted. */
export type TrustError =
  | EvidenceError
  /** Its statement names another certificate than the connection's: somebody sits in between. */
  | { readonly code: "TlsCertificateMismatch" }
  /** The parentchain does not know its signer. */
  | { readonly code: "EnclaveNotRegistered"; readonly signer: AccountId }
  /** The parentchain knows its signer under another measurement. */
  | { readonly code: "RegisteredFingerprintMismatch"; readonly registered: EnclaveFingerprint }
  /** Its registration skipped attestation, and the policy does not accept that. */
  | { readonly code: "RegistrationUnattested" }
  /**
   * It is not among the validateers of its shard: it may have been registered and never got the shard, so that its keys and
   * its vault are nobody else's, or it was taken out.
   */
  | { readonly code: "NotListedForShard"; readonly signer: AccountId }
  /** A root account can set balances in its shard, and the policy does not accept that. */
  | { readonly code: "ShardHasRoot" };

/** Asks a worker for the evidence of its enclave. @throws {WorkerRpcError} */
export async function fetchEvidence(rpc: WorkerRpc): Promise<Result<Evidence, ClientError>> {
  const value = readReturnValue(GET_EVIDENCE, await rpc.request(GET_EVIDENCE));
  if (!value.ok) return value;
  const decoded = tryDecode(evidenceCodec, value.value);
  return decoded.ok ? decoded : err({ code: "MalformedAnswer", method: GET_EVIDENCE });
}

/** Judges an enclave by its evidence, the connection and the parentchain; rejects as the registry does. */
export async function judgeEnclave(
  evidence: Evidence,
  registry: EnclaveRegistry,
  policy: TrustPolicy,
): Promise<Result<TrustedEnclave, TrustError>> {
  const { statement } = evidence;
  const shard = policy.shard ?? statement.shard;
  // Said first, because the parentchain's answers below are about the wanted shard.
  if (!equalBytes(shard, statement.shard)) return err({ code: "ShardMismatch" });
  const held = await verifyEvidence(evidence, {
    roots: policy.roots,
    acceptedEmulatedRoots: policy.acceptedEmulatedRoots,
    ...(policy.minimumTcbStatus === undefined ? {} : { minimumTcbStatus: policy.minimumTcbStatus }),
    ...(policy.maxCollateralAgeMs === undefined ? {} : { maxCollateralAgeMs: policy.maxCollateralAgeMs }),
    // A shard without a configuration is one whose name is the measurement.
    fingerprints: [await registry.activeFingerprint(shard) ?? enclaveFingerprint(shard)],
    genesis: policy.genesis,
    shard,
    nowMs: policy.nowMs,
  });
  if (!held.ok) return held;
  if (policy.tlsCertHash !== undefined && !equalBytes(policy.tlsCertHash, held.value.statement.tlsCertHash)) {
    return err({ code: "TlsCertificateMismatch" });
  }
  const registration = await registry.findEnclave(statement.signer);
  if (registration === undefined) return err({ code: "EnclaveNotRegistered", signer: statement.signer });
  if (!equalBytes(registration.fingerprint, statement.fingerprint)) {
    return err({ code: "RegisteredFingerprintMismatch", registered: registration.fingerprint });
  }
  if (!registration.isAttested && !policy.acceptUnattested) return err({ code: "RegistrationUnattested" });
  if (!await registry.isListed(shard, statement.signer)) {
    return err({ code: "NotListedForShard", signer: statement.signer });
  }
  if (statement.hasRoot && !policy.acceptRoot) return err({ code: "ShardHasRoot" });
  return ok({
    statement,
    rootName: held.value.root.name,
    isEmulated: held.value.emulated,
    tcb: held.value.tcb,
    isUnattested: !registration.isAttested,
    isConnectionBound: policy.tlsCertHash !== undefined,
  });
}

/** The same in short: what the enclave is, how far it was verified, and loudly that it is emulated if it is. */
export function summariseTrust(enclave: TrustedEnclave): string[] {
  const { fingerprint, parentchainFinality } = enclave.statement;
  const registration = enclave.isUnattested ? "registered without attestation" : "registered with attestation";
  const lines = [
    `enclave ${encodeBase58(fingerprint)} verified: quote, keys, ${
      enclave.isConnectionBound ? "connection, " : ""
    }${registration}, finality ${parentchainFinality}`,
  ];
  if (enclave.isEmulated) lines.push("EMULATED: the processor is a program, and the host of this enclave can read it");
  return lines;
}

/** Sentences that tell a person what was verified and what was not. */
export function explainTrust(enclave: TrustedEnclave): string[] {
  const { statement } = enclave;
  const lines = [
    `enclave ${encodeBase58(statement.fingerprint)} of signer ${toHex(statement.signer)}`,
    `shard ${encodeBase58(statement.shard)} on the parentchain with genesis ${toHex(statement.genesis)}`,
    `quote verified up to the root "${enclave.rootName}"`,
    `keys stated until ${statement.notAfterMs} ms, parentchain finality "${statement.parentchainFinality}"`,
    enclave.isUnattested
      ? "registered on the parentchain without attestation (skipped)"
      : "registered on the parentchain with attestation",
  ];
  if (statement.hasRoot) lines.push("the shard is for tests: a root account can set balances");
  if (enclave.tcb !== undefined) {
    const { tcbStatus, advisoryIds } = enclave.tcb;
    const advisories = advisoryIds.length === 0 ? "no known advisories" : advisoryIds.join(", ");
    lines.push(`platform "${tcbStatus}", ${advisories}`);
  }
  if (enclave.isConnectionBound) lines.push("connection ends in this enclave: its statement names the certificate");
  if (enclave.isEmulated) lines.push("EMULATED: the processor is a program, and the host of this enclave can read it");
  return lines;
}
