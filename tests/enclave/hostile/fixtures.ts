/**
 * What the tests of hostile hosts share: an enclave with something to lose, what can be seen of it, and forged input.
 *
 * @module
 */
import { expect } from "vitest";
import { pairFromSuri } from "../../../src/crypto/suri.ts";
import type { ParentchainPosition } from "../../../src/enclave/api/ecall_values.ts";
import type { EcallError } from "../../../src/enclave/api/ecalls.ts";
import type { FinalityLevel } from "../../../src/parentchain/follower_state.ts";
import { parentchainHeader } from "../../../src/parentchain/header.ts";
import type { BlockContent, BlockInput } from "../../../src/parentchain/imported_block.ts";
import { blockInput } from "../../../src/parentchain/parentchain_init.ts";
import { encodeBase58 } from "../../../src/primitives/base58.ts";
import { fromHex, toHex } from "../../../src/primitives/hex.ts";
import { unwrap } from "../../../src/primitives/result.ts";
import { trieReadProof } from "../../../src/trie/read_proof.ts";
import { lightHeaders } from "../../../src/types/light_header.ts";
import { type TestBlock, type TestBlockSpec, TestChain } from "../../parentchain/builders.ts";
import { accountInfoOf, accountOf, submitDirect } from "../clients.ts";
import { type Disk, TestHost, timeOf } from "../harness.ts";

export const ALICE = pairFromSuri("//Alice");
export const BOB = pairFromSuri("//Bob");
/** What Alice's waiting call sends to Bob. */
export const AMOUNT = 1_000_000_000_000n;

const LEVELS: readonly FinalityLevel[] = ["proven", "sealed", "trusted"];

/** An enclave that follows at a level, has authored two blocks, and holds one call in its pool. */
export async function startVictim(level: FinalityLevel, host = new TestHost(new TestChain())): Promise<TestHost> {
  const finality = LEVELS.indexOf(level);
  unwrap(await host.init({ finality, payoutFinality: finality }));
  unwrap(await host.initParentchain());
  await follow(host, { storage: host.listed() });
  await host.slots(2);
  const transfer = { from: accountOf(ALICE), to: accountOf(BOB), amount: AMOUNT };
  await submitDirect(host, ALICE, { type: "balance_transfer", value: transfer }, 0);
  return host;
}

/** An honest next block of the parentchain, justified, and old enough to be used. */
export async function follow(host: TestHost, spec: TestBlockSpec = {}): Promise<TestBlock> {
  const block = host.chain.build(host.tip, spec);
  unwrap(await offer(host, [await inputOf(host, block, host.chain.justify(block))]));
  host.tip = block;
  host.built.push(block);
  host.nowMs += 2_100;
  return block;
}

/** What an honest host hands in for a block. */
export async function inputOf(host: TestHost, block: TestBlock, justification?: Uint8Array): Promise<BlockInput> {
  return { header: parentchainHeader.encode(block.header), justification, content: await contentOf(host, block) };
}

/** Body and read proof of a block. */
export async function contentOf(host: TestHost, block: TestBlock): Promise<BlockContent> {
  const { keys } = await positionOf(host);
  const nodes = trieReadProof(block.state, [...keys], 1);
  return { extrinsics: block.extrinsics, storage: { type: "proof", nodes } };
}

/** Hands blocks in. */
export async function offer(host: TestHost, inputs: readonly BlockInput[]) {
  const numbers = inputs.map(({ header }) => parentchainHeader.decode(header).number);
  host.nowMs = Math.max(host.nowMs, timeOf(numbers.at(-1) ?? 0));
  return await offerBytes(host, inputs.map((input) => blockInput.encode(input)));
}

/** Hands bytes in as blocks. */
export async function offerBytes(host: TestHost, blocks: readonly Uint8Array[]) {
  return await host.call("import_parentchain", { nowMs: BigInt(host.nowMs), parentchain: 0, blocks });
}

export async function positionOf(host: TestHost): Promise<ParentchainPosition> {
  return unwrap(await host.initParentchain());
}

/** All that an attack must leave as it was. */
export async function factsOf(host: TestHost) {
  const health = unwrap(await host.call("health", undefined));
  const { number, hash, provenNumber } = await positionOf(host);
  const client = host.connect();
  const headers = lightHeaders.decode(
    fromHex(await client.request("sidechain_getLightHeaders", [Number(health.blockNumber)])),
  );
  return {
    head: [health.blockNumber, toHex(health.blockHash)],
    stateRoot: headers.map(({ digest }) => toHex(digest.stateRoot)),
    follower: [number, toHex(hash), provenNumber],
    pool: await client.request("author_pendingExtrinsics", [encodeBase58(host.shard)]),
    alice: await accountInfoOf(host, ALICE),
    bob: await accountInfoOf(host, BOB),
    effects: host.all.filter(({ type }) => type !== "log").length,
    fatal: host.fatal,
  };
}

/** An answer that refuses, or `accepted`. */
export function refusalOf(result: { readonly ok: true } | { readonly ok: false; readonly error: EcallError }) {
  return result.ok ? "accepted" : { code: result.error.code, detail: result.error.detail };
}

/** Expects that something is refused with exactly this error, and that nothing of the enclave changes by it. */
export async function expectRefused(
  host: TestHost,
  attack: () => Promise<{ readonly ok: true } | { readonly ok: false; readonly error: EcallError }>,
  code: string,
  detail: string,
): Promise<void> {
  const before = await factsOf(host);
  expect(refusalOf(await attack())).toEqual({ code, detail });
  expect(await factsOf(host)).toEqual(before);
}

/** Expects that the enclave still works: the parentchain goes on, and the waiting call is executed. */
export async function expectUnharmed(host: TestHost): Promise<void> {
  const before = await factsOf(host);
  await follow(host);
  const outcome = await host.slot();
  expect([outcome.code, outcome.executed, outcome.failed]).toEqual(["Authored", 1, 0]);
  const after = await factsOf(host);
  expect(after.alice.nonce).toBe(before.alice.nonce + 1);
  expect(after.bob.data.free).toBe(before.bob.data.free + AMOUNT);
  expect(host.fatal).toBeUndefined();
}

/** The bytes with one bit turned. */
export function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  const changed = bytes.slice();
  changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
  return changed;
}

/** A copy of a disk with one file or block changed. */
export function changedDisk(disk: Disk, change: (copy: Disk) => void): Disk {
  const copy = disk.copy();
  change(copy);
  return copy;
}
