import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sha256 } from "../../src/crypto/sha256.ts";
import { CRYPTO_READY, type CryptoBoot } from "../../src/enclave/crypto_workers/crypto_job.ts";
import type { CryptoWorkerEnd, CryptoWorkerEvents } from "../../src/enclave/crypto_workers/crypto_worker.ts";
import { CryptoWorkers, type CryptoWorkerSource } from "../../src/enclave/crypto_workers/crypto_workers.ts";
import { takeCryptoWorkerSource } from "../../src/enclave/deno/nested_workers.ts";
import { ensureEnclaveBundle } from "../../src/host/deno/bundle.ts";
import { asBufferSource, utf8 } from "../../src/primitives/bytes.ts";
import { askAll, createSamples, type Samples } from "./crypto_workers/samples.ts";

const START_MS = 30_000;
const urls: string[] = [];
const started: CryptoWorkerEnd[] = [];

/** The source that an enclave of these bytes gets; this process keeps its `Worker`. */
async function sourceOf(bytes: Uint8Array, measurement = sha256(bytes)): Promise<CryptoWorkerSource> {
  const url = URL.createObjectURL(new Blob([asBufferSource(bytes)], { type: "text/javascript" }));
  urls.push(url);
  const { Worker } = globalThis;
  try {
    const source = await takeCryptoWorkerSource(url, measurement);
    expect("Worker" in globalThis).toBe(false);
    const spawn = (events: CryptoWorkerEvents) => {
      const end = source.spawn(events);
      started.push(end);
      return end;
    };
    return { ...source, spawn };
  } finally {
    globalThis.Worker = Worker;
  }
}

/** A script in place of the bundle, which posts what it finds out about itself. */
async function report<T>(script: string, boot: unknown = { type: "crypto_boot" }): Promise<T> {
  const { spawn } = await sourceOf(utf8(script));
  return await new Promise<T>((resolve, reject) => {
    const onGone = () => reject(new Error("the worker has died"));
    spawn({ onMessage: (data) => resolve(data as T), onGone }).send(boot as CryptoBoot, []);
  });
}

const PROBES: Readonly<Record<string, string>> = {
  read: `Deno.readTextFile("/etc/hostname")`,
  write: `Deno.writeTextFile("/tmp/integritee-probe", "x")`,
  list: `Array.fromAsync(Deno.readDir("/"))`,
  net: `Deno.connect({ hostname: "127.0.0.1", port: 4321 })`,
  listen: `Deno.listen({ hostname: "127.0.0.1", port: 0 })`,
  fetch: `fetch("http://127.0.0.1:4321/")`,
  env: `Deno.env.get("HOME")`,
  run: `new Deno.Command("true").output()`,
  sys: `Deno.hostname()`,
  ffi: `Deno.dlopen("libc.so.6", {})`,
  // Put together at run time: what can be read in the text is loaded, or not, when the worker starts.
  import: `import(["http://127.0.0.1", "4321/x.js"].join(":"))`,
};

const PROBE_SCRIPT = `onmessage = async () => {
  const found = {};
  for (const [name, probe] of Object.entries({
    ${Object.entries(PROBES).map(([name, code]) => `${name}: async () => await ${code}`).join(",\n    ")}
  })) {
    // Imports are refused with the loader's own error.
    const isDenied = ({ name, message }) => name === "NotCapable" || message.startsWith("Requires import access");
    found[name] = await probe().then(() => "allowed", (error) => isDenied(error) ? "denied" : String(error));
  }
  postMessage(found);
};`;

afterAll(() => {
  for (const end of started) end.terminate();
  for (const url of urls) URL.revokeObjectURL(url);
});

describe("a nested worker", () => {
  it("has no permission at all", async () => {
    const found = await report<Record<string, string>>(PROBE_SCRIPT);
    expect(Object.keys(found)).toEqual(Object.keys(PROBES));
    expect(new Set(Object.values(found))).toEqual(new Set(["denied"]));
  }, START_MS);

  it("gets a key that decrypts and that it cannot export", async () => {
    const { keys } = await createSamples();
    const script = `onmessage = async ({ data: { keys: { shieldingKey } } }) => {
      const exported = await crypto.subtle.exportKey("pkcs8", shieldingKey).then(() => "exported", ({ name }) => name);
      const { extractable, type, usages } = shieldingKey;
      postMessage({ exported, extractable, type, usages });
    };`;
    expect(await report(script, { type: "crypto_boot", keys })).toEqual({
      exported: "InvalidAccessError",
      extractable: false,
      type: "private",
      usages: ["decrypt"],
    });
  }, START_MS);

  it("is not started from bytes that were not measured, nor from an address that leads nowhere", async () => {
    const source = await sourceOf(utf8(PROBE_SCRIPT), sha256(utf8("something else")));
    expect(() => source.spawn({ onMessage: () => {}, onGone: () => {} })).toThrow(TypeError);
    const { Worker } = globalThis;
    const revoked = await takeCryptoWorkerSource("blob:null/00000000-0000-4000-8000-000000000000", sha256(utf8("")));
    globalThis.Worker = Worker;
    expect(() => revoked.spawn({ onMessage: () => {}, onGone: () => {} })).toThrow(TypeError);
  });

  it("is one of as many as there are cores but one, and of two at least where there are two", async () => {
    const cores = navigator.hardwareConcurrency;
    expect((await sourceOf(utf8(""))).count).toBe(cores <= 2 ? cores : Math.min(16, cores - 1));
  });
});

describe("CryptoWorkers over nested workers of the measured bundle", () => {
  let samples: Samples;
  let source: CryptoWorkerSource;
  const losses: [undone: number, restarts: boolean][] = [];
  let pool: CryptoWorkers;

  const until = async (isDone: () => boolean) => {
    const deadline = Date.now() + START_MS;
    while (!isDone()) {
      if (Date.now() > deadline) throw new Error("The workers do not answer");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };

  beforeAll(async () => {
    samples = await createSamples();
    source = await sourceOf((await ensureEnclaveBundle()).bytes);
    pool = new CryptoWorkers({
      keys: samples.keys,
      workers: { ...source, count: 2 },
      monotonicMs: () => performance.now(),
      pause: () => new Promise((resolve) => setTimeout(resolve, 0)),
      onLost: (undone, restarts) => losses.push([undone, restarts]),
    });
  }, 60_000);

  afterAll(() => pool?.stop());

  it("give the answers that are given inline, before they are ready and after", async () => {
    expect(pool.readyWorkers).toBe(0);
    const { answers, wanted } = await askAll(pool, samples);
    expect(answers).toEqual(wanted);
    await until(() => pool.readyWorkers === 2);
    expect((await askAll(pool, samples)).answers).toEqual(wanted);
    expect(losses).toEqual([]);
  }, START_MS);

  it("are started again when they die, and nothing is lost meanwhile", async () => {
    await until(() => pool.readyWorkers === 2);
    const asked = askAll(pool, samples);
    // Bytes that are no batch: the decoder throws in the worker.
    for (const end of started.slice(-2)) end.send({ id: 1_000_000, bytes: new Uint8Array([0xff]) }, []);
    const { answers, wanted } = await asked;
    expect(answers).toEqual(wanted);
    await until(() => losses.length === 2 && pool.readyWorkers === 2);
    expect(losses.map(([, restarts]) => restarts)).toEqual([true, true]);
    expect((await askAll(pool, samples)).answers).toEqual(wanted);
  }, 60_000);

  it("take one boot message only", async () => {
    const { keys } = samples;
    const messages: unknown[] = [];
    let gone = false;
    const end = source.spawn({ onMessage: (data) => messages.push(data), onGone: () => gone = true });
    end.send({ type: "crypto_boot", keys }, []);
    await until(() => messages.length === 1);
    end.send({ type: "crypto_boot", keys }, []);
    end.send({ id: 7, bytes: new Uint8Array([0]) }, []);
    await until(() => messages.length === 2);
    expect([messages, gone]).toEqual([[CRYPTO_READY, { id: 7, bytes: new Uint8Array([0]) }], false]);
  }, START_MS);
});
