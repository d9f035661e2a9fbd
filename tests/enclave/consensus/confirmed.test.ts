import { describe, expect, it } from "vitest";
import { pairFromSuri } from "../../../src/crypto/suri.ts";
import { SPARSE_TURNS } from "../../../src/enclave/core/author.ts";
import type { Shard } from "../../../src/enclave/core/shard.ts";
import { readNonce } from "../../../src/stf/pallets/system.ts";
import { accountOf, submitDirect } from "../clients.ts";
import { OVERDUE_INTERVALS } from "../../../src/enclave/core/confirmations.ts";
import { decodeExtrinsic } from "../../../src/parentchain/extrinsic_decode.ts";
import { toHex } from "../../../src/primitives/hex.ts";
import { unwrap } from "../../../src/primitives/result.ts";
import { signedBlock } from "../../../src/types/signed_block.ts";
import { CONFIRMATION_INTERVAL } from "../../../src/sidechain/next_finalization.ts";
import { listing } from "../parentchain_storage.ts";
import type { NetworkHost } from "./network.ts";
import { eachWithTwoValidateers, first, network, second } from "./two_validateers.ts";

const TIMEOUT_MS = 120_000;
const ALICE = pairFromSuri("//Alice");

eachWithTwoValidateers({ slots: 0 });

const notAuthoring = async (host: NetworkHost) => (await host.health()).notAuthoring;
const hexOf = (host: NetworkHost) => toHex(host.head.hash);
const confirmationsOf = (host: NetworkHost) =>
  host.extrinsics.filter(({ purpose }) => purpose === "confirm_imported_sidechain_block");

describe("A validateer without the confirmed block", () => {
  it("stops authoring, says so once, and goes on when it has the block", async () => {
    await network.slots(4);
    network.parted.add(second);
    await network.slots(20);
    await network.confirm(first.head);
    await network.slots(6);
    await network.grow();
    const before = hexOf(second);
    await network.slots(6);
    expect(hexOf(second)).toBe(before);
    expect(["ConfirmedBlockUnavailable", "StateBehindConfirmation"]).toContain(await notAuthoring(second));
    expect(await second.metric("enclave_sidechain_confirmed_block_missing")).toBe("1");
    expect(await first.metric("enclave_sidechain_confirmed_block_missing")).toBe("0");
    expect(second.lines("ConfirmedBlockUnavailable")).toHaveLength(1);
    network.parted.clear();
    await network.slots(4);
    expect(hexOf(second)).toBe(hexOf(first));
    expect(second.base.number).toBe(first.base.number);
    expect(second.lines("ConfirmedBlockFound")).toHaveLength(1);
    expect(await second.metric("enclave_sidechain_confirmed_block_missing")).toBe("0");
    expect(await notAuthoring(second)).toBe("");
  }, TIMEOUT_MS);

  it("leaves a longer branch of its own for the one that was confirmed", async () => {
    await network.slots(4);
    network.parted.add(second);
    await network.slots(10);
    await network.slots(30, [first]);
    const abandoned = second.head;
    expect(abandoned.number).toBeGreaterThan(first.head.number + 10n);
    await network.confirm(first.head);
    await network.slot();
    expect(await notAuthoring(second)).toBe("ConfirmedBlockUnavailable");
    network.parted.clear();
    // Asked for in every pause, without a push of anybody.
    await network.slots(4, [first]);
    expect(second.base.hash).toEqual(first.base.hash);
    expect(second.enclave.shard()?.chain.get(abandoned.hash)).toBeUndefined();
    await network.slots(4);
    expect(hexOf(second)).toBe(hexOf(first));
    expect(second.head.number).toBeLessThan(abandoned.number);
  }, TIMEOUT_MS);

  it("does not tell of blocks that wait to be stored when a confirmation abandons them", async () => {
    await network.slots(4);
    network.parted.add(second);
    const transfer = { from: accountOf(ALICE), to: accountOf(pairFromSuri("//Bob")), amount: 1_000_000_000n };
    await submitDirect(second, ALICE, { type: "balance_transfer", value: transfer }, 0);
    const told: string[] = [];
    const { hub } = second.enclave.shard() as Shard;
    const { notify } = hub;
    hub.notify = (hash, status) => {
      told.push(status.type);
      notify.call(hub, hash, status);
    };
    // The disk takes its time with all that comes.
    const { storeBlock } = second;
    const held: Parameters<typeof storeBlock>[0][] = [];
    second.storeBlock = (block) => Promise.resolve(void held.push(block));
    await network.slots(2, [second]);
    await network.slots(8, [first]);
    expect(second.head.number).toBeGreaterThan(first.head.number);
    network.parted.delete(second);
    await second.take(first.disk.blocks.map(({ bytes }) => signedBlock.decode(bytes)));
    await network.confirm(first.head);
    expect(second.base.hash).toEqual(first.head.hash);
    for (const block of held) await storeBlock.call(second, block);
    expect(held.length).toBeGreaterThan(1);
    expect(told).toContain("Retracted");
    expect(told).not.toContain("InSidechainBlock");
  }, TIMEOUT_MS);

  it("does not confirm anything itself", async () => {
    network.parted.add(first);
    await network.slots(8);
    await network.confirm(second.head);
    const sent = confirmationsOf(first).length;
    await network.slots(20);
    await network.grow();
    expect(confirmationsOf(first)).toHaveLength(sent);
  }, TIMEOUT_MS);
});

describe("A validateer that starts again", () => {
  it("raises no alert because of the old parentchain blocks that it reads first", async () => {
    await network.slots(4);
    await network.confirm(first.head);
    for (let i = 0; i < 6; i++) {
      for (let block = 0; block < 4; block++) {
        await network.slots(15);
        await network.grow();
      }
      await network.confirm(first.head);
    }
    const again = await network.restart(second);
    await network.slots(2);
    expect(again.base.number).toBeGreaterThan(200n);
    expect(Number(again.lines("SnapshotLoaded")[0]?.["number"])).toBeLessThan(100);
    expect(again.lines("ConfirmationsOverdue")).toEqual([]);
    expect(await again.metric("enclave_sidechain_confirmations_overdue")).toBe("0");
  }, TIMEOUT_MS);
});

describe("An author with too many unconfirmed blocks", () => {
  it("takes no calls, keeps them, makes few blocks, and takes them again once there are fewer", async () => {
    await network.slots(4);
    const nonceOf = () => readNonce(first.head.snapshot, accountOf(ALICE));
    const transfer = { from: accountOf(ALICE), to: accountOf(pairFromSuri("//Bob")), amount: 1_000_000_000n };
    const { chain, pool } = first.enclave.shard() as Shard;
    let mayTakeCalls = true;
    Object.defineProperty(chain, "mayTakeCalls", { get: () => mayTakeCalls });
    const submit = (nonce: number) => submitDirect(first, ALICE, { type: "balance_transfer", value: transfer }, nonce);
    await submit(0);
    mayTakeCalls = false;
    await submit(1);
    // Heard of by gossip too, but not executed by the other, who would take it.
    network.parted.add(second);
    const before = first.head.number;
    await network.slots(2 * Number(SPARSE_TURNS));
    expect(first.head.number).toBe(before + 1n);
    expect([nonceOf(), pool.sizes.ready]).toEqual([0, 1]);
    mayTakeCalls = true;
    await network.slots(2);
    expect([nonceOf(), pool.sizes.ready]).toEqual([1, 0]);
  }, TIMEOUT_MS);
});

describe("A shard whose first validateer is gone (S20)", () => {
  const OVERDUE_BLOCKS = Number((OVERDUE_INTERVALS + 1n) * CONFIRMATION_INTERVAL);

  it(
    "goes on in the other's slots, raises an alert, and is confirmed by the other once the first is purged",
    async () => {
      await network.slots(4);
      await network.confirm(first.head);
      const confirmed = first.base;
      network.parted.add(first);
      const outcomes: (string | undefined)[] = [];
      const slot = async () => {
        outcomes.push((await network.slot([first]))[1]?.code);
        // The parentchain goes on meanwhile.
        if (outcomes.length % 15 === 0) await network.grow();
      };
      while (second.head.number < confirmed.number + BigInt(OVERDUE_BLOCKS)) {
        expect(second.lines("ConfirmationsOverdue")).toEqual([]);
        await slot();
      }
      while (second.lines("ConfirmationsOverdue").length === 0 && outcomes.length < 5 * OVERDUE_BLOCKS) await slot();
      expect(outcomes.filter((code) => code === "Authored").length).toBeGreaterThanOrEqual(outcomes.length / 2 - 1);
      const confirmer = toHex(first.self.signer);
      const fields = { confirmed: String(confirmed.number), confirmer };
      expect(second.lines("ConfirmationsOverdue")).toEqual([expect.objectContaining(fields)]);
      expect(await second.metric("enclave_sidechain_confirmations_overdue")).toBe("1");
      // With two in the list, nothing that one has built alone is deep enough.
      await network.grow();
      expect(confirmationsOf(second)).toEqual([]);

      await network.grow({ storage: listing(second) });
      const healedAt = second.head.number;
      await network.grow();
      const [sent] = confirmationsOf(second);
      const decoded = unwrap(decodeExtrinsic(sent?.bytes as Uint8Array, network.chain.metadata));
      const candidate = second.enclave.shard()?.chain.at(healedAt - 1n);
      expect(toHex(decoded.call)).toContain(toHex(candidate?.hash as Uint8Array).slice(2));
      await network.confirm(candidate as never);
      expect(second.head.number - healedAt).toBeLessThanOrEqual(2n * CONFIRMATION_INTERVAL);
      expect(second.lines("ConfirmationsAgain")).toHaveLength(1);
      expect(await second.metric("enclave_sidechain_confirmations_overdue")).toBe("0");
      // The turns are those at the parent's parentchain block.
      await network.slots(2, [first]);
      const codes = [];
      for (let i = 0; i < 4; i++) codes.push((await network.slot([first]))[1]?.code);
      expect(codes).toEqual(Array(4).fill("Authored"));

      // What was purged comes back behind the other, fetches what it missed, and has its turns again.
      const back = await network.restart(first);
      network.parted.clear();
      await network.grow({ storage: listing(second, back) });
      await network.slots(6);
      expect(hexOf(back)).toBe(hexOf(second));
      const turns = (await network.slot()).concat(await network.slot()).map((outcome) => outcome?.code);
      expect(turns.filter((code) => code === "Authored")).toHaveLength(2);
      expect(back.lines("ConfirmationsOverdue")).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
