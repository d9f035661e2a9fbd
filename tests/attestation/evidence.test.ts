import { describe, expect, it } from "vitest";
import { type Claim, claim, computeReportData } from "../../src/attestation/claim.ts";
import {
  type Evidence,
  evidence,
  type EvidencePolicy,
  verifyEvidence,
  verifyQuotedClaim,
} from "../../src/attestation/evidence.ts";
import {
  computeShieldingKeyHash,
  type KeyStatement,
  keyStatement,
  keyStatementSigningBytes,
  MAX_STATEMENT_VALIDITY_MS,
  signKeyStatement,
  STATEMENT_CLOCK_SKEW_MS,
  verifyKeyStatement,
} from "../../src/attestation/key_statement.ts";
import { blake2_256 } from "../../src/crypto/blake2.ts";
import { ed25519FromSeed } from "../../src/crypto/ed25519.ts";
import { accountId, enclaveFingerprint, h256, shardIdentifier } from "../../src/primitives/branded.ts";
import { concatBytes, utf8 } from "../../src/primitives/bytes.ts";
import { buildChain, buildQuote, type BuiltChain, NOW_MS, rootOf } from "./quote_builder.ts";

const SIGNER = ed25519FromSeed(new Uint8Array(32).fill(1));
const OTHER_SIGNER = ed25519FromSeed(new Uint8Array(32).fill(2));
const NOW = BigInt(NOW_MS);

const filled = (byte: number) => new Uint8Array(32).fill(byte);

function statement(change: Partial<KeyStatement> = {}): KeyStatement {
  return {
    version: 1,
    genesis: h256(filled(3)),
    shard: shardIdentifier(filled(4)),
    fingerprint: enclaveFingerprint(filled(5)),
    signer: accountId(SIGNER.publicKey),
    instanceId: new Uint8Array(16).fill(6),
    slotDurationMs: 300,
    rsaKeyHash: h256(filled(7)),
    x25519: filled(8),
    tlsCertHash: h256(filled(9)),
    epoch: 0,
    notBeforeMs: NOW - 1_000n,
    notAfterMs: NOW + 3_600_000n,
    parentchainFinality: "proven",
    hasRoot: false,
    ...change,
  };
}

async function evidenceOf(
  chain: BuiltChain,
  value: KeyStatement,
  { signer = SIGNER, mrenclave = filled(5), attributeFlags = 5n, about = value } = {},
): Promise<Evidence> {
  const reportData = computeReportData(accountId(SIGNER.publicKey), { type: "KeyStatement", value: about });
  return {
    quote: await buildQuote(chain, { report: { mrenclave, reportData, attributeFlags } }),
    statement: value,
    statementSignature: signKeyStatement(value, signer),
    collateral: undefined,
  };
}

function policy(chain: BuiltChain, change: Partial<EvidencePolicy> = {}): EvidencePolicy {
  const { genesis, shard, fingerprint } = statement();
  const root = rootOf(chain);
  return {
    roots: [root],
    acceptedEmulatedRoots: [root.name],
    fingerprints: [fingerprint],
    genesis,
    shard,
    nowMs: NOW_MS,
    ...change,
  };
}

describe("key statements", () => {
  it("verifyKeyStatement() accepts the signer's signature inside the validity", () => {
    const value = statement();
    expect(verifyKeyStatement(value, signKeyStatement(value, SIGNER), NOW).ok).toBe(true);
  });

  it("the signed bytes are the domain and the encoding of fixed length", () => {
    const encoded = keyStatement.encode(statement());
    expect(keyStatementSigningBytes(statement())).toEqual(concatBytes(utf8("integritee-edge/statement/1"), encoded));
    expect(encoded).toHaveLength(1 + 7 * 32 + 16 + 4 + 4 + 8 + 8 + 1 + 1);
    expect(keyStatement.decode(encoded)).toEqual(statement());
    encoded[encoded.length - 2] = 3;
    expect(() => keyStatement.decode(encoded)).toThrow("finality");
  });

  it("verifyKeyStatement() reports StatementSignatureInvalid when any field differs from the signed one", () => {
    const signature = signKeyStatement(statement(), SIGNER);
    const changes: Partial<KeyStatement>[] = [
      { genesis: h256(filled(0)) },
      { shard: shardIdentifier(filled(0)) },
      { fingerprint: enclaveFingerprint(filled(0)) },
      { signer: accountId(OTHER_SIGNER.publicKey) },
      { instanceId: new Uint8Array(16) },
      { slotDurationMs: 301 },
      { rsaKeyHash: h256(filled(0)) },
      { x25519: filled(0) },
      { tlsCertHash: h256(filled(0)) },
      { epoch: 1 },
      { notBeforeMs: NOW },
      { notAfterMs: NOW + 5n },
      { parentchainFinality: "sealed" },
      { hasRoot: true },
    ];
    for (const change of changes) {
      const verified = verifyKeyStatement(statement(change), signature, NOW);
      expect(verified, Object.keys(change)[0]).toEqual({ ok: false, error: { code: "StatementSignatureInvalid" } });
    }
  });

  it("verifyKeyStatement() reports versions, windows and clocks", () => {
    const codeOf = (change: Partial<KeyStatement>, nowMs = NOW) => {
      const value = statement(change);
      const verified = verifyKeyStatement(value, signKeyStatement(value, SIGNER), nowMs);
      return verified.ok ? "accepted" : verified.error.code;
    };
    const longest = statement().notBeforeMs + MAX_STATEMENT_VALIDITY_MS;
    expect(codeOf({ version: 2 })).toBe("StatementVersionUnsupported");
    expect(codeOf({ notAfterMs: statement().notBeforeMs })).toBe("StatementWindowInvalid");
    expect(codeOf({ notAfterMs: 0n })).toBe("StatementWindowInvalid");
    expect(codeOf({ notAfterMs: longest + 1n })).toBe("StatementWindowInvalid");
    expect(codeOf({ notAfterMs: longest })).toBe("accepted");
    const { notBeforeMs, notAfterMs } = statement();
    expect(codeOf({}, notBeforeMs - STATEMENT_CLOCK_SKEW_MS)).toBe("accepted");
    expect(codeOf({}, notBeforeMs - STATEMENT_CLOCK_SKEW_MS - 1n)).toBe("StatementNotYetValid");
    expect(codeOf({}, notAfterMs + STATEMENT_CLOCK_SKEW_MS)).toBe("accepted");
    expect(codeOf({}, notAfterMs + STATEMENT_CLOCK_SKEW_MS + 1n)).toBe("StatementExpired");
  });

  it("computeShieldingKeyHash() is over both numbers", () => {
    const key = { n: new Uint8Array(384).fill(1), e: new Uint8Array([1, 0, 1, 0]) };
    expect(computeShieldingKeyHash(key)).toEqual(blake2_256(concatBytes(key.n, key.e)));
  });
});

describe("claims", () => {
  const provisioning: Claim = {
    type: "Provisioning",
    value: { spkiHash: h256(filled(1)), role: "requester", peerNonce: filled(2) },
  };

  it("the codec writes the index first and refuses unknown roles", () => {
    expect(claim.encode({ type: "KeyStatement", value: statement() })[0]).toBe(0);
    const encoded = claim.encode(provisioning);
    expect(encoded[0]).toBe(1);
    expect(claim.decode(encoded)).toEqual(provisioning);
    encoded[33] = 2;
    expect(() => claim.decode(encoded)).toThrow("role");
  });

  it("computeReportData() is the signer and the hash of the claim", () => {
    const signer = accountId(SIGNER.publicKey);
    const hash = blake2_256(concatBytes(utf8("integritee-edge/report/1"), claim.encode(provisioning)));
    expect(computeReportData(signer, provisioning)).toEqual(concatBytes(signer, hash));
  });

  it("verifyQuotedClaim() reports ClaimUnbound when nonce, role or certificate are others", async () => {
    const chain = await buildChain();
    const signer = accountId(SIGNER.publicKey);
    const reportData = computeReportData(signer, provisioning);
    const quote = await buildQuote(chain, { report: { reportData, mrenclave: filled(5) } });
    expect((await verifyQuotedClaim(quote, signer, provisioning, policy(chain))).ok).toBe(true);
    const { value } = provisioning;
    for (const change of [{ peerNonce: filled(9) }, { role: "provider" as const }, { spkiHash: h256(filled(9)) }]) {
      const other: Claim = { type: "Provisioning", value: { ...value, ...change } };
      const verified = await verifyQuotedClaim(quote, signer, other, policy(chain));
      expect(verified).toEqual({ ok: false, error: { code: "ClaimUnbound" } });
    }
  });
});

describe("verifyEvidence()", () => {
  it("accepts good evidence, says that it is emulated, and wants collateral if it is not", async () => {
    const chain = await buildChain();
    const good = evidence.decode(evidence.encode(await evidenceOf(chain, statement())));
    const verified = await verifyEvidence(good, policy(chain, { signer: accountId(SIGNER.publicKey) }));
    expect(verified).toMatchObject({ ok: true, value: { emulated: true, debug: false, statement: statement() } });
    const hardware = await verifyEvidence(good, policy(chain, { roots: [rootOf(chain, false)] }));
    expect(hardware).toEqual({ ok: false, error: { code: "CollateralMissing" } });
  });

  it("reports what the policy does not accept", async () => {
    const chain = await buildChain();
    const good = await evidenceOf(chain, statement());
    const codeOf = async (change: Partial<EvidencePolicy>) => {
      const verified = await verifyEvidence(good, policy(chain, change));
      return verified.ok ? "accepted" : verified.error.code;
    };
    expect(await codeOf({ roots: [] })).toBe("RootUnknown");
    expect(await codeOf({ fingerprints: [] })).toBe("FingerprintNotAccepted");
    expect(await codeOf({ fingerprints: [enclaveFingerprint(filled(0))] })).toBe("FingerprintNotAccepted");
    expect(await codeOf({ genesis: h256(filled(0)) })).toBe("GenesisMismatch");
    expect(await codeOf({ shard: shardIdentifier(filled(0)) })).toBe("ShardMismatch");
    expect(await codeOf({ signer: accountId(OTHER_SIGNER.publicKey) })).toBe("SignerMismatch");
    expect(await codeOf({ nowMs: NOW_MS + 2 * 3_600_000 })).toBe("StatementExpired");
    expect(await codeOf({ nowMs: NOW_MS - 3_600_000 })).toBe("StatementNotYetValid");
  });

  it("reports DebugEnclave unless the policy allows it", async () => {
    const chain = await buildChain();
    const debug = await evidenceOf(chain, statement(), { attributeFlags: 7n });
    expect(await verifyEvidence(debug, policy(chain))).toEqual({ ok: false, error: { code: "DebugEnclave" } });
    const allowed = await verifyEvidence(debug, policy(chain, { allowDebug: true }));
    expect(allowed).toMatchObject({ ok: true, value: { debug: true } });
  });

  it("reports ClaimUnbound when the quote is about another statement of the same signer", async () => {
    const chain = await buildChain();
    const replayed = await evidenceOf(chain, statement(), { about: statement({ x25519: filled(0) }) });
    expect(await verifyEvidence(replayed, policy(chain))).toEqual({ ok: false, error: { code: "ClaimUnbound" } });
  });

  it("reports SignerUnbound when the statement names another signer than the quote", async () => {
    const chain = await buildChain();
    const value = statement({ signer: accountId(OTHER_SIGNER.publicKey) });
    const stolen = await evidenceOf(chain, value, { signer: OTHER_SIGNER });
    expect(await verifyEvidence(stolen, policy(chain))).toEqual({ ok: false, error: { code: "SignerUnbound" } });
  });

  it("reports StatementSignatureInvalid when another key signed the statement", async () => {
    const chain = await buildChain();
    const forged = await evidenceOf(chain, statement(), { signer: OTHER_SIGNER });
    const error = { code: "StatementSignatureInvalid" };
    expect(await verifyEvidence(forged, policy(chain))).toEqual({ ok: false, error });
  });

  it("reports StatementFingerprintMismatch when the statement claims another accepted measurement", async () => {
    const chain = await buildChain();
    const mixed = await evidenceOf(chain, statement(), { mrenclave: filled(0xaa) });
    const fingerprints = [enclaveFingerprint(filled(5)), enclaveFingerprint(filled(0xaa))];
    const error = { code: "StatementFingerprintMismatch" };
    expect(await verifyEvidence(mixed, policy(chain, { fingerprints }))).toEqual({ ok: false, error });
  });

  it("the codec refuses every cut and a quote above the largest length", async () => {
    const encoded = evidence.encode(await evidenceOf(await buildChain(), statement()));
    for (let length = 0; length < encoded.length; length += 7) {
      expect(() => evidence.decode(encoded.subarray(0, length))).toThrow();
    }
    expect(() => evidence.decode(concatBytes(encoded, new Uint8Array(1)))).toThrow();
  });
});
