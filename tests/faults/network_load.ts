/**
 * Load on all validateers of a shard, one call of each payer at a time, and its audit at all of them.
 *
 * @module
 */
import { readAnswer } from "../../src/client/worker_answer.ts";
import type { SigningDomain } from "../../src/client/trusted_signer.ts";
import { bytes, vec } from "../../src/codec/codec.ts";
import { encodeBase58 } from "../../src/primitives/base58.ts";
import type { ShardIdentifier } from "../../src/primitives/branded.ts";
import { unwrap } from "../../src/primitives/result.ts";
import { poll } from "../e2e/harness.ts";
import { auditPayer, endow, ENDOWMENT, Payer, type RunningLoad, startLoad } from "./load.ts";
import { type NetworkStage, sharedHead, whereTheyStand } from "./network_stage.ts";
import { sleep } from "./processes.ts";
import type { RelayedMember } from "./relayed_member.ts";

/** Payers of each validateer. */
const PAYERS_PER_MEMBER = 4;
/** Looks in a row at which nothing may be under way. */
const QUIET_LOOKS = 4;
/** Pause between two looks: about a slot. */
const LOOK_INTERVAL_MS = 300;
/** Hashes of operations that wait, by shard. */
const pendingHashes = vec(vec(bytes(32), 100_000), 1);
/** Time for what is under way to come to rest. */
const REST_TIMEOUT_MS = 90_000;

/** Payers whose calls go to one member. */
export interface Group {
  readonly member: RelayedMember;
  readonly payers: readonly Payer[];
}

/** What network faults play on. */
export interface NetworkPlay {
  readonly stage: NetworkStage;
  readonly groups: readonly Group[];
}

/** What an audit found. */
export interface Audit {
  readonly wrong: readonly string[];
  /** Calls that a killed validateer had reported, but not yet sent to the others. */
  readonly lost: number;
}

/** Endows payers for each member. */
export async function createGroups({ members, domain }: NetworkStage): Promise<readonly Group[]> {
  const groups = members.map((member, i) => ({
    member,
    payers: Array.from({ length: PAYERS_PER_MEMBER }, (_, k) => new Payer(`Load${i}x${k}`, "transfer", domain)),
  }));
  const accounts = groups.flatMap(({ payers }) => payers.map(({ signer }) => signer.account));
  await endow((members[0] as RelayedMember).serving.client, domain, accounts);
  const last = groups.at(-1)?.payers.at(-1) as Payer;
  for (const { name, serving } of members) {
    const balance = async () => unwrap(await serving.client.accountInfo(domain.shard, last.signer)).data.free;
    await poll(`the endowment at ${name}`, balance, ENDOWMENT);
  }
  return groups;
}

/** Starts the load of a group. */
export function startGroup({ member, payers }: Group, { domain }: NetworkStage): RunningLoad {
  return startLoad([member.serving.client], payers, domain, { inFlight: 1 });
}

/** Calls that were reported so far. */
export function reportedCalls(groups: readonly Group[]): number {
  return groups.flatMap(({ payers }) => payers).reduce((sum, { reported }) => sum + reported.size, 0);
}

/**
 * Compares nonces and balances at every member. A member in `killed` may have reported the calls of one block that died with
 * it; of every other report the call must have been executed.
 */
export async function auditGroups(
  groups: readonly Group[],
  { members, domain }: NetworkStage,
  killed: readonly RelayedMember[],
): Promise<Audit> {
  await untilAtRest(members, domain);
  const wrong: string[] = [];
  let lost = 0;
  for (const { member, payers } of groups) {
    const lostBlocks = new Set<string>();
    for (const payer of payers) {
      const { nonce } = unwrap(await member.serving.client.accountInfo(domain.shard, payer.signer));
      for (const [reported, block] of killed.includes(member) ? [...payer.reported] : []) {
        if (reported < nonce) continue;
        payer.reported.delete(reported);
        lostBlocks.add(block);
        lost++;
      }
      for (const { name, serving } of members) {
        const audit = await auditPayer(serving.client, payer, domain);
        wrong.push(...audit.wrong.map((text) => `${name}: ${text}`));
        if (audit.nonce !== nonce) wrong.push(`${name} has nonce ${audit.nonce}, ${member.name} ${nonce}`);
      }
      payer.goOnAt(nonce);
    }
    if (lostBlocks.size > 1) wrong.push(`${member.name} lost ${lostBlocks.size} blocks that it had reported`);
  }
  return { wrong, lost };
}

/** Waits until all members are in step and no call waits in a pool. @throws If that takes too long. */
async function untilAtRest(members: readonly RelayedMember[], { shard }: SigningDomain): Promise<void> {
  const deadline = Date.now() + REST_TIMEOUT_MS;
  for (let quiet = 0; quiet < QUIET_LOOKS;) {
    const waiting = await Promise.all(members.map((member) => pendingOperations(member, shard)));
    if (Date.now() > deadline) {
      throw new Error(`no rest: calls that wait ${waiting.join(", ")}; ${await whereTheyStand(members)}`);
    }
    quiet = waiting.every((count) => count === 0) && await sharedHead(members) !== undefined ? quiet + 1 : 0;
    await sleep(LOOK_INTERVAL_MS);
  }
}

async function pendingOperations({ serving }: RelayedMember, shard: ShardIdentifier): Promise<number> {
  const answer = await serving.rpc.request("author_pendingExtrinsics", [encodeBase58(shard)]);
  return unwrap(readAnswer("author_pendingExtrinsics", answer, pendingHashes))[0]?.length ?? 0;
}
