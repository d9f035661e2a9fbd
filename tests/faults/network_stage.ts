/**
 * Several validateers of one shard, each with a parentchain node of its own, and a relay before every endpoint that others
 * dial, so that they can be parted.
 *
 * @module
 */
import type { SigningDomain } from "../../src/client/trusted_signer.ts";
import type { AccountId } from "../../src/primitives/branded.ts";
import { toHex } from "../../src/primitives/hex.ts";
import { unwrap } from "../../src/primitives/result.ts";
import { type LightHeader, lightHeader, MAX_LIGHT_HEADERS } from "../../src/types/light_header.ts";
import { poll, vaultOf } from "../e2e/harness.ts";
import type { Member } from "../e2e/member.ts";
import { type RunningNode, startNodes } from "../e2e/node_network.ts";
import { Chain } from "./chain.ts";
import { type MemberSite, sleep } from "./processes.ts";
import { RelayedMember } from "./relayed_member.ts";

/** Blocks by which members that are in step may differ. */
const LAG_BLOCKS = 3;
/** Time until all members are in step for the first time. */
const START_TIMEOUT_MS = 120_000;
/** How long members have to be in step before that counts: two rotations of two with slots of 300 ms. */
const STEADY_MS = 1_200;
/** How much of each log the error of a wait shows. */
const LOG_TAIL_CHARACTERS = 6_000;
/** Pause between two looks. */
const LOOK_INTERVAL_MS = 50;

/** Where a member's chain stands. */
export interface Head {
  readonly number: number;
  readonly root: string;
}

/** Settings of a stage. */
export interface NetworkStageOptions {
  readonly validateers: number;
  readonly blockTimeMs: number;
  readonly slotDurationMs: number;
  /** Makes the place of a member ready before its start; gives how to remove it. */
  readonly prepare?: (site: MemberSite) => Promise<() => Promise<void>>;
}

/** A shard that several validateers run. */
export interface NetworkStage {
  readonly members: readonly RelayedMember[];
  readonly chain: Chain;
  readonly domain: SigningDomain;
  readonly vault: AccountId;
}

/** Runs on a stage whose members are in step, and takes everything down afterwards. */
export async function onNetworkStage<T>(
  options: NetworkStageOptions,
  run: (stage: NetworkStage) => Promise<T>,
): Promise<T> {
  const closers: (() => Promise<unknown> | void)[] = [];
  const folder = await Deno.makeTempDir({ prefix: "integritee-network-" });
  closers.push(() => Deno.remove(folder, { recursive: true }));
  try {
    const nodes = await startNodes(options.validateers, options.blockTimeMs);
    for (const { program } of nodes) closers.push(() => program.end("SIGKILL"));
    const [first] = nodes as readonly [RunningNode];
    const chain = await Chain.connect(first.port);
    closers.push(() => chain.close());
    const members: RelayedMember[] = [];
    for (const [i, { port }] of nodes.entries()) {
      const member = RelayedMember.at(`validateer${i + 1}`, folder, port, options.slotDurationMs);
      closers.push(() => member.close());
      members.push(member);
      const remove = await options.prepare?.(member.site);
      if (remove !== undefined) closers.push(remove);
      closers.push(() => member.end("SIGKILL"));
      await member.start();
    }
    const { client } = members[0] as Member;
    const domain = { shard: unwrap(await client.shard()), fingerprint: unwrap(await client.fingerprint()) };
    const vault = await vaultOf(client);
    await untilInStep(members, START_TIMEOUT_MS);
    await poll("authors of the newest blocks", () => newestAuthors(members), members.length);
    return await run({ members, chain, domain, vault });
  } finally {
    for (const close of closers.reverse()) await Promise.resolve(close()).catch(() => {});
  }
}

/**
 * How many members authored the newest blocks up to one that all have: it takes the parentchain a while to list them, and blocks of
 * one that do not arrive at the others are in none of these.
 */
async function newestAuthors(members: readonly Member[]): Promise<number> {
  const [first] = members as readonly [Member];
  const count = 2 * members.length;
  const height = Math.min(...await Promise.all(members.map((member) => member.height())));
  const headers = height < count ? [] : await first.headers(height - count + 1, count);
  return new Set(headers.map(({ digest }) => toHex(digest.blockAuthor))).size;
}

/** The head that all members share, if they are in step. */
export async function sharedHead(members: readonly Member[]): Promise<Head | undefined> {
  const heights = await Promise.all(members.map((member) => member.height()));
  const [least, most] = [Math.min(...heights), Math.max(...heights)];
  if (least === 0 || most - least > LAG_BLOCKS) return undefined;
  const found = await Promise.all(members.map((member) => member.headers(least)));
  const [first] = found[0] as readonly LightHeader[];
  if (first === undefined) return undefined;
  const wanted = toHex(lightHeader.encode(first));
  const isShared = found.every(([one]) => one !== undefined && toHex(lightHeader.encode(one)) === wanted);
  return isShared ? { number: least, root: toHex(first.digest.stateRoot) } : undefined;
}

/** How many blocks two members have both of the same number, but not the same, as far as their answers reach. */
export async function forkLength([one, other]: readonly [Member, Member]): Promise<number> {
  const lowest = Math.min(...await Promise.all([one.height(), other.height()]));
  const from = Math.max(1, lowest - MAX_LIGHT_HEADERS + 1);
  const [blocks, rivals] = await Promise.all([one, other].map(async (member) => {
    const headers = await member.headers(from, lowest - from + 1);
    return new Map(headers.map((block) => [block.header.blockNumber, toHex(lightHeader.encode(block))]));
  })) as [Map<bigint, string>, Map<bigint, string>];
  return [...blocks].filter(([number, block]) => (rivals.get(number) ?? block) !== block).length;
}

/**
 * Waits until all members share a head and go on doing so: forks that are made anew each slot are met by many a look. Gives
 * the time until they began to, in ms. @throws If it takes too long.
 */
export async function untilInStep(members: readonly RelayedMember[], timeoutMs: number): Promise<number> {
  const begunMs = performance.now();
  for (let sinceMs: number | undefined;;) {
    const lookMs = performance.now();
    if (await sharedHead(members) === undefined) sinceMs = undefined;
    else sinceMs ??= lookMs;
    const isSteady = sinceMs !== undefined && lookMs - sinceMs >= STEADY_MS;
    if (sinceMs !== undefined && isSteady && await newestAuthors(members) === members.length) return sinceMs - begunMs;
    if ((sinceMs === undefined || isSteady) && lookMs - begunMs > timeoutMs) {
      throw new Error(`not in step after ${timeoutMs} ms: ${await whereTheyStand(members)}`);
    }
    await sleep(LOOK_INTERVAL_MS);
  }
}

/** Heights, fork and newest log lines of members, for the error of a wait. */
export async function whereTheyStand(members: readonly RelayedMember[]): Promise<string> {
  const heights = await Promise.all(members.map((member) => member.height()));
  const [one, other] = members;
  const fork = one === undefined || other === undefined ? 0 : await forkLength([one, other]);
  const logs = members.map(({ name, program }) => `${name}:\n${program.log.slice(-LOG_TAIL_CHARACTERS)}`);
  return [`heights ${heights.join(", ")}; ${fork} of the newest differ`, ...logs].join("\n");
}
