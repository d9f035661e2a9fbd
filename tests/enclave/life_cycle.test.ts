import { describe, expect, it } from "vitest";
import { unwrap } from "../../src/primitives/result.ts";
import { TestChain } from "../parentchain/builders.ts";
import { TestHost } from "./harness.ts";

describe("Enclave at its first start", () => {
  it("begins on a parentchain of which no block but the first is final yet", async () => {
    const host = new TestHost(new TestChain());
    unwrap(await host.init());
    unwrap(await host.call("init_parentchain", host.infoRequest(0)));
    await host.parentchainBlock({ storage: host.listed() });
    host.nowMs += 2_100;
    expect((await host.slots(3)).at(-1)?.code).toBe("Authored");
  });

  it("authors block 1 once it is listed, and continues", async () => {
    const host = new TestHost(new TestChain());
    await host.start();
    const outcomes = await host.slots(6);
    expect(outcomes.map(({ code }) => code)).toEqual(Array(6).fill("Authored"));
    expect(host.disk.blocks.map(({ number }) => number)).toEqual([1n, 2n, 3n, 4n, 5n, 6n]);
    expect(host.broadcasts).toHaveLength(6);
    expect(host.fatal).toBeUndefined();
  });
});
