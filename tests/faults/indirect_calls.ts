/**
 * Many indirect calls in one parentchain block, while validateers go on making blocks: how many of their own slots they
 * miss in a row meanwhile, by the light headers, and whether every call took effect exactly once.
 *
 * @module
 */
import { Keyring } from "@polkadot/api";
import { type Hex, toHex } from "../../src/primitives/hex.ts";
import { unwrap } from "../../src/primitives/result.ts";
import { poll } from "../e2e/harness.ts";
import { type BlockFacts, factsOf } from "../e2e/light_blocks.ts";
import type { Chain } from "./chain.ts";
import { auditPayer, endow, ENDOWMENT, Payer } from "./load.ts";
import { type NetworkStage, onNetworkStage } from "./network_stage.ts";
import { sleep } from "./processes.ts";
import { Random } from "./random.ts";
import type { RelayedMember } from "./relayed_member.ts";
import { type Report, spread } from "./report.ts";
import type { FaultOptions } from "./stage.ts";

/** Slots of its own that a validateer may miss in a row. */
const MAX_MISSED_SLOTS = 3;
/** Calls of a full run. */
const CALLS = 1_000;
/** Accounts that make the calls. */
const PAYERS = 10;
/** Transactions that the pool of a node keeps beside those that can be included at once. */
const MAX_FUTURE = 819;
/**
 * All is played again, so often, if a node that was short of time cut its block, or if slots were missed: the program's own
 * stalls come every time, those of a busy machine do not.
 */
const MAX_ATTEMPTS = 5;
/** Light headers that are asked for at a time. */
const HEADERS_AT_ONCE = 100;
/** Blocks that are looked at after the last call. */
const BLOCKS_AFTER = 6;
/** Pause between two looks: a question costs the enclave a signature check. */
const LOOK_INTERVAL_MS = 250;
/** Time until all calls of a block are executed. */
const EXECUTION_TIMEOUT_MS = 120_000;
/** What is played on alone: a node fills two fifths of the block time with transactions, and 1,000 take almost a second. */
const ALONE = { validateers: 2, blockTimeMs: 2_500, slotDurationMs: 300 } as const;

/** What is played. */
export interface IndirectCallsOptions extends FaultOptions {
  /** Calls in one parentchain block. */
  readonly calls: number;
  /** Slot duration of the stage. */
  readonly slotDurationMs: number;
}

/** Plays at full length on a stage of its own: two validateers, each with a node. */
export async function runIndirectCalls(options: FaultOptions): Promise<Report> {
  const { slotDurationMs } = ALONE;
  return await onNetworkStage(ALONE, (stage) => playIndirectCalls(stage, { ...options, calls: CALLS, slotDurationMs }));
}

/** Puts calls into one parentchain block, `count` times one after the other, and looks at what comes of them. */
export async function playIndirectCalls(stage: NetworkStage, options: IndirectCallsOptions): Promise<Report> {
  const { calls, count, seed, note } = options;
  const payers = await endowedPayers(stage);
  const random = new Random(seed);
  const failures: string[] = [];
  const rounds: Round[] = [];
  const isWhole = ({ perBlock }: Round): boolean => perBlock[0] === calls;
  const isSteady = ({ mostMissed }: Round): boolean => mostMissed <= MAX_MISSED_SLOTS;
  for (let wanted = 0; wanted < count; wanted++) {
    for (let attempt = 1;; attempt++) {
      const round = await playRound(stage, payers, random, options);
      rounds.push(round);
      note(textOf(round));
      if (isWhole(round) && isSteady(round)) break;
      if (attempt < MAX_ATTEMPTS) continue;
      // Slots that were missed every time are late cases.
      if (!rounds.some(isWhole)) failures.push(`never in one block, at last: ${textOf(round)}`);
      break;
    }
  }
  failures.push(...await audit(stage, payers));
  return {
    title: `${calls} indirect calls in one parentchain block`,
    rows: [
      ["blocks with that many", rounds.filter(isWhole).length],
      ["times that a node cut its block, and all was played again", rounds.filter((round) => !isWhole(round)).length],
      [
        "from submission until all are executed everywhere, ms (min / median / max)",
        spread(rounds.map(({ executedMs }) => executedMs)),
      ],
      ["own slots missed in a row at most, by either", Math.max(...rounds.map(({ mostMissed }) => mostMissed))],
    ],
    failures,
    late: rounds.filter((round) => !isSteady(round)).map(textOf),
  };
}

/** What came of some calls. */
interface Round {
  /** From submission until all validateers had executed all. */
  readonly executedMs: number;
  /** Most slots in a row that one validateer missed of its own. */
  readonly mostMissed: number;
  /** Invocations of the parentchain blocks that have any. */
  readonly perBlock: readonly number[];
}

function textOf({ perBlock, executedMs, mostMissed }: Round): string {
  const counts = perBlock.join(" + ");
  return `${counts} calls: executed after ${Math.round(executedMs)} ms, ${mostMissed} own slots missed in a row`;
}

async function playRound(
  stage: NetworkStage,
  payers: readonly Payer[],
  random: Random,
  { calls, slotDurationMs }: IndirectCallsOptions,
): Promise<Round> {
  const { members, chain } = stage;
  const drawn = Array.from({ length: calls }, () => random.pick(payers));
  const extrinsics = await signInvokes(stage, drawn);
  const [from, parentchainFrom] = [await newestBlock(members), await chain.head()];
  await submitAtOnce(chain, extrinsics);
  const executedMs = await untilExecuted(stage, payers);
  const missed = missedInARow(await agreedBlocks(members, from, slotDurationMs), members.length);
  if (missed.size !== members.length) throw new Error(`${missed.size} authors, want ${members.length}`);
  const mostMissed = Math.max(...missed.values());
  return { executedMs, mostMissed, perBlock: await invocationsPerBlock(chain, parentchainFrom) };
}

async function audit({ members, domain }: NetworkStage, payers: readonly Payer[]): Promise<readonly string[]> {
  const failures: string[] = [];
  for (const { name, serving } of members) {
    for (const payer of payers) {
      const { nonce, wrong } = await auditPayer(serving.client, payer, domain);
      failures.push(...wrong.map((text) => `${name}: ${text}`));
      if (nonce !== payer.made) failures.push(`${name}: ${nonce} of ${payer.made} calls of a payer are executed`);
    }
  }
  return failures;
}

async function endowedPayers({ members, domain }: NetworkStage): Promise<readonly Payer[]> {
  const payers = Array.from({ length: PAYERS }, (_, i) => new Payer(`Indirect${i}`, "transfer", domain));
  const [first] = members as readonly [RelayedMember];
  await endow(first.serving.client, domain, payers.map(({ signer }) => signer.account));
  for (const { name, serving } of members) {
    for (const { signer } of payers) {
      const balance = async () => unwrap(await serving.client.accountInfo(domain.shard, signer)).data.free;
      await poll(`an endowment at ${name}`, balance, ENDOWMENT);
    }
  }
  return payers;
}

/** Extrinsics of one account with a call each of these payers. */
async function signInvokes(
  { members, chain: { api }, domain }: NetworkStage,
  payers: readonly Payer[],
): Promise<readonly Hex[]> {
  const { client } = (members[0] as RelayedMember).serving;
  const alice = new Keyring({ type: "sr25519" }).addFromUri("//Alice");
  const first = (await api.rpc.system.accountNextIndex(alice.address)).toNumber();
  const { genesisHash, runtimeVersion } = api;
  const extrinsics: Hex[] = [];
  for (const [i, payer] of payers.entries()) {
    const nonce = payer.takeNonce();
    const call = payer.call(payer.amountAt(nonce));
    const { request } = unwrap(await client.prepareCall("indirect_call", call, domain, payer.signer, nonce));
    const argument = { shard: toHex(request.shard), cyphertext: toHex(request.cyphertext) };
    const invoke = api.tx["enclaveBridge"]?.["invoke"]?.(argument);
    if (invoke === undefined) throw new TypeError("no pallet EnclaveBridge");
    invoke.sign(alice, { blockHash: genesisHash, genesisHash, runtimeVersion, nonce: first + i });
    extrinsics.push(invoke.toHex());
  }
  return extrinsics;
}

/** Sends extrinsics so that they are in one block: those that the pool can keep, then right after a block what they wait for. */
async function submitAtOnce({ api }: Chain, extrinsics: readonly Hex[]): Promise<void> {
  const submit = (some: readonly Hex[]) => Promise.all(some.map((one) => api.rpc.author.submitExtrinsic(one)));
  const split = Math.max(1, extrinsics.length - MAX_FUTURE);
  await submit(extrinsics.slice(split));
  const { promise, resolve } = Promise.withResolvers<void>();
  let heads = 0;
  // The first is the block that is there already.
  const stop = await api.rpc.chain.subscribeNewHeads(() => {
    if (++heads === 2) resolve();
  });
  await promise;
  stop();
  await submit(extrinsics.slice(0, split));
}

/** Waits until all validateers have executed all calls, or too long; gives the time in ms. */
async function untilExecuted({ members, domain }: NetworkStage, payers: readonly Payer[]): Promise<number> {
  const begun = performance.now();
  const isDone = async ({ serving }: RelayedMember, { signer, made }: Payer): Promise<boolean> =>
    unwrap(await serving.client.accountInfo(domain.shard, signer)).nonce >= made;
  for (const member of members) {
    for (const payer of payers) {
      while (!await isDone(member, payer) && performance.now() - begun < EXECUTION_TIMEOUT_MS) {
        await sleep(LOOK_INTERVAL_MS);
      }
    }
  }
  return performance.now() - begun;
}

/** Numbers of invocations in the blocks that have any. */
async function invocationsPerBlock({ api }: Chain, from: number): Promise<readonly number[]> {
  const counts: number[] = [];
  const last = (await api.rpc.chain.getHeader()).number.toNumber();
  for (let number = from; number <= last; number++) {
    const { block } = await api.rpc.chain.getBlock(await api.rpc.chain.getBlockHash(number));
    counts.push(block.extrinsics.filter(({ method: { method } }) => method === "invoke").length);
  }
  return counts.filter((count) => count > 0);
}

async function newestBlock(members: readonly RelayedMember[]): Promise<number> {
  return Math.max(...await Promise.all(members.map((member) => member.height())));
}

/** Blocks from a number to a few beyond the present ones, once all validateers have the same. */
async function agreedBlocks(
  members: readonly RelayedMember[],
  from: number,
  slotDurationMs: number,
): Promise<readonly BlockFacts[]> {
  const to = await newestBlock(members) + BLOCKS_AFTER;
  let blocks: readonly BlockFacts[] = [];
  await poll(`the same blocks from ${from} to ${to} at all`, async () => {
    const lists = await Promise.all(members.map((member) => blocksOf(member, from, to, slotDurationMs)));
    blocks = lists[0] ?? [];
    return blocks.length === to - from + 1 && new Set(lists.map((list) => JSON.stringify(list))).size === 1;
  }, true);
  return blocks;
}

async function blocksOf(
  member: RelayedMember,
  from: number,
  to: number,
  slotDurationMs: number,
): Promise<readonly BlockFacts[]> {
  const found: BlockFacts[] = [];
  for (let number = from; number <= to; number += HEADERS_AT_ONCE) {
    const headers = await member.headers(number, Math.min(HEADERS_AT_ONCE, to - number + 1));
    found.push(...headers.map((header) => factsOf(header, slotDurationMs)));
  }
  return found;
}

/** The most slots in a row that each author missed of its own, between the first and the last block. */
export function missedInARow(blocks: readonly BlockFacts[], authors: number): ReadonlyMap<string, number> {
  const made = new Set(blocks.map(({ slot }) => slot));
  const turns = new Map(blocks.map(({ author, slot }) => [author, slot % authors]));
  const [start, end] = [blocks[0]?.slot ?? 0, blocks.at(-1)?.slot ?? 0];
  return new Map([...turns].map(([author, turn]) => {
    let most = 0;
    let run = 0;
    for (let slot = start; slot <= end; slot++) {
      if (slot % authors !== turn) continue;
      run = made.has(slot) ? 0 : run + 1;
      most = Math.max(most, run);
    }
    return [author, most];
  }));
}
