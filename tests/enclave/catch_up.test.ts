import { describe, expect, it } from "vitest";
import { LIVE_IMPORT_BLOCKS } from "../../src/enclave/core/runtime.ts";
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

  it(
    "does its duties also if finality comes in steps of several blocks, but not in the middle of a long way",
    async () => {
      const host = new TestHost(new TestChain());
      unwrap(await host.init({ finality: 0, payoutFinality: 0 }));
      unwrap(await host.initParentchain());
      const step = async (count: number): Promise<void> => {
        const blocks = host.chain.buildMany(host.tip, count, { storage: host.listed() });
        const inputs = [];
        for (const block of blocks) {
          inputs.push(await inputOf(host, block, block === blocks.at(-1) ? host.chain.justify(block) : undefined));
        }
        unwrap(await offer(host, inputs));
        host.tip = blocks.at(-1) ?? host.tip;
      };
      await step(LIVE_IMPORT_BLOCKS + 1);
      expect(host.extrinsics).toEqual([]);
      await step(8);
      expect(host.extrinsics.map(({ purpose }) => purpose)).toContain("register_sgx_enclave");
    },
    60_000,
  );
});
