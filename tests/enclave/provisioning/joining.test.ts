import { beforeEach, describe, expect, it } from "vitest";
import { PHASES } from "../../../src/enclave/api/ecall_values.ts";
import { dialPauseBlocks, MAX_DIAL_PAUSE_BLOCKS, PATIENT_FAILURES } from "../../../src/enclave/core/joining.ts";
import { PEERS_FILE } from "../../../src/enclave/core/peer_registry.ts";
import { decodeExtrinsic } from "../../../src/parentchain/extrinsic_decode.ts";
import { toHex } from "../../../src/primitives/hex.ts";
import { readFreeBalance } from "../../../src/stf/pallets/balances.ts";
import { testAccount, TestChain } from "../../parentchain/builders.ts";
import { listing, registered, type Storage } from "../parentchain_storage.ts";
import { delegates, founder, growAll, PeerHost, settle } from "./two_hosts.ts";

const BOB = testAccount(0xb0);
const TIMEOUT_MS = 60_000;

let chain: TestChain;
let first: PeerHost;
let second: PeerHost;

/** The first enclave runs the shard, with a deposit of Bob's that is confirmed; the second has just been started. */
async function startBoth(): Promise<void> {
  chain = new TestChain();
  first = await founder(chain, BOB);
  second = await PeerHost.create(chain, 2, undefined, first.tip);
  second.provider = first;
  const identity = await second.init();
  if (!identity.ok) throw new TypeError(identity.error.code);
}

/** A parentchain block for both, and what follows from it. */
async function step(storage: Storage = []): Promise<void> {
  await growAll([first, second], { storage });
  await settle(first, second);
}

/** The second enclave follows the parentchain and sees who runs the shard. */
async function follow(): Promise<void> {
  await second.initParentchain();
  await second.importParentchain(first.built);
}

/** Up to a second enclave that has the shard, or was refused. */
async function join(storage: Storage = registered(second)): Promise<void> {
  await follow();
  for (let block = 0; block < 3; block++) await step(block === 0 ? storage : []);
}

const baseOf = (host: PeerHost) => host.enclave.shard()?.chain.base;
const phaseOf = async (host: PeerHost) => PHASES[(await host.health()).phase];

beforeEach(startBoth, TIMEOUT_MS);

describe("an enclave whose shard has other validateers", () => {
  it("takes keys and state, and has the same root, balances and shielding key", async () => {
    await join();
    expect(first.reasons("ProvisioningRefused")).toEqual(["RegistrationUnread", "RegistrationUnread"]);
    expect(first.codes()).toContain("ShardProvisioned");
    expect(second.codes()).toEqual(expect.arrayContaining(["JoiningShard", "ProvisioningProgress", "ShardReceived"]));
    const [given, received] = [baseOf(first), baseOf(second)];
    expect(received?.number).toBe(5n);
    expect(received?.hash).toEqual(given?.hash);
    expect(received?.snapshot.root).toEqual(given?.snapshot.root);
    const told = (host: PeerHost, code: string) => host.logs.find((line) => line.code === code)?.fields["root"];
    expect(told(second, "ShardReceived")).toBe(toHex(given?.snapshot.root as Uint8Array));
    expect(told(first, "ShardProvisioned")).toBe(told(second, "ShardReceived"));
    expect(readFreeBalance(received?.snapshot as never, BOB)).toBe(570_000n);
    expect(await phaseOf(second)).toBe("syncing");
    expect(second.enclave.service().info.shieldingKey).toBe(first.enclave.service().info.shieldingKey);
    expect((await second.health()).vault).toEqual((await first.health()).vault);
  }, TIMEOUT_MS);

  it("registers, and sends nothing that touches the shard before it has it", async () => {
    await follow();
    expect(await phaseOf(second)).toBe("provisioning");
    expect((await second.slot()).code).toBe("Provisioning");
    await step();
    expect(second.dialled).toEqual([]);
    await step(registered(second));
    expect(second.dialled).toEqual(["wss://127.0.0.1:2000"]);
    expect(new Set(second.extrinsics.map(({ purpose }) => purpose))).toEqual(new Set(["register_sgx_enclave"]));
  }, TIMEOUT_MS);

  it(
    "goes on with the received follower: the host is told the position once, and hands in from there",
    async () => {
      await first.slots(3);
      await join();
      const before = second.tip;
      const { number } = await second.importParentchain([before]).then((r) => r.ok ? r.value : { number: -1 });
      expect(number).toBeLessThan(before.number);
      await second.importParentchain(first.built.filter((block) => block.number > number));
      expect((await second.health()).confirmedNumber).toBe(5n);
      expect(second.wanted).toHaveLength(1);
      // Its head is below the provider's newest block: it neither authors nor takes part.
      expect((await second.slot()).code).toBe("CatchingUp");
      expect(second.extrinsics).toEqual([]);
    },
    TIMEOUT_MS,
  );

  /** A new start of the second enclave on its disk, which has read the parentchain up to now. */
  async function restart(): Promise<PeerHost> {
    const again = await PeerHost.create(chain, 2, second.disk.copy(), first.tip);
    again.nowMs = Math.max(first.nowMs, second.nowMs);
    expect((await again.init()).ok).toBe(true);
    await again.resume(first.built);
    return again;
  }

  it("catches up before it takes part, also after a restart, and from then on never again", async () => {
    await first.slots(3);
    await join();
    second = await restart();
    expect((await second.slot()).code).toBe("CatchingUp");
    expect(second.extrinsics).toEqual([]);
    const blocks = first.disk.blocks.filter(({ number }) => number > 5n).map(({ bytes }) => bytes);
    await second.call("import_blocks", { nowMs: BigInt(second.nowMs), blocks });
    expect((await second.health()).blockNumber).toBe(8n);
    expect((await second.slot()).code).not.toBe("CatchingUp");
    second = await restart();
    expect((await second.slot()).code).not.toBe("CatchingUp");
  }, TIMEOUT_MS);

  it("waits no more for blocks once nobody is listed any more who could have them", async () => {
    await first.slots(3);
    await join();
    second = await restart();
    expect((await second.slot()).code).toBe("CatchingUp");
    await growAll([first, second], { storage: listing(second) });
    expect((await second.slot()).code).not.toBe("CatchingUp");
  }, TIMEOUT_MS);

  it("keeps the shard over a restart, without asking again", async () => {
    await join();
    const again = await PeerHost.create(chain, 2, second.disk.copy(), second.tip);
    again.nowMs = second.nowMs;
    expect((await again.init()).ok).toBe(true);
    expect(again.identity?.shieldingKey).toBe(first.identity?.shieldingKey);
    expect(again.identity?.enclaveAccount).toEqual(first.identity?.enclaveAccount);
    expect(again.identity?.signer).toEqual(second.identity?.signer);
    await again.initParentchain();
    expect(baseOf(again)?.hash).toEqual(baseOf(first)?.hash);
    await again.importParentchain(first.built.filter(({ number }) => number > 3));
    expect([again.dialled, again.codes().includes("JoiningShard")]).toEqual([[], false]);
  }, TIMEOUT_MS);

  // Two chunks, the manifest and the keys: only the last of them makes the shard count.
  it.each([[1, false], [2, false], [3, false], [4, false], [4, true]] as const)(
    "joins anew after a crash at write %i of 4, or has the shard if that was the last and is there: %s",
    async (crashAt, isWritten) => {
      let writes = 0;
      const { writeFile } = second;
      second.writeFile = async function (this: PeerHost, name: string, bytes: Uint8Array, ticket: bigint) {
        if (this.codes().includes("ProvisioningProgress")) writes++;
        if (writes < crashAt) return await writeFile.call(this, name, bytes, ticket);
        this.hasCrashed = true;
        // Maybe the file is there, but the enclave never hears of it.
        if (writes === crashAt && isWritten) this.disk.files.set(name, bytes);
      };
      await join();
      expect([writes, second.codes().includes("ShardReceived")]).toEqual([crashAt, false]);
      const again = await PeerHost.create(chain, 2, second.disk.copy(), first.tip);
      again.provider = first;
      again.nowMs = second.nowMs;
      expect((await again.init()).ok).toBe(true);
      second = again;
      await join();
      expect(again.fatal).toBeUndefined();
      expect(again.enclave.service().info.shieldingKey).toBe(first.enclave.service().info.shieldingKey);
      expect(baseOf(again)?.snapshot.root).toEqual(baseOf(first)?.snapshot.root);
      expect(again.codes().includes("JoiningShard")).toBe(!isWritten);
    },
    TIMEOUT_MS,
  );

  it("keeps a shard without blocks over a restart, too", async () => {
    chain = new TestChain();
    first = await PeerHost.create(chain, 1);
    await first.start();
    await growAll([first], { storage: registered(first) });
    await first.call("start_provisioning", undefined);
    second = await PeerHost.create(chain, 2, undefined, first.tip);
    second.provider = first;
    await second.init();
    await join();
    expect([second.codes().includes("ShardReceived"), baseOf(second)?.number]).toEqual([true, 0n]);
    const again = await PeerHost.create(chain, 2, second.disk.copy(), first.tip);
    again.nowMs = second.nowMs;
    await again.init();
    await again.initParentchain();
    await again.importParentchain(first.built);
    expect([await phaseOf(again), again.codes().includes("JoiningShard")]).toEqual(["syncing", false]);
    expect(again.identity?.shieldingKey).toBe(first.identity?.shieldingKey);
  }, TIMEOUT_MS);

  it("asks ever less often while nobody gives it the shard", async () => {
    second.provider = undefined;
    await follow();
    await growAll([first, second], { storage: registered(second) });
    while (second.dialled.length < PATIENT_FAILURES) await growAll([first, second]);
    const dials: number[] = [];
    for (let block = 1; block <= 30; block++) {
      const before = second.dialled.length;
      await growAll([first, second]);
      if (second.dialled.length > before) dials.push(block);
    }
    expect(dials).toEqual([1, 3, 7, 15]);
    expect([dialPauseBlocks(1), dialPauseBlocks(1_000)]).toEqual([1, MAX_DIAL_PAUSE_BLOCKS]);
  }, TIMEOUT_MS);

  it("tries again after a failed write, and when nobody can be reached", async () => {
    const { writeFile } = second;
    let failures = 1;
    second.writeFile = async function (this: PeerHost, name: string, bytes: Uint8Array, ticket: bigint) {
      if (name.startsWith("snapshots/") && this.codes().includes("ProvisioningProgress") && failures-- > 0) {
        await this.call("file_written", { ticket, ok: false });
      } else await writeFile.call(this, name, bytes, ticket);
    }.bind(second);
    second.provider = undefined;
    await join();
    expect(second.reasons("ProvisioningFailed")).toEqual(["PeerUnreachable", "PeerUnreachable", "PeerUnreachable"]);
    second.provider = first;
    for (let block = 0; block < 3; block++) await step();
    expect(second.reasons("ProvisioningFailed").slice(3)).toEqual(["RefusedByPeer", "RefusedByPeer", "SnapshotFailed"]);
    await step();
    expect(second.codes()).toContain("ShardReceived");
  }, TIMEOUT_MS);
});

describe("a provider", () => {
  it("makes the attested account a delegate of the vault, also after a restart", async () => {
    await join();
    expect(first.disk.files.has(PEERS_FILE)).toBe(true);
    const purposes = (host: PeerHost) => host.extrinsics.map(({ purpose }) => purpose);
    await step(delegates(first, first));
    expect(purposes(first)).toContain("add_proxy_for_peer");
    const sent = first.extrinsics.find(({ purpose }) => purpose === "add_proxy_for_peer")?.bytes as Uint8Array;
    const decoded = decodeExtrinsic(sent, chain.metadata);
    expect(decoded.ok && toHex(decoded.value.call)).toContain(toHex(second.self.signer).slice(2));
    const again = await PeerHost.create(chain, 1, first.disk.copy(), first.tip);
    again.nowMs = first.nowMs;
    await again.init();
    await again.initParentchain();
    await again.importParentchain(first.built.filter(({ number }) => number > 0));
    expect(purposes(again)).toContain("add_proxy_for_peer");
  }, TIMEOUT_MS);

  it("gives nobody rights who was refused", async () => {
    await join(registered(second, { build_mode: { type: "Debug", value: undefined } }));
    expect(first.reasons("ProvisioningRefused").at(-1)).toBe("RegistrationDebug");
    expect(first.disk.files.has(PEERS_FILE)).toBe(false);
    await step(delegates(first, first));
    expect(first.extrinsics.map(({ purpose }) => purpose)).not.toContain("add_proxy_for_peer");
    expect(await phaseOf(second)).toBe("provisioning");
  }, TIMEOUT_MS);

  it("refuses registrations without attestation, unless it has one itself", async () => {
    const disk = first.disk.copy();
    const strict = await PeerHost.create(chain, 1, disk, first.tip);
    strict.nowMs = first.nowMs;
    await strict.init({ skipRa: false });
    await strict.initParentchain();
    strict.built.push(...first.built);
    await strict.importParentchain(first.built);
    await strict.call("start_provisioning", undefined);
    first = strict;
    second.provider = strict;
    await join();
    expect(strict.reasons("ProvisioningRefused").at(-1)).toBe("SkipAttestationNotAllowed");
  }, TIMEOUT_MS);

  it("refuses who is registered with other code, and who is not registered any more", async () => {
    await join(registered(second, { mr_enclave: new Uint8Array(32).fill(9) }));
    // The enclave does not even ask while its own registration is not that of its code.
    expect(second.dialled).toEqual([]);
    await step(registered(second));
    for (let block = 0; block < 2; block++) await step();
    expect(second.codes()).toContain("ShardReceived");
  }, TIMEOUT_MS);

  it("refuses evidence for another certificate or session, and tells the reason in its log", async () => {
    second.tamper = { provider: { binding: new Uint8Array(64) } };
    await join();
    expect(new Set(first.reasons("ProvisioningRefused"))).toEqual(new Set(["ChannelUnbound"]));
    second.tamper = { provider: { peerCertificate: undefined } };
    await step();
    expect(first.reasons("ProvisioningRefused").at(-1)).toBe("CertificateMissing");
    expect(second.logs.at(-1)).toMatchObject({
      code: "ProvisioningFailed",
      fields: { reason: "RefusedByPeer", said: "CertificateMissing" },
    });
  }, TIMEOUT_MS);

  it("has nothing to give any more once it is not listed itself: NotReady", async () => {
    await follow();
    await step(registered(second));
    await step();
    const block = await growAll([first]);
    // Purged from the shard, as by the parentchain's root, which the second one does not know yet.
    await growAll([first], { storage: listing(second) });
    second.tip = block;
    await second.importParentchain([block]);
    await settle(first, second);
    expect(first.reasons("ProvisioningRefused").at(-1)).toBe("NotReady");
    expect(second.reasons("ProvisioningFailed").at(-1)).toBe("RefusedByPeer");
  }, TIMEOUT_MS);
});

describe("who founds the shard", () => {
  it("is who stands first in its status: two that start together become one shard", async () => {
    chain = new TestChain();
    first = await PeerHost.create(chain, 1);
    second = await PeerHost.create(chain, 2);
    second.provider = first;
    for (const host of [first, second]) {
      await host.init();
      await host.initParentchain();
    }
    await first.call("start_provisioning", undefined);
    await growAll([first, second], { storage: [...registered(first), ...registered(second)] });
    expect([await phaseOf(first), await phaseOf(second)]).toEqual(["founding", "founding"]);
    const config: Storage = first.listed().filter(([, item]) => item === "ShardConfigRegistry");
    await step([...listing(first, second), ...config]);
    expect([await phaseOf(first), await phaseOf(second)]).toEqual(["syncing", "provisioning"]);
    for (let block = 0; block < 3; block++) await step();
    expect(second.codes()).toContain("ShardReceived");
    expect(baseOf(second)?.snapshot.root).toEqual(baseOf(first)?.snapshot.root);
  }, TIMEOUT_MS);

  it("stays so when another one is listed, or stands first later", async () => {
    await growAll([first], { storage: listing(second, first) });
    expect(await phaseOf(first)).toBe("running");
    const again = await PeerHost.create(chain, 1, first.disk.copy(), first.tip);
    again.nowMs = first.nowMs;
    await again.init();
    await again.initParentchain();
    await again.importParentchain(first.built);
    expect(await phaseOf(again)).toBe("syncing");
  }, TIMEOUT_MS);
});
