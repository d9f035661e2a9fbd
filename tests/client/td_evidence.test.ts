import "reflect-metadata";
import { describe, expect, it } from "vitest";
import { computeReportData } from "../../src/attestation/claim.ts";
import { KEY_STATEMENT_VERSION, type KeyStatement, signKeyStatement } from "../../src/attestation/key_statement.ts";
import { judgeEnclave } from "../../src/client/evidence_policy.ts";
import { ed25519FromSeed } from "../../src/crypto/ed25519.ts";
import { accountId, enclaveFingerprint, h256, shardIdentifier } from "../../src/primitives/branded.ts";
import { NOW_MS } from "../attestation/quote_builder.ts";
import { buildTdWorld } from "../attestation/td_world.ts";

const fill = (value: number, length = 32): Uint8Array => new Uint8Array(length).fill(value);
const pair = ed25519FromSeed(fill(5));
const statement: KeyStatement = {
  version: KEY_STATEMENT_VERSION,
  genesis: h256(fill(3)),
  shard: shardIdentifier(fill(2)),
  fingerprint: enclaveFingerprint(fill(1)),
  signer: accountId(pair.publicKey),
  instanceId: new Uint8Array(16),
  slotDurationMs: 300,
  rsaKeyHash: h256(fill(7)),
  x25519: fill(8),
  tlsCertHash: h256(fill(4)),
  epoch: 0,
  notBeforeMs: BigInt(NOW_MS),
  notAfterMs: BigInt(NOW_MS + 3_600_000),
  parentchainFinality: "proven",
  hasRoot: false,
};

describe("judgeEnclave() on trust domains", () => {
  it("reports NotAnEnclaveQuote, however well platform, statement and registration are", async () => {
    const { fingerprint, genesis, shard, tlsCertHash } = statement;
    const reportData = computeReportData(statement.signer, { type: "KeyStatement", value: statement });
    const { quote, collateral, root } = await buildTdWorld({ quote: { report: { mrTd: fill(1, 48), reportData } } });
    const registry = {
      findEnclave: () => Promise.resolve({ fingerprint, isAttested: true }),
      activeFingerprint: () => Promise.resolve(fingerprint),
    };
    const policy = {
      roots: [root],
      acceptedEmulatedRoots: [root.name],
      acceptUnattested: true,
      acceptRoot: true,
      genesis,
      shard,
      tlsCertHash,
      nowMs: NOW_MS,
    };
    const error = { code: "NotAnEnclaveQuote" };
    for (const given of [collateral, undefined]) {
      const evidence = {
        quote,
        statement,
        statementSignature: signKeyStatement(statement, pair),
        collateral: given,
      };
      expect(await judgeEnclave(evidence, registry, policy)).toEqual({ ok: false, error });
    }
  });
});
