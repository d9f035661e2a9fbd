import { describe, expect, it } from "vitest";
import { encodeSs58, SS58_PREFIX_SUBSTRATE } from "../../src/crypto/ss58.ts";
import { encodeBase58 } from "../../src/primitives/base58.ts";
import { toHex } from "../../src/primitives/hex.ts";
import { CONFIRMATION_INTERVAL } from "../../src/sidechain/next_finalization.ts";
import { poll } from "./harness.ts";
import { factsOf } from "./light_blocks.ts";
import type { Member } from "./member.ts";
import { chain, first, second, shard, withTwoMembers } from "./two_members.ts";

const TIMEOUT_MS = 300_000;
/** Short, since the alert takes three intervals of fifty blocks in which one of two authors is gone. */
const SLOT_MS = 50;
/** Blocks after which the second is stopped (S21). */
const BLOCKS_BEFORE_RESTART = 200;

withTwoMembers("--slot-duration-ms", `${SLOT_MS}`);

/** The shard's validateers, the one that confirms first: at the newest final block, or at the newest one. */
async function listed(isFinal = false): Promise<readonly Uint8Array[]> {
  const block = isFinal ? await chain.api.rpc.chain.getFinalizedHead() : await chain.api.rpc.chain.getBlockHash();
  const status = await chain.api.query["enclaveBridge"]?.["shardStatus"]?.at(block, toHex(shard));
  const { isSome, unwrap: entries } = status as unknown as {
    readonly isSome: boolean;
    unwrap(): Iterable<{ readonly signer: { toU8a(): Uint8Array } }>;
  };
  return isSome ? [...entries.call(status)].map(({ signer }) => signer.toU8a()) : [];
}

/** The newest blocks of a validateer, oldest first. */
async function newestBlocks(member: Member, count: number) {
  const height = await member.height();
  return (await member.headers(Math.max(1, height - count + 1), count)).map((header) => factsOf(header, SLOT_MS));
}

const authorsOf = async (member: Member, count: number) =>
  new Set((await newestBlocks(member, count)).map(({ author }) => author));

const purge = (...args: readonly string[]) => second.cli("purge-enclave", ...args);

describe("two validateers", () => {
  it("S21: the second is restarted after 200 blocks, catches up by fetching and takes its turn again", async () => {
    await poll("200 blocks", async () => await first.height() >= BLOCKS_BEFORE_RESTART, true);
    await poll("blocks of both", async () => (await authorsOf(first, 10)).size, 2);
    await second.end("SIGTERM");
    const height = await first.height();
    await poll("blocks without the second", async () => await first.height() >= height + 10, true);
    await second.start();
    await poll("the blocks that it missed", async () => await second.height() >= height + 10, true);
    await poll("blocks of both, as the second sees them", async () => (await authorsOf(second, 8)).size, 2);
    expect(second.program.log).toMatch(/BlocksFetched .*count=\d/u);
  }, TIMEOUT_MS);

  it("S20: the first is gone: blocks go on, an alert, and after a purge the second confirms", async () => {
    await poll("both listed", async () => (await listed()).length, 2);
    await poll("a confirmation", async () => await chain.confirmed(shard) > 0n, true);
    const [gone, stays] = await listed() as [Uint8Array, Uint8Array];
    await first.end("SIGKILL");
    // Blocks of the killed one may still be on their way.
    const alone = await second.height() + 20;
    await poll("a hundred blocks of one author", async () => await second.height() >= alone + 100, true);
    await poll("the alert", () => Promise.resolve(second.program.log.includes("ConfirmationsOverdue")), true);
    expect(second.program.log).toMatch(new RegExp(`ConfirmationsOverdue .*confirmer=${toHex(gone)}`, "u"));
    const blocks = (await second.headers(alone + 1, 100)).map((header) => factsOf(header, SLOT_MS));
    expect(blocks).toHaveLength(100);
    expect(new Set(blocks.map(({ author }) => author))).toEqual(new Set([toHex(stays)]));
    expect(new Set(blocks.map(({ slot }) => slot % 2)).size).toBe(1);
    const before = await chain.confirmed(shard);

    const signer = encodeSs58(gone, SS58_PREFIX_SUBSTRATE);
    const done = await purge(encodeBase58(shard), toHex(gone));
    const left = encodeSs58(stays, SS58_PREFIX_SUBSTRATE);
    expect([done.code, done.stderr]).toEqual([0, expect.stringContaining("stop its process first")]);
    expect(done.stdout).toMatch(
      new RegExp(`^\\[\\+\\] purged ${signer} from shard .*\nvalidateers left: 1\n${left}\n$`, "u"),
    );
    // The sidechain does not wait while the purge becomes final, which takes seconds on a busy machine.
    await poll("the purge is final", async () => (await listed(true)).length, 1);
    const purgedAt = await second.height();
    let confirmed = before;
    await poll("a confirmation by the second", async () => (confirmed = await chain.confirmed(shard)) > before, true);
    expect(confirmed).toBeLessThanOrEqual(BigInt(purgedAt) + 2n * CONFIRMATION_INTERVAL);
    await poll("no alert", () => Promise.resolve(second.program.log.includes("ConfirmationsAgain")), true);
    await poll("blocks in all slots", async () => {
      const newest = await newestBlocks(second, 20);
      return new Set(newest.map(({ slot }) => slot % 2)).size;
    }, 2);
    const again = await purge(encodeBase58(shard), signer);
    expect([again.code, again.stdout]).toEqual([2, ""]);
    expect(again.stderr).toContain("is not among the validateers");
  }, TIMEOUT_MS);
});
