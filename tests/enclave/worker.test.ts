import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { evidence } from "../../src/attestation/evidence.ts";
import { EMULATED_DEVELOPMENT_ROOT } from "../../src/attestation/emulated_root.ts";
import { verifyEvidence } from "../../src/attestation/evidence.ts";
import { createMessageEnclavePort, type EnclavePort, type MessageEnd } from "../../src/enclave/api/enclave_port.ts";
import type { Effect } from "../../src/enclave/api/effects.ts";
import type { EcallName, EcallRequest } from "../../src/enclave/api/ecalls.ts";
import type { Identity } from "../../src/enclave/api/ecall_values.ts";
import { type PlatformWorker, type RunningEnclave, startEnclave } from "../../src/enclave/api/platform_host.ts";
import { ensureEnclaveBundle } from "../../src/host/deno/bundle.ts";
import { enclaveFingerprint, h256, shardIdentifier } from "../../src/primitives/branded.ts";
import { fromHex } from "../../src/primitives/hex.ts";
import { rpcReturnValue } from "../../src/types/rpc_return_value.ts";
import { TestChain } from "../parentchain/builders.ts";
import { takePorts } from "../ports.ts";
import { TestHost } from "./harness.ts";

let folder: string;
let running: RunningEnclave;
let port: EnclavePort;
let identity: Identity;
let rpcPort: number;
const files = new Map<string, Uint8Array>();
const [listenPort = 0] = takePorts(1);
const chain = new TestChain();
/** Only its requests are used: the enclave here is the one in the worker. */
const requests = new TestHost(chain);

async function call<N extends EcallName>(name: N, request: EcallRequest<N>) {
  const { result, effects } = await port.call(name, request);
  for (const effect of effects) await carryOut(effect);
  if (!result.ok) throw new TypeError(`${result.error.code}: ${result.error.detail}`);
  return result.value;
}

async function carryOut(effect: Effect): Promise<void> {
  if (effect.type === "write_file") {
    files.set(effect.value.name, effect.value.bytes);
    await call("file_written", { ticket: effect.value.ticket, ok: true });
  } else if (effect.type === "read_file") {
    await call("file_read", { ticket: effect.value.ticket, bytes: files.get(effect.value.name) });
  }
}

async function rpc(method: string): Promise<string> {
  const pem = `-----BEGIN CERTIFICATE-----\n${
    btoa(String.fromCharCode(...identity.tlsCertificate))
  }\n-----END CERTIFICATE-----\n`;
  const client = Deno.createHttpClient({ caCerts: [pem] });
  const socket = new WebSocket(`wss://127.0.0.1:${rpcPort}`, { client } as never);
  await new Promise((resolve) => socket.onopen = resolve);
  const answer = new Promise<string>((resolve) => socket.onmessage = ({ data }) => resolve(data));
  socket.send(JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: [] }));
  const { result } = JSON.parse(await answer);
  socket.close();
  client.close();
  return result;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "enclave-"));
  const { path } = await ensureEnclaveBundle();
  const worker = new Worker(new URL("../../src/apps/platform_worker.ts", import.meta.url), { type: "module" });
  running = await startEnclave(worker as unknown as PlatformWorker, {
    dataDir: folder,
    bundlePath: path,
    listenAddresses: [`127.0.0.1:${listenPort}`],
  });
  port = createMessageEnclavePort(running.ecalls as unknown as MessageEnd);
  identity = await call("init", { ...requests.initRequest(), nowMs: BigInt(Date.now()), listenPort });
  const { keys } = await call("init_parentchain", requests.infoRequest());
  requests.identity = identity;
  const block = chain.build(chain.genesis, { storage: requests.listed() });
  await call("import_parentchain", requests.importRequest([block], keys, Date.now()));
  rpcPort = await call("start_rpc", undefined);
}, 60_000);

afterAll(async () => {
  await call("shutdown", undefined);
  running.terminate();
  await rm(folder, { recursive: true });
});

describe("the measured enclave in its worker", () => {
  it("has the bundle's measurement as its fingerprint, and says that it is emulated", () => {
    expect(identity.fingerprint).toEqual(running.measurement);
    expect(identity.shard).toEqual(running.measurement);
    expect(identity.emulated).toBe(true);
  });

  it("ends TLS itself, with the certificate that it told", async () => {
    const value = rpcReturnValue.decode(fromHex(await rpc("author_getFingerprint"))).value;
    expect(value).toEqual(running.measurement);
  });

  it("gives evidence that a client accepts under the development root, and under no other", async () => {
    const value = rpcReturnValue.decode(fromHex(await rpc("attestation_getEvidence"))).value;
    const given = evidence.decode(value);
    const policy = {
      roots: [EMULATED_DEVELOPMENT_ROOT],
      acceptedEmulatedRoots: [EMULATED_DEVELOPMENT_ROOT.name],
      fingerprints: [enclaveFingerprint(running.measurement)],
      genesis: h256(chain.genesis.hash),
      shard: shardIdentifier(identity.shard),
      nowMs: Date.now(),
    };
    const accepted = await verifyEvidence(given, policy);
    expect(accepted.ok && accepted.value.emulated).toBe(true);
    for (const change of [{ roots: [] }, { acceptedEmulatedRoots: [] }]) {
      expect((await verifyEvidence(given, { ...policy, ...change })).ok).toBe(false);
    }
  });

  it("sealed its keys and its first snapshot before anything else", () => {
    expect([...files.keys()][0]).toBe("keys.sealed");
    expect([...files.keys()].some((name) => name.endsWith("/manifest"))).toBe(true);
  });

  it("answers health and metrics", async () => {
    expect((await call("health", undefined)).slotDurationMs).toBe(300);
    const names = (await call("metrics", undefined)).map(({ name }) => name);
    expect(names).toContain("enclave_sidechain_block_height");
    expect(names).toContain("enclave_rpc_requests");
  });
});
