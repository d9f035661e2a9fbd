import { describe, expect, it } from "vitest";
import { sr25519Signer, type TrustedSigner } from "../../src/client/trusted_signer.ts";
import { pairFromSuri } from "../../src/crypto/suri.ts";
import { toHex } from "../../src/primitives/hex.ts";
import { unwrap } from "../../src/primitives/result.ts";
import { credited, poll, TRANSFER_FEE, UNIT } from "./harness.ts";
import { type BlockFacts, factsOf } from "./light_blocks.ts";
import type { Member } from "./member.ts";
import { runShardVaultScenario } from "./shard_vault_scenario.ts";
import { chain, first, second, shard, withTwoMembers } from "./two_members.ts";

const TIMEOUT_MS = 300_000;
/** Blocks that one may be ahead of the other. */
const SLOTS_APART = 3;
/** Calls until both have executed one. */
const MAX_CALLS = 40;
/** Blocks in which both have had their turn several times. */
const TURNS = 8;
const ALICE = sr25519Signer(pairFromSuri("//Alice"));
const DAVE = sr25519Signer(pairFromSuri("//Dave"));
const BOB = sr25519Signer(pairFromSuri("//BobIncognito"));

withTwoMembers();

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

/** Pays Bob from an account by a direct call and waits until it is in a block; gives the block's hash. */
async function payBob({ client }: Member, from: TrustedSigner, amount: bigint): Promise<string> {
  const domain = { shard, fingerprint: unwrap(await client.fingerprint()) };
  const value = { from: from.account, to: BOB.account, amount };
  const submitted = unwrap(await client.submitCall({ type: "balance_transfer", value }, domain, from));
  const status = unwrap(await submitted.final);
  if (status.type !== "InSidechainBlock") throw new Error(`The call is ${status.type}`);
  return toHex(status.value);
}

/** The author of a recent block; none if another one has taken its place. */
async function authorOf(member: Member, hash: string): Promise<string | undefined> {
  const height = await member.height();
  const blocks = await blocksOf(member, Math.max(1, height - 3 * TURNS), height);
  return blocks.find((block) => block.hash === hash)?.author;
}

describe("two validateers, each with a parentchain node of its own", () => {
  it("make blocks in turn and stand at the same head and root", inTurn, TIMEOUT_MS);

  it("S6: execute calls that come to either of them, and both know the balances", async () => {
    await chain.pay("//Dave", unwrap(await second.client.shardVault()).account, 5n * UNIT);
    for (const member of [first, second]) {
      await poll("Dave's balance", () => balanceAt(member, DAVE), credited(5n * UNIT));
    }
    await payBob(first, DAVE, 2n * UNIT);
    await poll("Dave's nonce", async () => unwrap(await second.client.accountInfo(shard, DAVE)).nonce, 1);
    await payBob(second, DAVE, 2n * UNIT);
    for (const member of [first, second]) {
      await poll("Bob's balance", () => balanceAt(member, BOB), 4n * UNIT);
      expect(await balanceAt(member, DAVE)).toBe(credited(5n * UNIT) - 4n * UNIT - 2n * TRANSFER_FEE);
    }
    await inSync();
  }, TIMEOUT_MS);

  it("execute a call in whoever's slot comes next, wherever it was sent", async () => {
    const authors = new Set<string>();
    for (let i = 0; i < MAX_CALLS && authors.size < 2; i++) {
      const author = await authorOf(second, await payBob(second, ALICE, UNIT / 1000n));
      if (author !== undefined) authors.add(author);
    }
    expect(authors.size).toBe(2);
  }, TIMEOUT_MS);

  it.each(
    [
      ["first", () => first],
      ["second", () => second],
    ] as const,
  )(
    "S3: shield, transfer and unshield at the %s with exact balances and nonces",
    (run, member) => runShardVaultScenario(member().commands, run, inSync),
    TIMEOUT_MS,
  );

  it.each(
    [
      ["the second", () => [second, first], "SIGTERM"],
      ["the first", () => [first, second], "SIGKILL"],
    ] as const,
  )("go on when %s is away, which then fetches what it missed and takes its turn again", async (...given) => {
    const [, members, signal] = given;
    const [away, stays] = members() as [Member, Member];
    await away.end(signal);
    const height = await stays.height();
    await poll("blocks without it", async () => await stays.height() >= height + 4, true);
    await away.start();
    await inTurn();
    expect(away.program.log).toMatch(/BlocksFetched .*count=\d/u);
    expect(await balanceAt(away, BOB)).toBe(await balanceAt(stays, BOB));
  }, TIMEOUT_MS);
});
