/**
 * The evidence that this enclave gives of itself: a signed key statement, and a quote over it. Renewed when half of its
 * validity is over; a new quote for each statement.
 *
 * @module
 */
import { computeReportData } from "../attestation/claim.ts";
import { type Evidence, evidence as evidenceCodec } from "../attestation/evidence.ts";
import {
  computeShieldingKeyHash,
  type FinalityLevel,
  KEY_STATEMENT_VERSION,
  type KeyStatement,
  MAX_STATEMENT_VALIDITY_MS,
  signKeyStatement,
} from "../attestation/key_statement.ts";
import {
  accountId,
  type BlockHash,
  type EnclaveFingerprint,
  type H256,
  h256,
  type ShardIdentifier,
} from "../primitives/branded.ts";
import { unwrap } from "../primitives/result.ts";
import { shieldingKeyFromJson } from "../types/shielding_key.ts";
import type { Platform } from "./api/platform_client.ts";
import type { EnclaveKeys } from "./keys.ts";

/** What a statement is about. */
export interface EvidenceFacts {
  readonly genesis: BlockHash;
  readonly shard: ShardIdentifier;
  readonly fingerprint: EnclaveFingerprint;
  readonly instanceId: Uint8Array;
  readonly slotDurationMs: number;
  readonly tlsCertHash: H256;
  readonly finality: FinalityLevel;
  readonly hasRoot: boolean;
}

/** How long a statement is valid. */
export const STATEMENT_VALIDITY_MS = Number(MAX_STATEMENT_VALIDITY_MS);

/** Evidence as it is served, with the quote for registrations. */
export interface CurrentEvidence {
  readonly evidence: Evidence;
  readonly encoded: Uint8Array;
}

/** Makes and renews the evidence. */
export class EvidenceMaker {
  readonly #platform: Platform;
  readonly #keys: EnclaveKeys;
  readonly #facts: EvidenceFacts;
  #current: Promise<CurrentEvidence> | undefined;
  #renewAtMs = 0;

  constructor(platform: Platform, keys: EnclaveKeys, facts: EvidenceFacts) {
    this.#platform = platform;
    this.#keys = keys;
    this.#facts = facts;
  }

  /** The evidence that is valid now. @throws {PlatformError} If the platform gives no quote; the next call tries again. */
  async get(nowMs: number): Promise<CurrentEvidence> {
    if (this.#current === undefined || nowMs >= this.#renewAtMs) {
      this.#renewAtMs = nowMs + STATEMENT_VALIDITY_MS / 2;
      this.#current = this.#make(nowMs);
    }
    try {
      return await this.#current;
    } catch (error) {
      this.#current = undefined;
      throw error;
    }
  }

  async #make(nowMs: number): Promise<CurrentEvidence> {
    const { genesis, shard, fingerprint, instanceId, slotDurationMs, tlsCertHash, finality, hasRoot } = this.#facts;
    const { signer, session, epoch, shieldingJson } = this.#keys;
    const statement: KeyStatement = {
      version: KEY_STATEMENT_VERSION,
      genesis: h256(genesis),
      shard,
      fingerprint,
      signer: accountId(signer.publicKey),
      instanceId,
      slotDurationMs,
      rsaKeyHash: computeShieldingKeyHash(unwrap(shieldingKeyFromJson(shieldingJson))),
      x25519: session.publicKey,
      tlsCertHash,
      epoch,
      notBeforeMs: BigInt(nowMs),
      notAfterMs: BigInt(nowMs + STATEMENT_VALIDITY_MS),
      parentchainFinality: finality,
      hasRoot,
    };
    const reportData = computeReportData(statement.signer, { type: "KeyStatement", value: statement });
    const quote = await this.#platform.quote(reportData);
    const statementSignature = signKeyStatement(statement, signer);
    // An emulated processor has no collateral.
    const evidence = { quote, statement, statementSignature, collateral: undefined };
    return { evidence, encoded: evidenceCodec.encode(evidence) };
  }
}
