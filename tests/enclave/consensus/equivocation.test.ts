import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../../src/primitives/hex.ts";
import { unwrap } from "../../../src/primitives/result.ts";
import { isEquivocation } from "../../../src/sidechain/equivocation.ts";
import { equivocationProofs } from "../../../src/types/equivocation.ts";
import { computeHeaderHash } from "../../../src/types/sidechain_header.ts";
import { type SignedBlock, signedBlock } from "../../../src/types/signed_block.ts";
import { SLOT_MS } from "../harness.ts";
import { NetworkHost } from "./network.ts";
import { eachWithTwoValidateers, first, network, second } from "./two_validateers.ts";

const TIMEOUT_MS = 60_000;

eachWithTwoValidateers({ slots: 4 });

async function evidenceOf(host: NetworkHost) {
  return equivocationProofs.decode(fromHex(await host.connect().request("sidechain_getEquivocations")));
}

/** A second enclave with the keys and the state of one: what an operator has who copies a data directory. */
async function clone(host: NetworkHost): Promise<NetworkHost> {
  const copy = await NetworkHost.make(network.chain, 2, host.disk.copy(), host.tip);
  copy.nowMs = network.nowMs;
  unwrap(await copy.init());
  await copy.resume(host.built);
  return copy;
}

/** Copies of the second author in two of its slots: first the blocks of all for one slot, then those that stand on them. */
async function twoBlocksOfCopies(count: number): Promise<readonly Uint8Array[][]> {
  const copies: NetworkHost[] = [];
  for (let i = 0; i < count; i++) copies.push(await clone(second));
  network.nowMs += 2_100;
  for (let authored = 0; authored < 2;) {
    if ((await network.slot([first]))[1]?.code === "Authored") authored++;
    for (const copy of copies) {
      copy.nowMs = network.nowMs;
      await copy.call("on_slot", { nowMs: BigInt(copy.nowMs) });
    }
  }
  return [0, 1].map((i) => copies.map((copy) => copy.broadcasts[i] as Uint8Array));
}

describe("An author that signs two blocks for one slot", () => {
  it("is shown by all who see both, with evidence that anybody can check", async () => {
    const copy = await clone(second);
    network.nowMs += 2_100;
    for (let i = 0; i < 4; i++) {
      const [, outcome] = await network.slot([first]);
      copy.nowMs = network.nowMs;
      const twin = unwrap(await copy.call("on_slot", { nowMs: BigInt(copy.nowMs) }));
      expect(twin.code).toBe(outcome?.code);
      if (twin.code === "Authored") break;
    }
    const bytes = copy.broadcasts.at(-1) as Uint8Array;
    expect(toHex(copy.head.hash)).not.toBe(toHex(second.head.hash));
    for (const host of [first, second]) {
      await host.take([signedBlock.decode(bytes)]);
      const evidence = await evidenceOf(host);
      expect(evidence).toHaveLength(1);
      for (const proof of evidence) {
        expect(isEquivocation(proof, BigInt(SLOT_MS))).toBe(true);
        expect(toHex(proof.first.digest.blockAuthor)).toBe(toHex(second.self.signer));
      }
      expect(host.lines("Equivocation")).toEqual([
        { slot: String(Math.floor(network.nowMs / SLOT_MS)), author: toHex(second.self.signer) },
      ]);
      expect(await host.metric("enclave_sidechain_equivocations")).toBe("1");
    }
    await network.slots(4);
    expect(toHex(second.head.hash)).toBe(toHex(first.head.hash));
    const again = await network.restart(first);
    expect(await evidenceOf(again)).toHaveLength(1);
  }, TIMEOUT_MS);

  it("is shown although its second block is refused for what it holds", async () => {
    const copy = await clone(second);
    network.nowMs += 2_100;
    const keys = copy.enclave.shard()?.setup.stateKeys as { stateKey: Uint8Array };
    keys.stateKey = new Uint8Array(32).fill(9);
    while ((await network.slot([first]))[1]?.code !== "Authored") {
      copy.nowMs = network.nowMs;
    }
    copy.nowMs = network.nowMs;
    expect(unwrap(await copy.call("on_slot", { nowMs: BigInt(copy.nowMs) })).code).toBe("Authored");
    await first.take([signedBlock.decode(copy.broadcasts.at(-1) as Uint8Array)]);
    expect(first.lines("InvalidPayload")).toHaveLength(1);
    expect(await evidenceOf(first)).toHaveLength(1);
  }, TIMEOUT_MS);

  it("has a third block of the slot taken only if another one stands on it", async () => {
    const [twins, children] = (await twoBlocksOfCopies(2)).map((blocks) =>
      blocks.map((one) => signedBlock.decode(one))
    );
    const known = (block?: SignedBlock) =>
      block !== undefined && first.enclave.shard()?.chain.get(computeHeaderHash(block.block.header)) !== undefined;
    await first.take(twins as SignedBlock[]);
    expect(twins?.map(known)).toEqual([true, false]);
    expect(await first.metric("enclave_sidechain_parked_blocks")).toBe("0");
    expect(await evidenceOf(first)).toHaveLength(1);
    // The host fetches what the child stands on.
    await first.take([children?.[1] as SignedBlock]);
    await first.call("import_blocks", {
      nowMs: BigInt(first.nowMs),
      blocks: [signedBlock.encode(twins?.[1] as SignedBlock)],
    });
    expect([twins?.map(known), known(children?.[1])]).toEqual([[true, true], true]);
  }, TIMEOUT_MS);

  it(
    "has no third block of a slot taken from what is fetched, unless one stands on it that is signed too",
    async () => {
      const [twins, children] = await twoBlocksOfCopies(3);
      const fetch = async (blocks: readonly Uint8Array[]) =>
        unwrap(await first.call("import_blocks", { nowMs: BigInt(first.nowMs), blocks })).map(({ code }) => code);
      const rows = first.disk.blocks.length;
      expect(await fetch(twins as Uint8Array[])).toEqual(["Imported", "Equivocation", "Equivocation"]);
      expect(first.disk.blocks).toHaveLength(rows + 1);
      const [, twin, other] = twins as [Uint8Array, Uint8Array, Uint8Array];
      const child = signedBlock.decode(children?.[1] as Uint8Array);
      const unsigned = { ...child, signature: { ...child.signature, value: new Uint8Array(64) } };
      expect(await fetch([twin, signedBlock.encode(unsigned)])).toEqual(["Equivocation", "BadSidechainBlock"]);
      expect(await fetch([twin, other, children?.[1] as Uint8Array])).toEqual(["Imported", "Equivocation", "Imported"]);
      // Once it is here, it is known.
      expect(await fetch([twin, other])).toEqual(["BlockAlreadyImported", "Equivocation"]);
    },
    TIMEOUT_MS,
  );

  it("is nobody as long as all is well", async () => {
    await network.slots(20);
    for (const host of network.hosts) expect(await evidenceOf(host)).toEqual([]);
  }, TIMEOUT_MS);
});
