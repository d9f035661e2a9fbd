import { describe, expect, it } from "vitest";
import { type Health, type Identity, type InitRequest, PHASES } from "../../src/enclave/api/ecall_values.ts";
import type { EnclaveHost } from "../../src/host/enclave_host.ts";
import { createHostMetrics } from "../../src/host/metrics.ts";
import { type ParentchainLink, type ServicePorts, ValidateerService } from "../../src/host/service.ts";
import { ok } from "../../src/primitives/result.ts";

const never = new Promise<never>(() => {});
const IDENTITY = {} as Identity;

/** A service whose enclave and node do what they are asked at once, and what they were asked. */
function build(changes: { ecalls?: Record<string, Promise<unknown>>; link?: Partial<ParentchainLink> } = {}) {
  const trace: string[] = [];
  const stop = new AbortController();
  const health = { phase: PHASES.indexOf("running") } as Health;
  const answers: Record<string, unknown> = { health, start_rpc: 2000, start_provisioning: 3443 };
  const host = {
    call: async (name: string) => {
      trace.push(name);
      return ok(await (changes.ecalls?.[name] ?? answers[name]));
    },
  } as unknown as EnclaveHost;
  const link = {
    info: async () => new Uint8Array(),
    follow: async () => void trace.push("follow"),
    stop: () => Promise.resolve(),
    ...changes.link,
  };
  const ports: ServicePorts = {
    ...{ host, link, metrics: createHostMetrics(false), log: () => {}, stop: stop.signal },
    timer: { now: () => 0, after: () => () => {} },
    fund: async () => void trace.push("fund"),
  };
  return { trace, stop, ports };
}

describe("ValidateerService.sync()", () => {
  it("pays, follows the parentchain, and opens the endpoints, in this order", async () => {
    const { trace, ports } = build();
    expect(await new ValidateerService(ports).sync(IDENTITY)).toBe(2000);
    expect(trace).toEqual(["fund", "init_parentchain", "follow", "health", "start_rpc", "start_provisioning"]);
  });

  it.each<[string, (late: Promise<void>) => ReturnType<typeof build>, readonly string[]]>([
    ["is paid", (late) => {
      const built = build();
      return { ...built, ports: { ...built.ports, fund: () => late } };
    }, []],
    ["waits for the node", (late) => build({ link: { info: () => late.then(() => new Uint8Array()) } }), ["fund"]],
    ["follows the parentchain", (late) => build({ link: { follow: () => late } }), ["fund", "init_parentchain"]],
    [
      "waits for the shard",
      () => build({ ecalls: { health: Promise.resolve({ phase: PHASES.indexOf("provisioning") }) } }),
      ["fund", "init_parentchain", "follow", "health"],
    ],
  ])("ends at the signal while it %s, and begins nothing more", async (_, make, begun) => {
    const late = Promise.withResolvers<void>();
    const { trace, stop, ports } = make(late.promise);
    const synced = new ValidateerService(ports).sync(IDENTITY);
    // All that is done at once has been done after this.
    await new Promise((resolve) => setTimeout(resolve));
    stop.abort();
    await expect(synced).rejects.toBe(stop.signal.reason);
    late.resolve();
    await new Promise((resolve) => setTimeout(resolve));
    expect(trace).toEqual(begun);
  });
});

describe("ValidateerService.recover()", () => {
  it("ends at the signal while the enclave reads its state", async () => {
    const { stop, ports } = build({ ecalls: { init: never } });
    const recovered = new ValidateerService(ports).recover({} as InitRequest);
    stop.abort();
    await expect(recovered).rejects.toBe(stop.signal.reason);
  });

  it("reports StillRecovering when the enclave asks for nothing and has no state", async () => {
    const { ports } = build({ ecalls: { health: Promise.resolve({ phase: PHASES.indexOf("recovering") }) } });
    await expect(new ValidateerService(ports).recover({} as InitRequest)).rejects
      .toMatchObject({ code: "StillRecovering" });
  });
});
