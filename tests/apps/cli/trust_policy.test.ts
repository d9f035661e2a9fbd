import { describe, expect, it } from "vitest";
import type { Evidence } from "../../../src/attestation/evidence.ts";
import type { GlobalOptions } from "../../../src/apps/cli/context.ts";
import { buildProgram } from "../../../src/apps/cli/program.ts";
import { describeTrustError, trustPolicy } from "../../../src/apps/cli/trust_policy.ts";
import { blockHash } from "../../../src/primitives/branded.ts";

const silent = { print: () => {}, note: () => {} };

function policyOf(args: readonly string[], isDevelopment = false) {
  const program = buildProgram(silent);
  const chain = { isDevelopment, genesisHash: blockHash(new Uint8Array(32)) };
  const connection = { shard: undefined, certificate: new Uint8Array(1), nowMs: 7 };
  // Options of the program are read before it looks for a command.
  program.parseOptions([...args]);
  return trustPolicy(program.opts<GlobalOptions>(), chain, connection);
}

describe("trustPolicy()", () => {
  it("wants platforms that are up to date, of any age that their collateral allows, unless told otherwise", () => {
    const policy = policyOf([]);
    expect(policy.minimumTcbStatus).toBe("UpToDate");
    expect(policy).not.toHaveProperty("maxCollateralAgeMs");
    const asked = policyOf(["--minimum-tcb-status", "SWHardeningNeeded", "--max-collateral-age", "3"]);
    expect(asked).toMatchObject({ minimumTcbStatus: "SWHardeningNeeded", maxCollateralAgeMs: 3 * 86_400_000 });
  });

  it("refuses words that are no status, a revoked platform, and ages that are no days", () => {
    expect(() => policyOf(["--minimum-tcb-status", "Revoked"])).toThrow(/Allowed choices are UpToDate/u);
    expect(() => policyOf(["--max-collateral-age", "-1"])).toThrow(/want a whole number/u);
    expect(() => policyOf(["--max-collateral-age", "1.5"])).toThrow(/want a whole number/u);
  });

  it("is lenient on a development chain, or when it is told to be, and not elsewhere", () => {
    const strict = { acceptUnattested: false, acceptRoot: false, acceptedEmulatedRoots: [] };
    expect(policyOf([])).toMatchObject(strict);
    for (const lenient of [policyOf([], true), policyOf(["--accept-emulated-enclave"])]) {
      expect(lenient).toMatchObject({ acceptUnattested: true, acceptRoot: true });
      expect(lenient.acceptedEmulatedRoots).toHaveLength(1);
    }
  });
});

describe("describeTrustError()", () => {
  const evidence = {} as Evidence;

  it("names the option that would accept the platform", () => {
    const status = { code: "TcbStatusNotAccepted", status: "OutOfDate", advisoryIds: ["INTEL-SA-1"] } as const;
    expect(describeTrustError(status, evidence)).toMatch(
      /"OutOfDate" \(advisories: INTEL-SA-1\).*--minimum-tcb-status/u,
    );
    const old = { code: "CollateralTooOld", ageMs: 31.5 * 86_400_000 } as const;
    expect(describeTrustError(old, evidence)).toMatch(/31\.5 days old.*--max-collateral-age/u);
  });
});
