import "reflect-metadata";
import { describe, expect, it } from "vitest";
import { computeReportData } from "../../src/attestation/claim.ts";
import { evidence as evidenceCodec } from "../../src/attestation/evidence.ts";
import { signKeyStatement } from "../../src/attestation/key_statement.ts";
import { explainTrust, judgeEnclave, type TrustPolicy } from "../../src/client/evidence_policy.ts";
import { unwrap } from "../../src/primitives/result.ts";
import { buildWorld, tcbLevel, type World } from "../attestation/pki_builder.ts";
import { NOW_MS } from "../attestation/quote_builder.ts";
import { pair, statement } from "./sample_statement.ts";

function worldOf(status: string): Promise<World> {
  const reportData = computeReportData(statement.signer, { type: "KeyStatement", value: statement });
  return buildWorld({
    tcbInfo: { tcbLevels: [tcbLevel(1, status, ["INTEL-SA-00615"])] },
    quote: { report: { mrenclave: statement.fingerprint, reportData } },
  });
}

async function judge({ quote, collateral, root }: World, change: Partial<TrustPolicy> = {}, withCollateral = true) {
  const { genesis, shard, tlsCertHash, fingerprint } = statement;
  const registry = {
    findEnclave: () => Promise.resolve({ fingerprint, isAttested: true }),
    activeFingerprint: () => Promise.resolve(fingerprint),
    isListed: () => Promise.resolve(true),
  };
  const evidence = evidenceCodec.decode(evidenceCodec.encode({
    quote,
    statement,
    statementSignature: signKeyStatement(statement, pair),
    collateral: withCollateral ? collateral : undefined,
  }));
  const policy = {
    roots: [root],
    acceptedEmulatedRoots: [],
    acceptUnattested: false,
    acceptRoot: false,
    genesis,
    shard,
    tlsCertHash,
  };
  return await judgeEnclave(evidence, registry, { ...policy, nowMs: NOW_MS, ...change });
}

describe("judgeEnclave() on real platforms", () => {
  it("trusts one that is up to date by its collateral, and names its advisories", async () => {
    const judged = unwrap(await judge(await worldOf("UpToDate")));
    expect(judged).toMatchObject({ isEmulated: false, tcb: { tcbStatus: "UpToDate" } });
    const text = explainTrust(judged).join("\n");
    expect(text).toContain('platform "UpToDate", INTEL-SA-00615');
    expect(text).not.toContain("EMULATED");
  });

  it("reports TcbStatusNotAccepted unless the policy takes the status", async () => {
    const world = await worldOf("SWHardeningNeeded");
    const error = { code: "TcbStatusNotAccepted", status: "SWHardeningNeeded", advisoryIds: ["INTEL-SA-00615"] };
    expect(await judge(world)).toEqual({ ok: false, error });
    expect(await judge(world, { minimumTcbStatus: "SWHardeningNeeded" })).toMatchObject({ ok: true });
  });

  it("reports CollateralTooOld beyond the age that the policy takes", async () => {
    const world = await worldOf("UpToDate");
    const day = 86_400_000;
    expect(await judge(world, { maxCollateralAgeMs: day })).toMatchObject({ ok: true });
    const error = { code: "CollateralTooOld", ageMs: day };
    expect(await judge(world, { maxCollateralAgeMs: day - 1 })).toEqual({ ok: false, error });
  });

  it("reports CollateralMissing without collateral", async () => {
    expect(await judge(await worldOf("UpToDate"), {}, false)).toEqual({
      ok: false,
      error: { code: "CollateralMissing" },
    });
  });
});
