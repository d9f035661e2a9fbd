import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sr25519Signer, type TrustedSigner } from "../../src/client/trusted_signer.ts";
import { pairFromSuri } from "../../src/crypto/suri.ts";
import type { ShardIdentifier } from "../../src/primitives/branded.ts";
import { unwrap } from "../../src/primitives/result.ts";
import { Chain } from "../faults/chain.ts";
import { credited, poll, TRANSFER_FEE, UNIT } from "./harness.ts";
import { type BlockFacts, factsOf, type Member, ValidateerNetwork } from "./validateer_network.ts";

const TIMEOUT_MS = 120_000;
/** Blocks that one may be ahead of the other. */
const SLOTS_APART = 3;
/** Blocks in which both have had their turn several times. */
const TURNS = 8;
const CHARLIE = sr25519Signer(pairFromSuri("//Charlie"));
const BOB = sr25519Signer(pairFromSuri("//BobIncognito"));

let network: ValidateerNetwork;
let first: Member;
let second: Member;
let chain: Chain;
let shard: ShardIdentifier;

beforeAll(async () => {
  network = await ValidateerNetwork.start(2);
  first = await network.add();
  second = await network.add();
  chain = await Chain.connect(network.nodePort(1));
  shard = unwrap(await first.client.shard());
}, TIMEOUT_MS);

afterAll(async () => {
  await chain?.close();
  await network?.stop();
});

/** Waits until both stand at the same block and root, at most three slots apart, and gives the newest common blocks. */
async function inSync(): Promise<readonly BlockFacts[]> {
  let common: readonly BlockFacts[] = [];
  await poll("both at one head", async () => {
    const heights = await Promise.all([first.height(), second.height()]);
    const lowest = Math.min(...heights);
    const from = Math.max(1, lowest - TURNS + 1);
    const [a, b] = await Promise.all([first, second].map((member) => blocksOf(member, from, lowest)));
    common = a ?? [];
    return Math.max(...heights) - lowest <= SLOTS_APART && JSON.stringify(a) === JSON.stringify(b);
  }, true);
  return common;
}

async function blocksOf(member: Member, from: number, to: number): Promise<readonly BlockFacts[]> {
  return (await member.headers(from, to - from + 1)).map((header) => factsOf(header));
}

/** Waits until both have made blocks in turn: one in the even slots, the other one in the odd ones. */
async function inTurn(): Promise<void> {
  await poll("two authors in the newest blocks", async () => {
    const blocks = await inSync();
    const authors = [0, 1].map((turn) => new Set(blocks.filter(({ slot }) => slot % 2 === turn).map((b) => b.author)));
    return authors.every(({ size }) => size === 1) && new Set(blocks.map(({ author }) => author)).size === 2;
  }, true);
}

async function balanceAt({ client }: Member, who: TrustedSigner): Promise<bigint> {
  return unwrap(await client.accountInfo(shard, who)).data.free;
}

/** Pays Bob two units from Charlie by a direct call and waits until it is in a block. */
async function payBobAt({ client }: Member): Promise<void> {
  const domain = { shard, fingerprint: unwrap(await client.fingerprint()) };
  const value = { from: CHARLIE.account, to: BOB.account, amount: 2n * UNIT };
  const submitted = unwrap(await client.submitCall({ type: "balance_transfer", value }, domain, CHARLIE));
  expect(unwrap(await submitted.final).type).toBe("InSidechainBlock");
}

describe("two validateers, each with a parentchain node of its own", () => {
  it("make blocks in turn and stand at the same head and root", inTurn, TIMEOUT_MS);

  it("S6: execute calls that come to either of them, and both know the balances", async () => {
    await chain.pay("//Charlie", unwrap(await second.client.shardVault()).account, 5n * UNIT);
    for (const member of [first, second]) {
      await poll("Charlie's balance", () => balanceAt(member, CHARLIE), credited(5n * UNIT));
    }
    await payBobAt(first);
    await poll("Charlie's nonce", async () => unwrap(await second.client.accountInfo(shard, CHARLIE)).nonce, 1);
    await payBobAt(second);
    for (const member of [first, second]) {
      await poll("Bob's balance", () => balanceAt(member, BOB), 4n * UNIT);
      expect(await balanceAt(member, CHARLIE)).toBe(credited(5n * UNIT) - 4n * UNIT - 2n * TRANSFER_FEE);
    }
    await inSync();
  }, TIMEOUT_MS);

  it.each(
    [
      ["the second", () => [second, first], "SIGTERM"],
      ["the first", () => [first, second], "SIGKILL"],
    ] as const,
  )("go on when %s is away, which then fetches what it missed and takes its turn again", async (...given) => {
    const [, members, signal] = given;
    const [away, stays] = members() as [Member, Member];
    await away.stop(signal);
    const height = await stays.height();
    await poll("blocks without it", async () => await stays.height() >= height + 4, true);
    await away.restart();
    await inTurn();
    expect(away.program.log).toMatch(/BlocksFetched .*count=\d/u);
    expect(await balanceAt(away, BOB)).toBe(4n * UNIT);
  }, TIMEOUT_MS);
});
