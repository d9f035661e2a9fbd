import { describe, expect, it } from "vitest";
import { MAX_TOPS_PER_BLOCK } from "../../src/types/block_data.ts";
import { utf8 } from "../../src/primitives/bytes.ts";
import { unwrap } from "../../src/primitives/result.ts";
import { MAX_PROPOSED_BYTES, type ProposalInput, proposeBlock, type ReadyCall } from "../../src/sidechain/propose.ts";
import {
  ALICE,
  FAKE_STF,
  type FakeCall,
  genesis,
  KEYS,
  layerOneHash,
  readyCall,
  SHARD,
  timestampItem,
} from "./builders.ts";

function input(calls: Iterable<ReadyCall<FakeCall>>, more: Partial<ProposalInput<FakeCall, string>> = {}) {
  return {
    ...{ shard: SHARD, author: ALICE, parent: genesis(), layerOneHead: { hash: layerOneHash(2), number: 2 } },
    ...{ timestampMs: 300_000n, prologue: [], calls, hasTime: () => true, keys: KEYS, stf: FAKE_STF, ...more },
  };
}

describe("proposeBlock()", () => {
  it("executes prologue, then calls in order, and lists each with its outcome", () => {
    const calls = [readyCall(1), readyCall(2, "MissingFunds"), readyCall(3)];
    const proposal = unwrap(proposeBlock(input(calls, { prologue: [timestampItem(2)] })));
    const [a, b, c] = calls.map(({ topHash }) => topHash);
    expect(proposal.executed).toEqual([a, c]);
    expect(proposal.failed).toEqual([{ topHash: b, outcome: "MissingFunds" }]);
    expect(proposal.receipts.map(({ outcome }) => outcome)).toEqual(["Success", "MissingFunds", "Success"]);
    expect(proposal.effects).toEqual(["0xca01", "0xca03"]);
    expect(proposal.snapshot.get(utf8("cursor"))).toEqual(new Uint8Array([2]));
    expect(proposal.snapshot.get(utf8("number"))).toEqual(new Uint8Array([1]));
  });

  it("keeps of a failed call only what the state transition function keeps", () => {
    const { snapshot } = unwrap(proposeBlock(input([readyCall(1, "InvalidNonce")])));
    expect(snapshot.get(utf8("fee"))).toEqual(new Uint8Array([1]));
    expect(snapshot.get(new Uint8Array([0xca, 1]))).toBeUndefined();
  });

  it("takes back a call that throws, leaves it out of the block and goes on", () => {
    const calls = [readyCall(1, "throw"), readyCall(2)];
    const proposal = unwrap(proposeBlock(input(calls)));
    expect(proposal.broken).toEqual([calls[0]?.topHash]);
    expect(proposal.receipts).toHaveLength(1);
    expect(proposal.snapshot.get(utf8("fee"))).toEqual(new Uint8Array([1]));
  });

  it("asks before each call whether there is time, and stops", () => {
    let left = 2;
    const calls = [readyCall(1), readyCall(2), readyCall(3)];
    expect(unwrap(proposeBlock(input(calls, { hasTime: () => left-- > 0 }))).executed).toHaveLength(2);
  });

  it("stops when the block is full of calls or of bytes", () => {
    const many = Array.from({ length: MAX_TOPS_PER_BLOCK + 5 }, () => readyCall(1));
    expect(unwrap(proposeBlock(input(many))).receipts).toHaveLength(MAX_TOPS_PER_BLOCK);
    const large = Array.from({ length: 20 }, (_, i) => {
      const { topHash } = readyCall(i);
      return { topHash, call: { key: new Uint8Array([i]), value: new Uint8Array(500_000) } };
    });
    const executed = unwrap(proposeBlock(input(large))).executed.length;
    expect(executed).toBe(Math.ceil(MAX_PROPOSED_BYTES / 500_000));
  });

  it("reports PrologueRefused and leaves the parent's state as it was", () => {
    const parent = genesis();
    const root = parent.snapshot.root;
    const deposit = {
      type: "deposit",
      parentchain: "Integritee",
      blockNumber: 2,
      itemIndex: 0,
      from: ALICE,
      amount: 0n,
    } as const;
    const result = proposeBlock(input([readyCall(1)], { parent, prologue: [deposit] }));
    expect(result).toMatchObject({ ok: false, error: { code: "PrologueRefused", reason: "NoAmount" } });
    expect(parent.snapshot.root).toEqual(root);
  });
});
