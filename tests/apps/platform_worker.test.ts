import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EMULATED_DEVELOPMENT_ROOT } from "../../src/attestation/emulated_root.ts";
import { verifyQuoteSignature } from "../../src/attestation/verify_quote.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import { startEnclave } from "../../src/enclave/api/platform_host.ts";
import { loadPlatformSecret } from "../../src/enclave/deno/platform_secret.ts";
import { bundleEnclave, PROJECT_ROOT } from "../../src/host/deno/bundle.ts";
import { unwrap } from "../../src/primitives/result.ts";
import { takePorts } from "../ports.ts";

/** What the probe says of its surroundings. */
interface ProbeReport {
  readonly sealingKey: Uint8Array;
  readonly quote: Uint8Array;
  readonly denied: readonly string[];
  readonly listened: boolean;
  readonly globals: readonly string[];
}

const LISTEN = `127.0.0.1:${takePorts(1)[0]}`;
/** An enclave that tries everything it must not and asks for everything it may. */
const PROBE_ENTRY = "tests/apps/probe_enclave.ts";

let folder = "";
let bundle: Uint8Array;
beforeEach(async () => {
  folder = await Deno.makeTempDir();
  bundle ??= await bundleEnclave(PROJECT_ROOT, PROBE_ENTRY);
  await Deno.writeFile(join(folder, "enclave.js"), bundle);
});
afterEach(() => Deno.remove(folder, { recursive: true }));

function platformWorker(net: readonly string[] = [LISTEN]): Worker {
  const permissions = {
    read: [folder],
    write: [folder],
    net: [...net],
    env: false,
    run: false,
    ffi: false,
    sys: false,
  };
  return new Worker(new URL("../../src/apps/platform_worker.ts", import.meta.url), {
    type: "module",
    name: "platform",
    deno: { permissions: { ...permissions, import: false } },
  });
}

function options() {
  return { dataDir: folder, bundlePath: join(folder, "enclave.js"), listenAddresses: [LISTEN] };
}

async function probe(): Promise<{ measurement: Uint8Array; report: ProbeReport }> {
  const enclave = await startEnclave(platformWorker(), options());
  const report = await new Promise<ProbeReport>((resolve) => {
    enclave.ecalls.onmessage = (event) => resolve(event.data);
    enclave.ecalls.postMessage({ listen: LISTEN, readable: join(folder, "enclave.js") });
  });
  enclave.terminate();
  return { measurement: enclave.measurement, report };
}

describe("the platform worker", () => {
  it("starts exactly the measured bytes, with sealing key and quote, and keeps them from everything else", async () => {
    const { measurement, report } = await probe();
    expect(measurement).toEqual(sha256(bundle));
    const verified = unwrap(await verifyQuoteSignature(report.quote, [EMULATED_DEVELOPMENT_ROOT], Date.now()));
    expect(verified.quote.report.mrenclave).toEqual(measurement);
    expect(report.listened).toBe(true);
    expect(report.denied).toEqual(["read", "write", "env", "run", "sys", "listen elsewhere", "connect elsewhere"]);
    expect(report.globals).toEqual([]);
    const again = await probe();
    expect(again.report.sealingKey).toEqual(report.sealingKey);
    expect(report.sealingKey).not.toEqual(await loadPlatformSecret(folder));
  });

  it("gives a changed bundle another measurement and another sealing key", async () => {
    const first = await probe();
    await Deno.writeFile(join(folder, "enclave.js"), new Uint8Array([...bundle, 10]));
    const second = await probe();
    expect(second.measurement).not.toEqual(first.measurement);
    expect(second.report.sealingKey).not.toEqual(first.report.sealingKey);
  });

  it("reports what it could not use", async () => {
    const codeOf = async (change: Partial<ReturnType<typeof options>> & { platformRootPath?: string }) => {
      try {
        (await startEnclave(platformWorker(), { ...options(), ...change })).terminate();
        return "started";
      } catch (error) {
        return (error as { code?: string }).code;
      }
    };
    expect(await codeOf({ bundlePath: join(folder, "missing.js") })).toBe("BundleUnreadable");
    expect(await codeOf({ dataDir: join(folder, "missing") })).toBe("SecretUnusable");
    expect(await codeOf({ platformRootPath: join(folder, "missing.json") })).toBe("PlatformRootUnusable");
    expect(await codeOf({ listenAddresses: ["127.0.0.1:1"] })).toBe("EnclaveUnstartable");
  });

  it("tells the host when the enclave dies", async () => {
    await Deno.writeTextFile(join(folder, "enclave.js"), "globalThis.onmessage = () => { throw new Error('dead'); };");
    const enclave = await startEnclave(platformWorker(), options());
    await enclave.died;
    enclave.terminate();
  });
});
