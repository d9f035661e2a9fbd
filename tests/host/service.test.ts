import { describe, expect, it } from "vitest";
import {
  type Health,
  type Identity,
  type ImportParentchainRequest,
  type InitParentchainRequest,
  type InitRequest,
  PHASES,
} from "../../src/enclave/api/ecall_values.ts";
import type { EcallError, EcallName } from "../../src/enclave/api/ecalls.ts";
import type { EnclaveHost } from "../../src/host/enclave_host.ts";
import { createHostMetrics } from "../../src/host/metrics.ts";
import {
  type FollowerPosition,
  type ParentchainImporter,
  type ParentchainLink,
  type ServicePorts,
  ValidateerService,
} from "../../src/host/service.ts";
import { err, ok, type Result } from "../../src/primitives/result.ts";

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

describe("ValidateerService after an import that failed", () => {
  /** An enclave whose follower takes each block, and whose imports fail as they are told to. */
  async function follow(asked: () => Result<unknown, EcallError>) {
    const world = { number: 0, failsAfter: true };
    const position = () => ({ number: world.number }) as FollowerPosition;
    const failure = { code: "InternalError", detail: "RangeError at somewhere" };
    const infos: Uint8Array[] = [];
    let importer: ParentchainImporter | undefined;
    const { ports } = build({
      link: {
        info: () => Promise.resolve(new Uint8Array([7])),
        follow: async (given) => void (importer = given),
      },
    });
    const call = async (name: EcallName, request: unknown) => {
      if (name === "init_parentchain") {
        infos.push((request as InitParentchainRequest).info);
        return infos.length === 1 ? ok(position()) : asked();
      }
      if (name !== "import_parentchain") return await ports.host.call(name, undefined as never);
      world.number += (request as ImportParentchainRequest).blocks.length;
      return world.failsAfter ? err(failure) : ok(position());
    };
    const service = new ValidateerService({ ...ports, host: { call } as unknown as EnclaveHost });
    await service.sync(IDENTITY);
    return { importer: importer as ParentchainImporter, world, position, infos };
  }

  const REPORTED = { name: "ServiceError", code: "InternalError", message: "RangeError at somewhere" };

  it("stands where the enclave's follower does, and reports the failure", async () => {
    const followed = await follow((): Result<unknown, EcallError> => ok(followed.position()));
    const { importer, world, infos } = followed;
    await expect(importer.importBlocks([new Uint8Array(), new Uint8Array()])).rejects.toMatchObject(REPORTED);
    expect(importer.position().number).toBe(2);
    expect(infos).toEqual([new Uint8Array([7]), new Uint8Array([7])]);
    world.failsAfter = false;
    expect((await importer.importBlocks([new Uint8Array()])).number).toBe(3);
    expect([importer.position().number, infos.length]).toEqual([3, 2]);
  });

  it("stands where it was if the enclave does not say, and reports the failure", async () => {
    const { importer } = await follow(() => err({ code: "Stopped", detail: "" }));
    await expect(importer.importBlocks([new Uint8Array()])).rejects.toMatchObject(REPORTED);
    expect(importer.position().number).toBe(0);
  });
});
