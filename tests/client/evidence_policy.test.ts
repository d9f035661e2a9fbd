import { describe, expect, it } from "vitest";
import { computeReportData } from "../../src/attestation/claim.ts";
import {
  EMULATED_DEVELOPMENT_ROOT,
  EMULATED_DEVELOPMENT_ROOT_CERTIFICATE,
} from "../../src/attestation/emulated_root.ts";
import { type Evidence, evidence as evidenceCodec } from "../../src/attestation/evidence.ts";
import { KEY_STATEMENT_VERSION, type KeyStatement, signKeyStatement } from "../../src/attestation/key_statement.ts";
import { INTEL_SGX_ROOT } from "../../src/attestation/platform_root.ts";
import {
  type EnclaveRegistry,
  explainTrust,
  fetchEvidence,
  judgeEnclave,
  summariseTrust,
  type TrustPolicy,
} from "../../src/client/evidence_policy.ts";
import { connectWorkerRpc } from "../../src/client/worker_rpc.ts";
import { ed25519FromSeed } from "../../src/crypto/ed25519.ts";
import { EMULATED_DEVELOPMENT_ROOT_KEY } from "../../src/enclave/platform/development_root_key.ts";
import { createEmulatedProcessor, type EmulatedProcessor } from "../../src/enclave/platform/emulated_processor.ts";
import { accountId, enclaveFingerprint, h256, shardIdentifier } from "../../src/primitives/branded.ts";
import { toHex } from "../../src/primitives/hex.ts";
import { unwrap } from "../../src/primitives/result.ts";
import { rpcError, rpcOk, rpcReturnValue } from "../../src/types/rpc_return_value.ts";
import { FakeSocket, FakeTimer } from "./doubles.ts";

const NOW = Date.UTC(2025, 10, 21);
const pair = ed25519FromSeed(new Uint8Array(32).fill(5));
const signer = accountId(pair.publicKey);
const fill = (value: number): Uint8Array => new Uint8Array(32).fill(value);
const fingerprint = enclaveFingerprint(fill(1));
const shard = shardIdentifier(fill(2));
const genesis = h256(fill(3));
const tlsCertHash = h256(fill(4));

const processor: Promise<EmulatedProcessor> = createEmulatedProcessor(
  fill(6),
  { certificate: EMULATED_DEVELOPMENT_ROOT_CERTIFICATE, privateKey: EMULATED_DEVELOPMENT_ROOT_KEY },
  NOW,
);

async function makeEvidence(changes: Partial<KeyStatement> = {}): Promise<Evidence> {
  const statement: KeyStatement = {
    version: KEY_STATEMENT_VERSION,
    genesis,
    shard,
    fingerprint,
    signer,
    instanceId: new Uint8Array(16),
    slotDurationMs: 300,
    rsaKeyHash: h256(fill(7)),
    x25519: fill(8),
    tlsCertHash,
    epoch: 0,
    notBeforeMs: BigInt(NOW),
    notAfterMs: BigInt(NOW + 3_600_000),
    parentchainFinality: "proven",
    hasRoot: false,
    ...changes,
  };
  const reportData = computeReportData(signer, { type: "KeyStatement", value: statement });
  const quote = await (await processor).quote(fingerprint, reportData);
  return { quote, statement, statementSignature: signKeyStatement(statement, pair), collateral: undefined };
}

function registry(changes: Partial<EnclaveRegistry> = {}): EnclaveRegistry {
  return {
    findEnclave: () => Promise.resolve({ fingerprint, isAttested: true }),
    activeFingerprint: () => Promise.resolve(fingerprint),
    isListed: () => Promise.resolve(true),
    ...changes,
  };
}

const policy: TrustPolicy = {
  roots: [INTEL_SGX_ROOT, EMULATED_DEVELOPMENT_ROOT],
  acceptedEmulatedRoots: [EMULATED_DEVELOPMENT_ROOT.name],
  acceptUnattested: false,
  acceptRoot: false,
  genesis,
  shard,
  tlsCertHash,
  nowMs: NOW,
};

async function verdict(
  evidence: Promise<Evidence>,
  { policy: policyChanges = {}, registry: registryChanges = {} }: {
    policy?: Partial<TrustPolicy>;
    registry?: Partial<EnclaveRegistry>;
  } = {},
): Promise<string> {
  const judged = await judgeEnclave(await evidence, registry(registryChanges), { ...policy, ...policyChanges });
  return judged.ok ? "trusted" : judged.error.code;
}

describe("judgeEnclave()", () => {
  it("trusts an enclave that satisfies everything, and says by what", async () => {
    const judged = unwrap(await judgeEnclave(await makeEvidence(), registry(), policy));
    expect(judged).toMatchObject({
      rootName: EMULATED_DEVELOPMENT_ROOT.name,
      isEmulated: true,
      isUnattested: false,
      isConnectionBound: true,
    });
    expect(summariseTrust(judged).join("\n")).toMatch(/^enclave \w+ verified: .*connection.*\nEMULATED/u);
    const text = explainTrust(judged).join("\n");
    expect(text).toContain("EMULATED");
    expect(text).toContain(toHex(genesis));
    expect(text).toContain("names the certificate");
  });

  it("reports EmulatedEnclaveNotAccepted unless the root is named", async () => {
    expect(await verdict(makeEvidence(), { policy: { acceptedEmulatedRoots: [] } })).toBe("EmulatedEnclaveNotAccepted");
  });

  it("reports RootUnknown when the client does not know the root", async () => {
    expect(await verdict(makeEvidence(), { policy: { roots: [INTEL_SGX_ROOT] } })).toBe("RootUnknown");
  });

  it("reports TlsCertificateMismatch when somebody with another certificate relays true evidence", async () => {
    const relay = { policy: { tlsCertHash: h256(fill(9)) } };
    expect(await verdict(makeEvidence(), relay)).toBe("TlsCertificateMismatch");
    expect(await verdict(makeEvidence({ tlsCertHash: h256(fill(9)) }), relay)).toBe("trusted");
  });

  it("says when the connection is not bound", async () => {
    const loose = { ...policy, tlsCertHash: undefined };
    expect(unwrap(await judgeEnclave(await makeEvidence(), registry(), loose)).isConnectionBound).toBe(false);
  });

  it("reports GenesisMismatch and ShardMismatch for an enclave of elsewhere", async () => {
    expect(await verdict(makeEvidence(), { policy: { genesis: h256(fill(9)) } })).toBe("GenesisMismatch");
    expect(await verdict(makeEvidence(), { policy: { shard: shardIdentifier(fill(9)) } })).toBe("ShardMismatch");
    expect(await verdict(makeEvidence(), { policy: { shard: undefined } })).toBe("trusted");
  });

  it("reports FingerprintNotAccepted when the parentchain wants another measurement for the shard", async () => {
    const other = { registry: { activeFingerprint: () => Promise.resolve(enclaveFingerprint(fill(9))) } };
    expect(await verdict(makeEvidence(), other)).toBe("FingerprintNotAccepted");
  });

  it("takes the shard's name for the measurement when the parentchain has no configuration of it", async () => {
    const none = { activeFingerprint: () => Promise.resolve(undefined) };
    expect(await verdict(makeEvidence(), { registry: none })).toBe("FingerprintNotAccepted");
    const named = shardIdentifier(fingerprint);
    expect(await verdict(makeEvidence({ shard: named }), { policy: { shard: named }, registry: none })).toBe("trusted");
  });

  it("reports EnclaveNotRegistered, RegisteredFingerprintMismatch and RegistrationUnattested", async () => {
    const found = (value: Awaited<ReturnType<EnclaveRegistry["findEnclave"]>>) => ({
      registry: { findEnclave: () => Promise.resolve(value) },
    });
    expect(await verdict(makeEvidence(), found(undefined))).toBe("EnclaveNotRegistered");
    expect(await verdict(makeEvidence(), found({ fingerprint: enclaveFingerprint(fill(9)), isAttested: true })))
      .toBe("RegisteredFingerprintMismatch");
    const skipped = found({ fingerprint, isAttested: false });
    expect(await verdict(makeEvidence(), skipped)).toBe("RegistrationUnattested");
    expect(await verdict(makeEvidence(), { ...skipped, policy: { acceptUnattested: true } })).toBe("trusted");
  });

  it("reports NotListedForShard for an enclave that the parentchain does not list among the shard's validateers", async () => {
    const asked: unknown[] = [];
    const isListed = (...query: unknown[]) => Promise.resolve(asked.push(query) === 0);
    expect(await verdict(makeEvidence(), { registry: { isListed } })).toBe("NotListedForShard");
    expect(asked).toEqual([[shard, signer]]);
  });

  it("reports ShardHasRoot for a shard that was founded for tests, unless that is accepted", async () => {
    expect(await verdict(makeEvidence({ hasRoot: true }))).toBe("ShardHasRoot");
    expect(await verdict(makeEvidence({ hasRoot: true }), { policy: { acceptRoot: true } })).toBe("trusted");
  });

  it("reports ClaimUnbound when the statement was changed after the quote", async () => {
    const held = await makeEvidence();
    const statement = { ...held.statement, rsaKeyHash: h256(fill(9)) };
    const forged = { ...held, statement, statementSignature: signKeyStatement(statement, pair) };
    expect(await verdict(Promise.resolve(forged))).toBe("ClaimUnbound");
  });

  it("reports StatementExpired after its time", async () => {
    expect(await verdict(makeEvidence(), { policy: { nowMs: NOW + 2 * 3_600_000 } })).toBe("StatementExpired");
  });
});

describe("fetchEvidence()", () => {
  async function fetched(answer: unknown) {
    const socket = new FakeSocket();
    socket.onSend = ({ id }) => socket.answer(id, answer);
    return await fetchEvidence(await connectWorkerRpc(socket.open, new FakeTimer()));
  }

  it("decodes the evidence", async () => {
    const held = await makeEvidence();
    const answer = toHex(rpcReturnValue.encode(rpcOk(evidenceCodec.encode(held))));
    expect(unwrap(await fetched(answer))).toEqual(held);
  });

  it("reports MalformedAnswer and WorkerRefused", async () => {
    expect(await fetched("0x00")).toMatchObject({ error: { code: "MalformedAnswer" } });
    expect(await fetched(null)).toMatchObject({ error: { code: "MalformedAnswer" } });
    const refusal = toHex(rpcReturnValue.encode(rpcError("no quote")));
    expect(await fetched(refusal)).toMatchObject({ error: { code: "WorkerRefused", message: "no quote" } });
  });
});
