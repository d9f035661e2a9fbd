import { describe, expect, it, vi } from "vitest";
import { DutyRunner } from "../../src/enclave/core/duty_runner.ts";
import type { EnclaveHost } from "../../src/host/enclave_host.ts";
import { createHostMetrics } from "../../src/host/metrics.ts";
import { type ParentchainImporter, ValidateerService } from "../../src/host/service.ts";
import { blockInput } from "../../src/parentchain/parentchain_init.ts";
import { TestChain } from "../parentchain/builders.ts";
import { inputOf } from "../enclave/hostile/fixtures.ts";
import { TestHost } from "../enclave/harness.ts";

describe("a validateer whose enclave fails after it has taken parentchain blocks", () => {
  it("hands in the blocks after them, at level proven", async () => {
    const host = new TestHost(new TestChain());
    let importer: ParentchainImporter | undefined;
    const service = new ValidateerService({
      host: host as unknown as EnclaveHost,
      link: {
        info: () => Promise.resolve(host.infoRequest().info),
        follow: async (given) => void (importer = given),
        stop: () => Promise.resolve(),
      },
      // It stands still: the wait for the shard does not end.
      timer: { now: () => host.nowMs, after: () => () => {} },
      metrics: createHostMetrics(false),
      log: () => {},
      stop: new AbortController().signal,
      fund: () => Promise.resolve(),
    });
    host.identity = await service.recover(host.initRequest({ finality: 0, payoutFinality: 0 }));
    void service.sync(host.self).catch(() => {});
    await vi.waitUntil(() => importer !== undefined);
    const { position, importBlocks } = importer as ParentchainImporter;
    /** The next justified block, as a link hands it in: after the one at which it believes the enclave to stand. */
    const next = async () => {
      const parent = host.built.find(({ number }) => number === position().number) ?? host.tip;
      const block = host.chain.build(parent, { storage: host.listed() });
      host.built.push(block);
      return await importBlocks([blockInput.encode(await inputOf(host, block, host.chain.justify(block)))]);
    };
    expect((await next()).number).toBe(1);
    const broken = vi.spyOn(DutyRunner.prototype, "run").mockRejectedValueOnce(new RangeError("once"));
    await expect(next()).rejects.toMatchObject({ code: "InternalError" });
    expect(position().number).toBe(2);
    expect((await next()).number).toBe(3);
    broken.mockRestore();
  });
});
