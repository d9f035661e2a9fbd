import "reflect-metadata";
import { beforeAll, describe, expect, it } from "vitest";
import { buildTdWorld, tdQuoteOfWorld } from "../../attestation/td_world.ts";
import { rootOf } from "../../attestation/quote_builder.ts";
import { codeOf, type Fixtures, makeFixtures, provision } from "./world.ts";

let fixtures: Fixtures;
beforeAll(async () => {
  fixtures = await makeFixtures();
});

describe("a trust domain instead of an enclave", () => {
  it.each(["requester", "provider"] as const)("is refused as %s: NotAnEnclaveQuote", async (role) => {
    const platform = await buildTdWorld();
    const quote = (reportData: Uint8Array) => tdQuoteOfWorld(platform, { report: { reportData } });
    const own = rootOf(fixtures.chain);
    const roots = {
      roots: [own, { ...platform.root, isEmulated: true }],
      acceptedEmulatedRoots: [own.name, platform.root.name],
    };
    const other = role === "requester" ? "provider" : "requester";
    const { provided, received } = await provision(fixtures, { [role]: { quote }, [other]: { roots } });
    const [verifier, refused] = role === "requester" ? [provided, received] : [received, provided];
    expect(codeOf(verifier)).toBe("NotAnEnclaveQuote");
    expect(refused.ok).toBe(false);
  });
});
