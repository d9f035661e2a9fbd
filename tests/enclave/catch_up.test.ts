import { describe, expect, it } from "vitest";
import { unwrap } from "../../src/primitives/result.ts";
import { TestChain } from "../parentchain/builders.ts";
import { follow, inputOf, offer } from "./hostile/fixtures.ts";
import { TestHost } from "./harness.ts";

describe("Enclave that catches up with the parentchain", () => {
  it("takes as many blocks at once as a node leaves between two justifications that it stores", async () => {
    const host = new TestHost(new TestChain());
    unwrap(await host.init({ finality: 0, payoutFinality: 0 }));
    unwrap(await host.initParentchain());
    await follow(host, { storage: host.listed() });
    const blocks = host.chain.buildMany(host.tip, 513);
    const inputs = [];
    for (const block of blocks) {
      const justification = block === blocks.at(-1) ? host.chain.justify(block) : undefined;
      inputs.push(await inputOf(host, block, justification));
    }
    expect(unwrap(await offer(host, inputs)).number).toBe(514);
    host.nowMs += 2_100;
    expect((await host.slot()).code).toBe("Authored");
  }, 60_000);
});
