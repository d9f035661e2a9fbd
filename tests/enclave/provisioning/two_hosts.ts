/**
 * Two enclaves on one parentchain in memory: the first runs a shard, the second wants to join. Their channel is in memory,
 * their quotes are those of emulated processors.
 *
 * @module
 */
import { EMULATED_DEVELOPMENT_ROOT_CERTIFICATE } from "../../../src/attestation/emulated_root.ts";
import { type InitRequest, KEYS_FILE } from "../../../src/enclave/api/ecall_values.ts";
import type { Platform } from "../../../src/enclave/api/platform_client.ts";
import { EMULATED_DEVELOPMENT_ROOT_KEY } from "../../../src/enclave/platform/development_root_key.ts";
import { createEmulatedProcessor } from "../../../src/enclave/platform/emulated_processor.ts";
import type { SecureChannel } from "../../../src/enclave/provisioning/secure_channel.ts";
import { createTlsCertificate, type TlsCertificate } from "../../../src/enclave/tls_certificate.ts";
import { unwrap } from "../../../src/primitives/result.ts";
import type { StateSnapshot } from "../../../src/state/snapshot.ts";
import { readShardVault } from "../../../src/stf/pallets/parentchain.ts";
import type { TestBlock, TestBlockSpec, TestChain } from "../../parentchain/builders.ts";
import { Disk, MEASUREMENT, TestHost, testPlatform, timeOf } from "../harness.ts";
import { confirmed, registered, type Storage } from "../parentchain_storage.ts";
import { streamPair } from "./world.ts";

/** A processor of the published development root. */
export async function emulatedPlatform(key: number, measurement: Uint8Array = MEASUREMENT): Promise<Platform> {
  const root = { certificate: EMULATED_DEVELOPMENT_ROOT_CERTIFICATE, privateKey: EMULATED_DEVELOPMENT_ROOT_KEY };
  const processor = await createEmulatedProcessor(new Uint8Array(32).fill(key), root, timeOf(0));
  const platform = testPlatform(measurement, key);
  return { ...platform, quote: (reportData) => processor.quote(platform.measurement, reportData) };
}

/** Sealed keys by processor and measurement: drawing takes longer than all the rest of a test. */
const drawnKeys = new Map<string, Uint8Array>();

/** A disk that is empty but for drawn keys, if there are any. */
export function freshDisk(name: string): Disk {
  const disk = new Disk();
  const keys = drawnKeys.get(name);
  if (keys !== undefined) disk.files.set(KEYS_FILE, keys);
  return disk;
}

/** A host whose enclave can reach another one. */
export class PeerHost extends TestHost {
  provider: PeerHost | undefined;
  /** Name of its drawn keys. */
  keysName: string | undefined;
  /** Outcome of each connection that was served. */
  readonly served: Promise<void>[] = [];
  /** Whether it is meant to answer its enclave no more. */
  hasCrashed = false;
  /** How many of its processor's next quotes fail. */
  failingQuotes = 0;
  /** Changes the channel of the end that the name says. */
  tamper: Partial<Record<"requester" | "provider", Partial<SecureChannel>>> = {};

  /** A host with a processor; without a disk, with an empty one but for the keys that its enclave drew in an earlier test. */
  static async create(
    chain: TestChain,
    key: number,
    disk?: Disk,
    tip?: TestBlock,
    measurement: Uint8Array = MEASUREMENT,
  ): Promise<PeerHost> {
    const name = `${key} ${measurement[0]}`;
    const platform = await emulatedPlatform(key, measurement);
    const quote = (reportData: Uint8Array) =>
      host.failingQuotes-- > 0 ? Promise.reject(new Error("The processor is busy")) : platform.quote(reportData);
    const host: PeerHost = new PeerHost(chain, disk ?? freshDisk(name), { ...platform, quote }, tip);
    host.keysName = name;
    return host;
  }

  override async init(change: Partial<InitRequest> = {}): ReturnType<TestHost["init"]> {
    const result = await super.init(change);
    const keys = this.disk.files.get(KEYS_FILE);
    if (this.keysName !== undefined && keys !== undefined && !drawnKeys.has(this.keysName)) {
      drawnKeys.set(this.keysName, keys);
    }
    return result;
  }

  override dial(): number | undefined {
    return this.provider === undefined ? undefined : 1;
  }

  override async connectToPeer(certificate: TlsCertificate): Promise<SecureChannel> {
    const provider = this.provider as PeerHost;
    const serving = await createTlsCertificate(["localhost"], provider.nowMs);
    const { first, second } = streamPair();
    const binding = crypto.getRandomValues(new Uint8Array(64));
    const serve = provider.provisioning?.serve as (channel: SecureChannel) => Promise<void>;
    this.served.push(serve({
      ...{ stream: first, binding, verified: () => {}, ownCertificate: serving.der, peerCertificate: certificate.der },
      ...this.tamper.provider,
    }));
    return {
      ...{ stream: second, binding, verified: () => {}, ownCertificate: certificate.der, peerCertificate: serving.der },
      ...this.tamper.requester,
    };
  }

  codes(): string[] {
    return this.logs.map(({ code }) => code);
  }

  /** Reasons of what was refused or failed. */
  reasons(code: "ProvisioningRefused" | "ProvisioningFailed"): (string | undefined)[] {
    return this.logs.filter((line) => line.code === code).map(({ fields }) => fields["reason"]);
  }

  async health() {
    const health = await this.call("health", undefined);
    if (!health.ok) throw new TypeError(health.error.code);
    return health.value;
  }
}

/** The vault of a host's shard with delegates. */
export function delegates(host: PeerHost, ...delegates: readonly PeerHost[]): Storage {
  const vault = readShardVault(host.enclave.shard()?.chain.head.snapshot as StateSnapshot)?.account;
  const proxies = delegates.map(({ self }) => ({
    delegate: self.signer,
    proxy_type: { type: "Any", value: undefined },
    delay: 0,
  }));
  return [["Proxy", "Proxies", [vault], [proxies, 0n]]];
}

/** The newest block of a host's shard is confirmed. */
export async function headConfirmed(host: PeerHost): Promise<Storage> {
  const { blockNumber, blockHash } = await host.health();
  return confirmed(host, { number: blockNumber, hash: blockHash });
}

/** Builds a block on the first host's tip and gives it to all. */
export async function growAll(hosts: readonly PeerHost[], spec: TestBlockSpec = {}): Promise<TestBlock> {
  const [first, ...others] = hosts as [PeerHost, ...PeerHost[]];
  const block = await first.parentchainBlock(spec);
  for (const host of others) {
    host.tip = block;
    host.built.push(block);
    await host.importParentchain([block]);
  }
  return block;
}

/** The first enclave of a chain: it runs a shard with a deposit, whose newest block is confirmed, and gives it to others. */
export async function founder(
  chain: TestChain,
  depositor: Uint8Array,
  storage: (host: PeerHost) => Storage = () => [],
): Promise<PeerHost> {
  const host = await (await PeerHost.create(chain, 1)).start();
  await growAll([host], { storage: [...registered(host), ...storage(host)] });
  const fields = { from: depositor, to: (await host.health()).vault, amount: 571_000n };
  await growAll([host], { events: [{ extrinsic: 0, pallet: "Balances", name: "Transfer", fields }] });
  host.nowMs += 2_100;
  await host.slots(5);
  await growAll([host], { storage: await headConfirmed(host) });
  await host.call("start_provisioning", undefined);
  return host;
}

/** An enclave of some code that wants the shard of a host and has read the same parentchain. */
export async function requester(provider: PeerHost, key: number, measurement: Uint8Array): Promise<PeerHost> {
  const host = await PeerHost.create(provider.chain, key, undefined, provider.tip, measurement);
  host.provider = provider;
  host.nowMs = provider.nowMs;
  unwrap(await host.init({ shard: provider.shard }));
  await host.resume(provider.built);
  return host;
}

/** The first enclave of a chain started anew, on its own disk if no other is given, with the blocks that it built. */
export async function restarted(
  before: PeerHost,
  disk = before.disk.copy(),
  init: Partial<InitRequest> = {},
): Promise<PeerHost> {
  const host = await PeerHost.create(before.chain, 1, disk, before.tip);
  host.nowMs = before.nowMs;
  host.built.push(...before.built);
  unwrap(await host.init(init));
  await host.resume(before.built);
  return host;
}

/** How long a join may take on a busy machine, before it counts as stuck: keys are drawn on other threads. */
const SETTLE_TIMEOUT_MS = 20_000;
/** Looks after the last connection has ended: what follows from it is done in the next ecalls. */
const LAST_LOOKS = 4;

/** Lets what runs between ecalls come to its end. @throws If an enclave still waits for an answer after a long time. */
export async function settle(...hosts: readonly PeerHost[]): Promise<void> {
  const deadline = Date.now() + SETTLE_TIMEOUT_MS;
  for (let quiet = 0; quiet < LAST_LOOKS;) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    await Promise.all(hosts.flatMap(({ served }) => served));
    for (const host of hosts) await host.call("health", undefined);
    quiet = hosts.some(isAsking) ? 0 : quiet + 1;
    if (Date.now() > deadline) throw new Error(`Still joining after ${SETTLE_TIMEOUT_MS} ms`);
  }
}

/** Whether an enclave has asked for the shard and neither has it nor was refused. */
function isAsking(host: PeerHost): boolean {
  if (host.hasCrashed) return false;
  const count = (...codes: string[]) => host.codes().filter((code) => codes.includes(code)).length;
  return count("ProvisioningStarted") > count("ProvisioningFailed", "ShardReceived");
}
