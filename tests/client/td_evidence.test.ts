import "reflect-metadata";
import { describe, expect, it } from "vitest";
import { computeReportData } from "../../src/attestation/claim.ts";
import { signKeyStatement } from "../../src/attestation/key_statement.ts";
import { judgeEnclave } from "../../src/client/evidence_policy.ts";
import { NOW_MS } from "../attestation/quote_builder.ts";
import { buildTdWorld } from "../attestation/td_world.ts";
import { pair, statement } from "./sample_statement.ts";

const fill = (value: number, length = 32): Uint8Array => new Uint8Array(length).fill(value);

describe("judgeEnclave() on trust domains", () => {
  it("reports NotAnEnclaveQuote, however well platform, statement and registration are", async () => {
    const { fingerprint, genesis, shard, tlsCertHash } = statement;
    const reportData = computeReportData(statement.signer, { type: "KeyStatement", value: statement });
    const { quote, collateral, root } = await buildTdWorld({ quote: { report: { mrTd: fill(1, 48), reportData } } });
    const registry = {
      findEnclave: () => Promise.resolve({ fingerprint, isAttested: true }),
      activeFingerprint: () => Promise.resolve(fingerprint),
      isListed: () => Promise.resolve(true),
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
