import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { installFastCrypto } from "../../src/crypto/fast.ts";
import { shieldingPublicKeyFromJson } from "../../src/crypto/rsa_json.ts";
import { rsaEncrypt } from "../../src/crypto/rsa_oaep.ts";
import { sr25519FromSeed, type Sr25519Pair } from "../../src/crypto/sr25519.ts";
import { pairFromSuri } from "../../src/crypto/suri.ts";
import { createMessageEnclavePort, type EnclavePort, type MessageEnd } from "../../src/enclave/api/enclave_port.ts";
import { type PlatformWorker, type RunningEnclave, startEnclave } from "../../src/enclave/api/platform_host.ts";
import { ensureEnclaveBundle } from "../../src/host/deno/bundle.ts";
import { fromHex, toHex } from "../../src/primitives/hex.ts";
import { unwrap } from "../../src/primitives/result.ts";
import { directRequestStatus } from "../../src/types/direct_request_status.ts";
import { request } from "../../src/types/request.ts";
import { trustedOperation } from "../../src/types/trusted_operation.ts";
import { TestChain } from "../parentchain/builders.ts";
import { accountOf, signFor } from "./clients.ts";
import { TestHost } from "./harness.ts";
import { openWire, type Wire } from "./hostile/wire.ts";
import { takePorts } from "../ports.ts";

const SLOT_MS = 300;
const SENDERS = 6;
/** Below what a connection may send at once, and together above what may wait for smaller nonces. */
const CALLS = 100;
/**
 * Calls that may be answered while a slot waits for its turn: those of a few batches, or of some more if this process is
 * late in reading them, where one that had to wait for the work at hand would see hundreds.
 */
const MAX_ANSWERED_PER_SLOT = 100;

/** A host whose enclave is the measured one in its worker, at the time of this machine. */
class WorkerHost extends TestHost {
  override readonly port: EnclavePort;

  constructor(ecalls: MessagePort) {
    const chain = new TestChain();
    chain.startMs = BigInt(Date.now() - 10_000);
    super(chain);
    this.nowMs = Date.now();
    this.port = createMessageEnclavePort(ecalls as unknown as MessageEnd);
    this.port.onEffects = (effects) => void this.carryOut(effects);
  }

  /** Waits for the next slot of this machine's clock, then calls. */
  async nextSlot(begins: () => void = () => {}) {
    await new Promise((resolve) => setTimeout(resolve, SLOT_MS - Date.now() % SLOT_MS));
    begins();
    this.nowMs = Date.now();
    return unwrap(await this.call("on_slot", { nowMs: BigInt(this.nowMs) }));
  }
}

let folder: string;
let running: RunningEnclave;
let host: WorkerHost;
let key: CryptoKey;
const wires: Wire[] = [];

async function frame(id: number, from: Sr25519Pair, to: Sr25519Pair, amount: bigint, nonce: number): Promise<string> {
  const value = { from: accountOf(from), to: accountOf(to), amount };
  const signed = signFor(host, from, { type: "balance_transfer", value }, nonce);
  const cyphertext = await rsaEncrypt(key, trustedOperation.encode({ type: "direct_call", value: signed }));
  const params = [toHex(request.encode({ shard: host.shard, cyphertext }))];
  return JSON.stringify({ jsonrpc: "2.0", id, method: "author_submitAndWatchExtrinsic", params });
}

async function connect(port: number): Promise<Wire> {
  const wire = await openWire(port, host.identity?.tlsCertificate as Uint8Array);
  wires.push(wire);
  return wire;
}

async function readyWorkers(): Promise<number> {
  const metrics = unwrap(await host.call("metrics", undefined));
  return Number(metrics.find(({ name }) => name === "enclave_crypto_workers")?.value);
}

/** Reads what comes for the calls of one connection; told of each answer. The last statuses. */
async function finalStatuses(wire: Wire, onAnswer: () => void): Promise<readonly string[]> {
  const statuses: string[] = [];
  while (statuses.length < CALLS) {
    const { params } = JSON.parse((await wire.next(1))[0] as string);
    if (params === undefined) {
      onAnswer();
      continue;
    }
    const told = directRequestStatus.decode(fromHex(params.result));
    statuses.push(told.type === "TrustedOperationStatus" ? told.value.type : told.type);
  }
  return statuses;
}

beforeAll(async () => {
  await installFastCrypto();
  folder = await mkdtemp(join(tmpdir(), "enclave-"));
  const { path } = await ensureEnclaveBundle();
  const worker = new Worker(new URL("../../src/apps/platform_worker.ts", import.meta.url), { type: "module" });
  const [listenPort = 0] = takePorts(1);
  const listenAddresses = [`127.0.0.1:${listenPort}`];
  running = await startEnclave(worker as unknown as PlatformWorker, {
    dataDir: folder,
    bundlePath: path,
    listenAddresses,
  });
  host = new WorkerHost(running.ecalls);
  await host.start({ nowMs: BigInt(Date.now()), listenPort });
  key = await shieldingPublicKeyFromJson(host.identity?.shieldingKey as string);
}, 60_000);

afterAll(async () => {
  for (const wire of wires) wire.close();
  await host?.call("shutdown", undefined);
  running?.terminate();
  await rm(folder, { recursive: true });
});

it("a measured enclave under a load of pipelined calls keeps its slots, and includes every call", async () => {
  const port = unwrap(await host.call("start_rpc", undefined));
  const alice = pairFromSuri("//Alice");
  const senders = Array.from({ length: SENDERS }, (_, i) => sr25519FromSeed(new Uint8Array(32).fill(0xa0 + i)));
  const funder = await connect(port);
  for (const [i, sender] of senders.entries()) funder.send(await frame(i, alice, sender, 100_000_000_000_000n, i));
  await funder.next(SENDERS);
  while (await readyWorkers() === 0 || (await host.nextSlot()).executed === 0);
  await funder.next(SENDERS);
  const load: [wire: Wire, frames: string[]][] = [];
  for (const sender of senders) {
    const frames: string[] = [];
    for (let nonce = 0; nonce < CALLS; nonce++) frames.push(await frame(nonce, sender, sender, 1n, nonce));
    load.push([await connect(port), frames]);
  }

  let answered = 0;
  let finished: readonly (readonly string[])[] | undefined;
  for (const [wire, frames] of load) for (const text of frames) wire.send(text);
  const finals = Promise.all(load.map(([wire]) => finalStatuses(wire, () => answered++)));
  void finals.then((statuses) => finished = statuses);
  const slots: { code: string; executed: number; answered: number }[] = [];
  while (finished === undefined) {
    let before = 0;
    const { code, executed } = await host.nextSlot(() => before = answered);
    slots.push({ code, executed, answered: answered - before });
  }
  expect(new Set((await finals).flat())).toEqual(new Set(["InSidechainBlock"]));
  expect(slots.reduce((sum, { executed }) => sum + executed, 0)).toBe(SENDERS * CALLS);
  expect(new Set(slots.map(({ code }) => code))).toEqual(new Set(["Authored"]));
  expect(host.logs.filter(({ code }) => code === "CryptoWorkerLost")).toEqual([]);
  expect(Math.max(...slots.map(({ answered }) => answered))).toBeLessThan(MAX_ANSWERED_PER_SLOT);
}, 120_000);
