import { beforeAll, describe, expect, it } from "vitest";
import { u64 } from "../../../src/codec/codec.ts";
import { AURA_ENGINE, type DigestItem } from "../../../src/parentchain/digest.ts";
import { computeHeaderHash, type ParentchainHeader } from "../../../src/parentchain/header.ts";
import { unwrap } from "../../../src/primitives/result.ts";
import type { TestBlock } from "../../parentchain/builders.ts";
import type { TestHost } from "../harness.ts";
import { expectRefused, expectUnharmed, flipBit, inputOf, offer, positionOf, startVictim } from "./fixtures.ts";

let host: TestHost;
/** Two blocks of the sealed tail that were taken: the attacks come on top of them. */
let tail: TestBlock;

beforeAll(async () => {
  host = await startVictim("sealed");
  for (let i = 0; i < 2; i++) {
    tail = host.chain.build(host.tip);
    unwrap(await offer(host, [await inputOf(host, tail)]));
    host.tip = tail;
  }
});

/** The same block with another header. */
function withHeader(block: TestBlock, change: Partial<ParentchainHeader>): TestBlock {
  const header = { ...block.header, ...change };
  return { ...block, header, hash: computeHeaderHash(header) };
}

function sealOf({ header }: TestBlock): { readonly engine: Uint8Array; readonly payload: Uint8Array } {
  const item = header.digest.at(-1);
  if (item?.type !== "Seal") throw new TypeError("no seal");
  return item.value;
}

function resealed(block: TestBlock, item: DigestItem): TestBlock {
  return withHeader(block, { digest: [...block.header.digest.slice(0, -1), item] });
}

async function expectSealRefused(blocks: readonly TestBlock[], cause: string): Promise<void> {
  const attack = async () => {
    const inputs = [];
    for (const block of blocks) inputs.push(await inputOf(host, block));
    return await offer(host, inputs);
  };
  await expectRefused(host, attack, "SealInvalid", `block 4, ${cause}`);
}

describe("a host that extends the sealed tail is refused with SealInvalid and", () => {
  it("BadSeal for every bit of a seal that is turned", async () => {
    const block = host.chain.build(host.tip);
    const { engine, payload } = sealOf(block);
    for (let bit = 0; bit < 512; bit += 37) {
      const forged = resealed(block, { type: "Seal", value: { engine, payload: flipBit(payload, bit) } });
      await expectSealRefused([forged], "BadSeal");
    }
  });

  it("BadSeal for the seal of an authority whose slot it is not", async () => {
    await expectSealRefused([host.chain.build(host.tip, { slot: 9n, sealer: 1 })], "BadSeal");
    await expectSealRefused([host.chain.build(host.tip, { slot: 10n, sealer: 2 })], "BadSeal");
  });

  it("BadSeal for the seal of another header", async () => {
    const block = host.chain.build(host.tip);
    const invoke = host.chain.metadata.encodeCall("EnclaveBridge", "invoke", {
      request: { shard: host.shard, cyphertext: new Uint8Array(384) },
    });
    const richer = host.chain.build(host.tip, { calls: [invoke] });
    await expectSealRefused([resealed(richer, { type: "Seal", value: sealOf(block) })], "BadSeal");
    await expectSealRefused([withHeader(block, { stateRoot: richer.header.stateRoot })], "BadSeal");
    await expectSealRefused([withHeader(block, { extrinsicsRoot: richer.header.extrinsicsRoot })], "BadSeal");
  });

  it("BadSeal if the slot is changed to that of another authority", async () => {
    const block = host.chain.build(host.tip);
    const slot: DigestItem = { type: "PreRuntime", value: { engine: AURA_ENGINE, payload: u64.encode(5n) } };
    await expectSealRefused([withHeader(block, { digest: [slot, ...block.header.digest.slice(1)] })], "BadSeal");
  });

  it("SealMissing without a seal, with one that is not last, short, or of another engine", async () => {
    const block = host.chain.build(host.tip);
    const { engine, payload } = sealOf(block);
    const remark: DigestItem = { type: "PreRuntime", value: { engine: new Uint8Array(4), payload: new Uint8Array(1) } };
    await expectSealRefused([host.chain.build(host.tip, { sealer: null })], "SealMissing");
    await expectSealRefused([withHeader(block, { digest: [...block.header.digest, remark] })], "SealMissing");
    const cut = resealed(block, { type: "Seal", value: { engine, payload: payload.subarray(1) } });
    await expectSealRefused([cut], "SealMissing");
    await expectSealRefused(
      [resealed(block, { type: "Seal", value: { engine: new Uint8Array(4), payload } })],
      "SealMissing",
    );
  });

  it("SlotInvalid for no slot, two slots, and a slot of nine bytes", async () => {
    const block = host.chain.build(host.tip);
    const [slot, ...others] = block.header.digest as [DigestItem, ...DigestItem[]];
    const long: DigestItem = { type: "PreRuntime", value: { engine: AURA_ENGINE, payload: new Uint8Array(9) } };
    for (const digest of [others, [slot, slot, ...others], [long, ...others]]) {
      await expectSealRefused([withHeader(block, { digest })], "SlotInvalid");
    }
  });

  it("keeps nothing of a batch whose last seal is broken", async () => {
    const good = host.chain.build(host.tip);
    const bad = host.chain.build(good, { sealer: null });
    const attack = async () => offer(host, [await inputOf(host, good), await inputOf(host, bad)]);
    await expectRefused(host, attack, "SealInvalid", "block 5, SealMissing");
  });
});

describe("a host that rewrites the sealed tail", () => {
  it("is refused with ParentMismatch as long as no justification says so", async () => {
    const other = host.chain.build(host.built.at(-1) as TestBlock, { slot: 8n });
    const attack = async () => offer(host, [await inputOf(host, other)]);
    await expectRefused(host, attack, "ParentMismatch", "block 2, head 3");
  });

  it("is refused with JustificationInvalid for a bad justification of a block of the tail", async () => {
    const forged = host.chain.justify(tail, { voters: host.chain.grandpa.slice(2) });
    const attack = async () => offer(host, [await inputOf(host, tail, forged)]);
    await expectRefused(host, attack, "JustificationInvalid", "block 3, WeightTooLow");
  });
});

describe("after all these attacks", () => {
  it("the tail grows, a justification proves it, and the waiting call is executed", async () => {
    unwrap(await offer(host, [await inputOf(host, tail, host.chain.justify(tail))]));
    const proven = await positionOf(host);
    expect([proven.number, proven.provenNumber]).toEqual([3, 3]);
    const block = host.chain.build(host.tip);
    unwrap(await offer(host, [await inputOf(host, block)]));
    host.tip = block;
    const grown = await positionOf(host);
    expect([grown.number, grown.provenNumber]).toEqual([4, 3]);
    await expectUnharmed(host);
  });
});
