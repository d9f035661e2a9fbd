import { describe, expect, it, vi } from "vitest";
import { type EndpointSources, startEndpoints } from "../../src/apps/validateer/endpoints.ts";
import { createHostMetrics } from "../../src/host/metrics.ts";
import { LinkError } from "../../src/host/parentchain/link_error.ts";

const VAULT = new Uint8Array(32).fill(2);

/** Doubles of what the endpoints show, with a parentchain that answers or does not. */
function sources(freeBalance: () => Promise<bigint>): EndpointSources {
  const options = {
    wsExternal: false,
    untrustedWorkerPort: 0,
    untrustedHttpPort: 0,
    metricsPort: 0,
    enableMetrics: true,
  };
  const enclave = [
    { name: "enclave_sidechain_block_height", kind: 0, labels: [], value: "7" },
    { name: "enclave_sidechain_peer_count", kind: 0, labels: [], value: "1" },
    { name: "enclave_sidechain_missed_slots", kind: 1, labels: [], value: "0" },
  ];
  return {
    options,
    service: { health: () => Promise.resolve({ vault: VAULT }), call: () => Promise.resolve(enclave) },
    blocks: {},
    identity: { signer: new Uint8Array(32).fill(1), shard: new Uint8Array(32) },
    metrics: createHostMetrics(false),
    link: { facts: { metadata: { ss58Prefix: 42 }, tokenDecimals: 12 }, freeBalance },
  } as unknown as EndpointSources;
}

async function metricsOf(given: EndpointSources): Promise<string> {
  const endpoints = startEndpoints(given);
  try {
    const response = await fetch(`http://127.0.0.1:${endpoints.metrics?.port}/metrics`);
    expect(response.status).toBe(200);
    return await response.text();
  } finally {
    await endpoints.stop();
  }
}

describe("/metrics", () => {
  it("shows balances of the signer and the vault, and each family once", async () => {
    const text = await metricsOf(sources(() => Promise.resolve(1_500_000_000_000n)));
    expect(text.match(/^integritee_worker_account_free_balance\{.*\} 1\.5$/gm)).toHaveLength(2);
    const families = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
    expect(families).toEqual([...new Set(families)]);
  });

  it("is served while the parentchain does not answer, without the balances it had", async () => {
    let isGone = false;
    const given = sources(() =>
      isGone ? Promise.reject(new LinkError("BadAnswer", "the node is gone")) : Promise.resolve(1n)
    );
    expect(await metricsOf(given)).toMatch(/^integritee_worker_account_free_balance\{/m);
    isGone = true;
    const text = await metricsOf(given);
    expect(text).toContain("integritee_worker_enclave_sidechain_block_height 7");
    expect(text).not.toMatch(/^integritee_worker_account_free_balance\{/m);
  });

  it("asks for all balances at once, so that a slow node is waited for once", async () => {
    const all = Promise.withResolvers<void>();
    let asked = 0;
    const given = sources(async () => {
      if (++asked === 2) all.resolve();
      await all.promise;
      return 1n;
    });
    expect((await metricsOf(given)).match(/^integritee_worker_account_free_balance\{/gm)).toHaveLength(2);
  });

  it("is served while the parentchain leaves questions open, without the balances, also those that come late", async () => {
    const late = Promise.withResolvers<bigint>();
    let isSilent = false;
    const given = sources(() => isSilent ? late.promise : Promise.resolve(1n));
    expect(await metricsOf(given)).toMatch(/^integritee_worker_account_free_balance\{/m);
    isSilent = true;
    const text = await metricsOf(given);
    expect(text).toContain("integritee_worker_enclave_sidechain_block_height 7");
    expect(text).not.toMatch(/^integritee_worker_account_free_balance\{/m);
    late.resolve(1n);
    await late.promise;
    expect(await given.metrics.registry.metrics()).not.toMatch(/^integritee_worker_account_free_balance\{/m);
  });

  it("fails with what is no failure of the parentchain", async () => {
    const endpoints = startEndpoints(sources(() => Promise.reject(new TypeError("a mistake"))));
    const printed = vi.spyOn(console, "error").mockImplementation(() => {});
    const response = await fetch(`http://127.0.0.1:${endpoints.metrics?.port}/metrics`);
    expect(response.status).toBe(500);
    await response.body?.cancel();
    printed.mockRestore();
    await endpoints.stop();
  });
});
