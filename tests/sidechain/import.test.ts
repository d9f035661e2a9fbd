import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { accountId, blockHash, h256, shardIdentifier, topHash } from "../../src/primitives/branded.ts";
import { toHex } from "../../src/primitives/hex.ts";
import { unwrap } from "../../src/primitives/result.ts";
import type { ChainPoint } from "../../src/sidechain/chain_block.ts";
import { decodeSignedBlock, importBlock, type ImportContext } from "../../src/sidechain/import.ts";
import { type BlockImportError, isParkable } from "../../src/sidechain/import_error.ts";
import { MAX_LAYER_ONE_LAG } from "../../src/sidechain/verify.ts";
import { encryptDiff } from "../../src/state/diff_encryption.ts";
import { type SignedBlock, signedBlock } from "../../src/types/signed_block.ts";
import {
  ALICE,
  BOB,
  CHARLIE,
  FakeLayerOne,
  importer,
  KEYS,
  layerOneHash,
  readyCall,
  resigned,
  SHARD,
  SidechainBlockBuilder,
  SLOT_MS,
  timestampItem,
} from "./builders.ts";

type World = ReturnType<typeof importer>;

/** A world with one block imported, and a valid next one. */
async function prepared(): Promise<World & { next: SignedBlock; parent: ChainPoint }> {
  const world = importer();
  const first = await new SidechainBlockBuilder(world.view).build(world.chain.head);
  world.chain.insert(unwrap(await importBlock(first.signed, world.context)));
  const parent = world.chain.head;
  const { signed } = await new SidechainBlockBuilder(world.view).withCalls(readyCall(1)).build(parent);
  return { ...world, next: signed, parent };
}

/** The error of an import; the state is as it was. */
async function refusal(
  signed: SignedBlock,
  world: World,
  context: ImportContext = world.context,
): Promise<BlockImportError> {
  const { head } = world.chain;
  const root = toHex(head.snapshot.root);
  const result = await importBlock(signed, context);
  expect(world.chain.head).toBe(head);
  expect(toHex(head.snapshot.root)).toBe(root);
  if (result.ok) throw new TypeError("Cannot test: want a refused block");
  return result.error;
}

describe("importBlock()", () => {
  it("reaches the state that the author proposed, whatever the calls", async () => {
    const call = fc.tuple(fc.nat(20), fc.constantFrom(undefined, "MissingFunds" as const, "throw" as const));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(call, { maxLength: 6 }), { minLength: 1, maxLength: 4 }), async (blocks) => {
        const { view, chain, context } = importer();
        view.items = [timestampItem(2), timestampItem(3)];
        for (const [i, calls] of blocks.entries()) {
          const builder = new SidechainBlockBuilder(view).on(i + 2).withCalls(
            ...calls.map(([b, end]) => readyCall(b, end)),
          );
          const { signed, proposal, chainBlock } = await builder.build(chain.head);
          const carried = unwrap(decodeSignedBlock(signedBlock.encode(signed)));
          const imported = unwrap(await importBlock(carried, context));
          expect(imported.snapshot.root).toEqual(proposal.snapshot.root);
          expect(imported.receipts).toEqual(proposal.receipts);
          expect({ ...imported, snapshot: null }).toEqual({ ...chainBlock, snapshot: null });
          chain.insert(imported);
        }
      }),
      { numRuns: 30 },
    );
  });

  it("reports WrongShard", async () => {
    const world = await prepared();
    const signed = resigned(world.next, {}, { shardId: shardIdentifier(new Uint8Array(32)) });
    expect(await refusal(signed, world)).toMatchObject({ code: "WrongShard", verdict: "reject" });
  });

  it("reports BadSidechainBlock for a signature of somebody else", async () => {
    const world = await prepared();
    const value = world.next.signature.value.slice();
    value[0] = (value[0] as number) ^ 1;
    const bent: SignedBlock = { ...world.next, signature: { type: "Ed25519", value } };
    expect(await refusal(bent, world)).toMatchObject({ code: "BadSidechainBlock", verdict: "reject" });
  });

  it("reports BlockAlreadyImported before checking the author", async () => {
    const world = await prepared();
    world.chain.insert(unwrap(await importBlock(world.next, world.context)));
    world.view.authorities = [CHARLIE];
    expect(await refusal(world.next, world)).toMatchObject({ code: "BlockAlreadyImported", verdict: "ignore" });
  });

  it("reports BlockAlreadyImported for a block at or below the confirmed one", async () => {
    const world = await prepared();
    const other = await new SidechainBlockBuilder(world.view).inSlot(1002n).build(world.chain.base);
    const { number, hash } = world.chain.head;
    unwrap(world.chain.confirm({ blockNumber: number, blockHeaderHash: hash }));
    expect(await refusal(other.signed, world)).toMatchObject({ code: "BlockAlreadyImported", verdict: "ignore" });
  });

  it("reports BlockAncestryMismatch: ignore for an unknown parent, reject for a number that does not follow", async () => {
    const world = await prepared();
    const unknown = resigned(world.next, {}, { parentHash: blockHash(new Uint8Array(32).fill(1)) });
    const { number: lastBlockNumber, hash: lastBlockHash } = world.chain.head;
    const want = { code: "BlockAncestryMismatch", verdict: "ignore", lastBlockNumber, lastBlockHash };
    expect(await refusal(unknown, world)).toMatchObject(want);
    const skipped = resigned(world.next, {}, { blockNumber: 3n });
    expect(await refusal(skipped, world)).toMatchObject({ ...want, verdict: "reject" });
  });

  it("reports InvalidFirstBlock for block 1 with a parent and for another block without", async () => {
    const world = importer();
    const { signed } = await new SidechainBlockBuilder(world.view).build(world.chain.head);
    const withParent = resigned(signed, {}, { parentHash: blockHash(new Uint8Array(32).fill(1)) });
    expect(await refusal(withParent, world)).toMatchObject({ code: "InvalidFirstBlock", verdict: "reject" });
    const second = resigned(signed, {}, { blockNumber: 2n });
    expect(await refusal(second, world)).toMatchObject({ code: "InvalidFirstBlock", verdict: "reject" });
    const zeroth = resigned(signed, {}, { blockNumber: 0n, parentHash: blockHash(new Uint8Array(32).fill(1)) });
    expect((await refusal(zeroth, world)).verdict).toBe("ignore");
  });

  it("reports SlotNotLater for the parent's slot and before", async () => {
    const world = await prepared();
    for (const slot of [world.parent.slot, world.parent.slot - 1n]) {
      const signed = resigned(world.next, { timestamp: slot * SLOT_MS });
      expect(await refusal(signed, world)).toMatchObject({ code: "SlotNotLater", verdict: "reject", slot });
    }
  });

  it("reports SlotInFuture beyond one slot ahead of the clock", async () => {
    const world = await prepared();
    const at = (slots: bigint): ImportContext => ({
      ...world.context,
      nowMs: (world.parent.slot + 1n - slots) * SLOT_MS,
    });
    expect(await refusal(world.next, world, at(2n))).toMatchObject({ code: "SlotInFuture", verdict: "ignore" });
    expect((await importBlock(world.next, at(1n))).ok).toBe(true);
  });

  it("reports BlockDataHashMismatch for a header that commits to another body", async () => {
    const world = await prepared();
    const signed = resigned(world.next, {}, { blockDataHash: h256(new Uint8Array(32)) });
    expect(await refusal(signed, world)).toMatchObject({ code: "BlockDataHashMismatch", verdict: "reject" });
  });

  it("reports BlockDataHashMismatch when any field of the body is exchanged under a signed header", async () => {
    const world = await prepared();
    const { blockData } = world.next.block;
    const hash = h256(new Uint8Array(32).fill(0xee));
    const changes = [
      { timestamp: blockData.timestamp + 1n },
      { layerOneHead: layerOneHash(3) },
      { layerOneNumber: 3 },
      { signedTopHashes: [] },
      { encryptedStateDiff: new Uint8Array(100) },
      { receiptsHash: hash },
      { prologueHash: hash },
      { stateRoot: hash },
    ];
    for (const change of changes) {
      const block = { ...world.next.block, blockData: { ...blockData, ...change } };
      expect(await refusal({ ...world.next, block }, world)).toMatchObject({ code: "BlockDataHashMismatch" });
    }
  });

  it("reports NextFinalizationMismatch", async () => {
    const world = await prepared();
    const signed = resigned(world.next, {}, { nextFinalizationBlockNumber: 1n });
    const want = { code: "NextFinalizationMismatch", verdict: "reject", want: 51n, got: 1n };
    expect(await refusal(signed, world)).toMatchObject(want);
  });

  it("reports BadParentchainBlock for an unknown head, worth parking", async () => {
    const world = await prepared();
    const signed = resigned(world.next, { layerOneHead: layerOneHash(11), layerOneNumber: 11 });
    const error = await refusal(signed, world);
    expect(error).toMatchObject({ code: "BadParentchainBlock", verdict: "ignore", fault: "unknown" });
    expect(isParkable(error)).toBe(true);
    world.view.newestNumber = 11;
    expect((await importBlock(signed, world.context)).ok).toBe(true);
  });

  it("reports BadParentchainBlock for a wrong number and for a head behind the parent's", async () => {
    const world = await prepared();
    const number = resigned(world.next, { layerOneNumber: 5 });
    expect(await refusal(number, world)).toMatchObject({
      code: "BadParentchainBlock",
      verdict: "reject",
      fault: "number",
    });
    const back = resigned(world.next, { layerOneHead: layerOneHash(1), layerOneNumber: 1 });
    expect(await refusal(back, world)).toMatchObject({
      code: "BadParentchainBlock",
      verdict: "reject",
      fault: "backwards",
    });
    expect(isParkable(await refusal(back, world))).toBe(false);
  });

  it("reports BadParentchainBlock for a head that lags, but not while catching up", async () => {
    const world = await prepared();
    world.view.newestNumber = 2 + MAX_LAYER_ONE_LAG;
    expect((await importBlock(world.next, world.context)).ok).toBe(true);
    world.view.newestNumber++;
    expect(await refusal(world.next, world)).toMatchObject({
      code: "BadParentchainBlock",
      verdict: "ignore",
      fault: "lagging",
    });
    expect((await importBlock(world.next, { ...world.context, mode: "catch_up" })).ok).toBe(true);
  });

  it("reports InvalidAuthority for the wrong turn, a stranger, and a shard without authorities", async () => {
    const world = await prepared();
    const [turn, other] = toHex(world.next.block.blockData.blockAuthor) === toHex(ALICE) ? [ALICE, BOB] : [BOB, ALICE];
    for (const got of [other, CHARLIE]) {
      const signed = resigned(world.next, { blockAuthor: accountId(got) });
      expect(await refusal(signed, world)).toMatchObject({
        code: "InvalidAuthority",
        verdict: "reject",
        want: turn,
        got,
      });
    }
    world.view.authorities = [];
    expect(await refusal(world.next, world)).toMatchObject({ code: "InvalidAuthority", want: undefined });
  });

  it("takes the authorities as the parent knew them, not as at the block's own head", async () => {
    const world = await prepared();
    world.view.authoritiesFrom.set(3, [CHARLIE]);
    const byOld = await new SidechainBlockBuilder(world.view).on(3).build(world.parent);
    const byNew = await new SidechainBlockBuilder(world.view).on(3).by(CHARLIE).build(world.parent);
    expect(await refusal(byNew.signed, world)).toMatchObject({ code: "InvalidAuthority" });
    world.chain.insert(unwrap(await importBlock(byOld.signed, world.context)));
    const next = await new SidechainBlockBuilder(world.view).by(CHARLIE).build(world.chain.head);
    expect((await importBlock(next.signed, world.context)).ok).toBe(true);
  });

  it("takes them as at the block's own head where the parent knew nobody, so that an upgrade does not end the shard", async () => {
    const world = await prepared();
    world.view.authorities = [CHARLIE];
    const early = await new SidechainBlockBuilder(world.view).on(3).by(CHARLIE).build(world.parent);
    const first = await new SidechainBlockBuilder(world.view).on(4).by(CHARLIE).build(world.parent);
    world.view.authorities = [];
    world.view.authoritiesFrom.set(4, [CHARLIE]);
    expect(await refusal(early.signed, world)).toMatchObject({ code: "InvalidAuthority", want: undefined });
    const old = resigned(first.signed, { blockAuthor: ALICE });
    expect(await refusal(old, world)).toMatchObject({ code: "InvalidAuthority", want: CHARLIE });
    expect((await importBlock(first.signed, world.context)).ok).toBe(true);
  });

  it("reports BadParentchainBlock while the proof of the authorities or the items is missing", async () => {
    const world = await prepared();
    world.view.withoutAuthorities.add(2);
    expect(await refusal(world.next, world)).toMatchObject({ code: "BadParentchainBlock", fault: "unknown" });
    world.view.withoutAuthorities.clear();
    world.view.withoutItems = true;
    expect(await refusal(world.next, world)).toMatchObject({ code: "BadParentchainBlock", fault: "unknown" });
  });

  it("reports InvalidPayload: not authentic, too short, undecodable, of an unknown epoch", async () => {
    const world = await prepared();
    const { header: { blockNumber, parentHash }, blockData } = world.next.block;
    const context = { shard: SHARD, blockNumber, parentHash, author: blockData.blockAuthor };
    const bent = blockData.encryptedStateDiff.slice();
    bent[60] = (bent[60] as number) ^ 1;
    const cases: [Uint8Array, string, string][] = [
      [bent, "DiffNotAuthentic", "reject"],
      [new Uint8Array(3), "DiffTooShort", "reject"],
      [await encryptDiff(KEYS, context, new Uint8Array(32), new Uint8Array(5)), "Undecodable", "reject"],
      [
        await encryptDiff({ ...KEYS, epoch: 1 }, context, new Uint8Array(32), new Uint8Array(5)),
        "UnknownEpoch",
        "ignore",
      ],
    ];
    for (const [encryptedStateDiff, reason, verdict] of cases) {
      const signed = resigned(world.next, { encryptedStateDiff });
      expect(await refusal(signed, world)).toMatchObject({ code: "InvalidPayload", reason, verdict });
    }
  });

  it("reports InvalidPayload for the diff of another parent at the same height", async () => {
    const world = await prepared();
    const other = await new SidechainBlockBuilder(world.view).inSlot(1003n).build(world.chain.base);
    const moved = { encryptedStateDiff: other.signed.block.blockData.encryptedStateDiff };
    expect(await refusal(resigned(world.next, moved), world)).toMatchObject({ reason: "DiffNotAuthentic" });
  });

  it("reports InvalidPayload for the diff of another author upon the same parent", async () => {
    const world = await prepared();
    const later = await new SidechainBlockBuilder(world.view).inSlot(world.parent.slot + 2n).build(world.parent);
    const { blockAuthor, encryptedStateDiff } = world.next.block.blockData;
    expect(later.signed.block.blockData.blockAuthor).not.toEqual(blockAuthor);
    expect((await importBlock(later.signed, world.context)).ok).toBe(true);
    expect(await refusal(resigned(later.signed, { encryptedStateDiff }), world))
      .toMatchObject({ code: "InvalidPayload", reason: "DiffNotAuthentic", verdict: "reject" });
  });

  it("reports InvalidAprioriHash for a diff made on another state", async () => {
    const world = await prepared();
    const builder = new SidechainBlockBuilder(world.view).bent((proposal) => {
      return { ...proposal, diff: { ...proposal.diff, aprioriRoot: new Uint8Array(32) } };
    });
    const { signed } = await builder.build(world.parent);
    expect(await refusal(signed, world)).toMatchObject({ code: "InvalidAprioriHash", verdict: "reject" });
  });

  it("reports InvalidPrologue for an item left out, invented or doubled", async () => {
    const world = await prepared();
    world.view.items = [timestampItem(2)];
    for (const items of [[], [timestampItem(1)], [timestampItem(2), timestampItem(2)]]) {
      const { signed } = await new SidechainBlockBuilder(world.view).withPrologue(items).build(world.parent);
      expect(await refusal(signed, world)).toMatchObject({ code: "InvalidPrologue", verdict: "reject" });
    }
  });

  it("applies each parentchain item once, because the cursor is in the state", async () => {
    const world = await prepared();
    world.view.items = [timestampItem(2)];
    const second = await new SidechainBlockBuilder(world.view).build(world.parent);
    world.chain.insert(unwrap(await importBlock(second.signed, world.context)));
    const third = await new SidechainBlockBuilder(world.view).build(world.chain.head);
    expect(third.proposal.prologue).toEqual([]);
    expect((await importBlock(third.signed, world.context)).ok).toBe(true);
  });

  it("reports InvalidStorageDiff for a diff that does not lead to the root, or is not sorted", async () => {
    const world = await prepared();
    const fewer = new SidechainBlockBuilder(world.view).withCalls(readyCall(1)).bent((proposal) => {
      return { ...proposal, diff: { ...proposal.diff, changes: proposal.diff.changes.slice(1) } };
    });
    expect(await refusal((await fewer.build(world.parent)).signed, world)).toMatchObject({
      code: "InvalidStorageDiff",
    });
    const unsorted = new SidechainBlockBuilder(world.view).withCalls(readyCall(1)).bent((proposal) => {
      return { ...proposal, diff: { ...proposal.diff, changes: [...proposal.diff.changes].reverse() } };
    });
    const want = { code: "InvalidStorageDiff", verdict: "reject", got: undefined };
    expect(await refusal((await unsorted.build(world.parent)).signed, world)).toMatchObject(want);
  });

  it("reports InvalidReceipts for another hash and for executed operations without receipt", async () => {
    const world = await prepared();
    const hash = resigned(world.next, { receiptsHash: h256(new Uint8Array(32)) });
    expect(await refusal(hash, world)).toMatchObject({ code: "InvalidReceipts", verdict: "reject" });
    const invented = resigned(world.next, { signedTopHashes: [topHash(new Uint8Array(32))] });
    expect(await refusal(invented, world)).toMatchObject({ code: "InvalidReceipts" });
    expect(await refusal(resigned(world.next, { signedTopHashes: [] }), world)).toMatchObject({
      code: "InvalidReceipts",
    });
  });

  it("checks in the order of the design: of two faults the earlier one is reported", async () => {
    const world = await prepared();
    const far = { timestamp: 5000n * SLOT_MS, layerOneHead: layerOneHash(99), blockAuthor: CHARLIE };
    const wrongShard = {
      shardId: shardIdentifier(new Uint8Array(32)),
      parentHash: blockHash(new Uint8Array(32).fill(1)),
    };
    const hash = { blockDataHash: h256(new Uint8Array(32)) };
    const steps: [SignedBlock, string][] = [
      [resigned(world.next, far, { ...wrongShard, ...hash }), "WrongShard"],
      [resigned(world.next, far, { parentHash: wrongShard.parentHash, ...hash }), "BlockDataHashMismatch"],
      [resigned(world.next, far, { parentHash: wrongShard.parentHash }), "BlockAncestryMismatch"],
      [resigned(world.next, far), "SlotInFuture"],
      [resigned(world.next, { ...far, timestamp: world.next.block.blockData.timestamp }), "BadParentchainBlock"],
      [resigned(world.next, { blockAuthor: CHARLIE, encryptedStateDiff: new Uint8Array(1) }), "InvalidAuthority"],
      [
        resigned(world.next, { encryptedStateDiff: new Uint8Array(1), stateRoot: h256(new Uint8Array(32)) }),
        "InvalidPayload",
      ],
    ];
    for (const [signed, code] of steps) expect((await refusal(signed, world)).code).toBe(code);
  });
});

describe("decodeSignedBlock()", () => {
  it("reports UndecodableBlock for any truncated or prolonged block", async () => {
    const view = new FakeLayerOne();
    const { signed } = await new SidechainBlockBuilder(view).build(importer(view).chain.head);
    const bytes = signedBlock.encode(signed);
    expect(unwrap(decodeSignedBlock(bytes))).toEqual(signed);
    const want = { ok: false, error: { code: "UndecodableBlock", verdict: "reject" } };
    for (const length of [0, 50, 112, 200, bytes.length - 1]) {
      expect(decodeSignedBlock(bytes.subarray(0, length))).toMatchObject(want);
    }
    expect(decodeSignedBlock(new Uint8Array([...bytes, 0]))).toMatchObject(want);
  });
});
