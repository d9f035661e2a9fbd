import { beforeEach, describe, expect, it } from "vitest";
import { DEVELOPMENT_UPGRADE_VISIBLE_BLOCKS } from "../../../src/enclave/api/upgrade_delay.ts";
import { enclaveFingerprint } from "../../../src/primitives/branded.ts";
import { unwrap } from "../../../src/primitives/result.ts";
import { readFreeBalance } from "../../../src/stf/pallets/balances.ts";
import { seed, testAccount, TestChain } from "../../parentchain/builders.ts";
import { MEASUREMENT } from "../harness.ts";
import { listing, registered, shardConfig, type ShardConfigOptions } from "../parentchain_storage.ts";
import { delegates, founder, growAll, PeerHost, requester, restarted, settle } from "./two_hosts.ts";

const BOB = testAccount(0xb0);
const NEW = enclaveFingerprint(seed(0x4e));
/** Blocks between the announcement of the upgrade and its enactment. */
const DELAY = 8;
const TIMEOUT_MS = 60_000;

let chain: TestChain;
/** Runs the shard, with the old code. */
let old: PeerHost;
/** Has the new code, and wants the shard. */
let upgraded: PeerHost;

/** The shard's configuration while an upgrade to the new code is announced, or after one came without delay. */
const configured = (enclave: Uint8Array, next?: ShardConfigOptions["next"]) => shardConfig(old, enclave, { next });

/** Lets an enclave that wants the shard ask until the answer is another one than that its registration was not read. */
async function ask(host: PeerHost, isOldAuthoring = true): Promise<string | undefined> {
  const before = host.reasons("ProvisioningFailed").length;
  for (let i = 0; i < 4 && !host.codes().includes("ShardReceived"); i++) {
    await growAll([old, host]);
    old.nowMs += 2_100;
    if (isOldAuthoring) await old.slot();
    await settle(old, host);
  }
  const said = host.logs.filter(({ code }) => code === "ProvisioningFailed").slice(before);
  return said.map(({ fields }) => fields["said"]).findLast((reason) => reason !== "RegistrationUnread");
}

async function startUpgraded(): Promise<void> {
  upgraded = await requester(old, 2, NEW);
  await growAll([old, upgraded], { storage: registered(upgraded) });
}

/** Grows the chain until a block. */
async function until(number: number, ...hosts: readonly PeerHost[]): Promise<void> {
  while (old.tip.number < number) await growAll([old, ...hosts]);
  await settle(old, ...hosts);
}

/** The old code runs the shard, with a deposit of Bob's; its newest block is confirmed. */
beforeEach(async () => {
  chain = new TestChain();
  old = await founder(chain, BOB, (host) => delegates(host, host));
}, TIMEOUT_MS);

describe("an upgrade of the shard's code", () => {
  it("gives the shard to the new code from its enactment on, and the old one authors until then", async () => {
    const enactment = old.tip.number + 1 + DELAY;
    await growAll([old], { storage: configured(MEASUREMENT, { enclave: NEW, at: enactment }) });
    expect(old.codes()).toContain("UpgradeVisible");
    await startUpgraded();
    expect(await ask(upgraded)).toBe("FingerprintNotAccepted");
    expect(old.tip.number).toBeLessThan(enactment);
    old.nowMs += 2_100;
    expect((await old.slot()).code).toBe("Authored");

    await until(enactment, upgraded);
    expect(await ask(upgraded, false)).toBe("NotReady");
    // Who authors is read at the parent's parentchain head: the first block on the enactment is the last one of the old code.
    const codes = (await old.slots(4)).map(({ code }) => code);
    expect(codes).toEqual(["Authored", "NoAuthorities", "NoAuthorities", "NoAuthorities"]);
    const newest = (await old.health()).blockNumber;
    await ask(upgraded);
    expect(upgraded.codes()).toContain("ShardReceived");
    expect(old.codes()).toContain("ShardProvisioned");
    const [given, received] = [old, upgraded].map((host) => host.enclave.shard()?.chain.base);
    expect(received?.snapshot.root).toEqual(given?.snapshot.root);
    expect(readFreeBalance(received?.snapshot as never, BOB)).toBe(570_000n);
    expect(upgraded.enclave.service().info.shieldingKey).toBe(old.enclave.service().info.shieldingKey);

    // It reads the parentchain again from where the state stands, takes the old code's last blocks, and goes on.
    const told = unwrap(await upgraded.importParentchain([upgraded.tip]));
    unwrap(await upgraded.importParentchain(old.built.filter(({ number }) => number > told.number)));
    const blocks = old.disk.blocks.filter(({ number }) => number > (received?.number ?? 0n)).map(({ bytes }) => bytes);
    unwrap(await upgraded.call("import_blocks", { nowMs: BigInt(upgraded.nowMs), blocks }));
    expect((await upgraded.health()).blockNumber).toBe(newest);
    await growAll([old, upgraded]);
    const sent = upgraded.extrinsics.map(({ purpose }) => purpose);
    expect(sent).toContain("confirm_processed_parentchain_block");
    expect(sent).not.toContain("update_shard_config");
    expect(old.extrinsics.map(({ purpose }) => purpose)).toContain("add_proxy_for_peer");
    await growAll([old, upgraded], { storage: listing(old, upgraded) });
    for (const host of [old, upgraded]) host.nowMs += 2_100;
    await upgraded.slot();
    expect((await upgraded.slot()).code).toBe("Authored");
    expect(["NotMyTurn", "NoAuthorities"]).toContain((await old.slot()).code);
    const [block] = upgraded.broadcasts;
    old.nowMs = upgraded.nowMs;
    const [outcome] = unwrap(
      await old.call("import_blocks", { nowMs: BigInt(old.nowMs), blocks: [block as Uint8Array] }),
    );
    expect(outcome?.code).toBe("Imported");
  }, TIMEOUT_MS);

  it("refuses the old code from its enactment on, at the old code and at the new one", async () => {
    const enactment = old.tip.number + 1 + DELAY;
    await growAll([old], { storage: configured(MEASUREMENT, { enclave: NEW, at: enactment }) });
    await until(enactment);
    await startUpgraded();
    await ask(upgraded);
    expect(upgraded.codes()).toContain("ShardReceived");
    // Its own name is another one, and it has no block yet that could tell: the keys do.
    const again = await PeerHost.create(chain, 2, upgraded.disk.copy(), old.tip, NEW);
    expect([unwrap(await again.init()).shard, again.disk.blocks]).toEqual([old.shard, []]);
    const late = await requester(old, 3, MEASUREMENT);
    await growAll([old, late], { storage: registered(late) });
    expect(await ask(late)).toBe("FingerprintNotAccepted");
    expect(old.reasons("ProvisioningRefused").at(-1)).toBe("FingerprintNotAccepted");
  }, TIMEOUT_MS);

  it("gives the shard to no code whose upgrade came without delay, until it was visible for the minimum", async () => {
    await growAll([old], { storage: configured(NEW) });
    const visible = old.tip.number;
    upgraded = await requester(old, 2, NEW);
    await growAll([old, upgraded], { storage: registered(upgraded) });
    await growAll([old, upgraded]);
    await settle(old, upgraded);
    expect(old.tip.number - visible).toBeLessThan(DEVELOPMENT_UPGRADE_VISIBLE_BLOCKS);
    expect(upgraded.logs.at(-1)?.fields).toEqual({ reason: "RefusedByPeer", said: "FingerprintNotAccepted" });
    await until(visible + DEVELOPMENT_UPGRADE_VISIBLE_BLOCKS, upgraded);
    await ask(upgraded);
    expect(upgraded.codes()).toContain("ShardReceived");
  }, TIMEOUT_MS);

  it("is taken back by naming the old code again: that one authors at once and gave the shard to nobody", async () => {
    await growAll([old], { storage: configured(NEW) });
    old.nowMs += 2_100;
    const codes = (await old.slots(4)).map(({ code }) => code);
    expect(codes).toEqual(["Authored", "NoAuthorities", "NoAuthorities", "NoAuthorities"]);
    await growAll([old], { storage: configured(MEASUREMENT) });
    old.nowMs += 2_100;
    expect((await old.slots(2)).map(({ code }) => code)).toEqual(["Authored", "Authored"]);
    expect(old.codes()).not.toContain("ShardProvisioned");
  }, TIMEOUT_MS);

  it("counts from the last announcement on, also on an old disk that knows of an earlier one only", async () => {
    await growAll([old], { storage: configured(NEW) });
    await until(old.tip.number + 2);
    const disk = old.disk.copy();
    await growAll([old], { storage: configured(MEASUREMENT) });
    await until(old.tip.number + DEVELOPMENT_UPGRADE_VISIBLE_BLOCKS);
    await growAll([old], { storage: configured(NEW) });
    const visible = old.tip.number;
    const again = await restarted(old, disk);
    await again.call("start_provisioning", undefined);
    old = again;
    const told = again.logs.filter(({ code }) => code === "UpgradeVisible").at(-1)?.fields;
    expect(told?.["from"]).toBe(String(visible));
    upgraded = await requester(old, 2, NEW);
    await growAll([old, upgraded], { storage: registered(upgraded) });
    await growAll([old, upgraded]);
    await settle(old, upgraded);
    expect(old.tip.number - visible).toBeLessThan(DEVELOPMENT_UPGRADE_VISIBLE_BLOCKS);
    expect(old.reasons("ProvisioningRefused").at(-1)).toBe("FingerprintNotAccepted");
  }, TIMEOUT_MS);

  it("counts how long an upgrade was visible over a restart", async () => {
    await growAll([old], { storage: configured(NEW) });
    const visible = old.tip.number;
    await until(visible + DEVELOPMENT_UPGRADE_VISIBLE_BLOCKS - 1);
    old = await restarted(old);
    await old.call("start_provisioning", undefined);
    await startUpgraded();
    await ask(upgraded);
    expect(upgraded.codes()).toContain("ShardReceived");
  }, TIMEOUT_MS);
});
