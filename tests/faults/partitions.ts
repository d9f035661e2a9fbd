/**
 * Parts validateers of one shard from each other under load and joins them again: one head soon after, no call lost.
 *
 * @module
 */
import { auditGroups, type NetworkPlay, reportedCalls, startGroup } from "./network_load.ts";
import { type NetworkStage, sharedHead, untilInStep } from "./network_stage.ts";
import { PLAY } from "./network_play.ts";
import { sleep } from "./processes.ts";
import { Random } from "./random.ts";
import { type Report, spread } from "./report.ts";
import type { FaultOptions } from "./stage.ts";

/** How long validateers are apart: several slots, so that each makes blocks of its own. */
const APART_MS = { min: 1_500, max: 6_000 } as const;
/** Time in which one head is wanted after the healing: two rotations and two seconds. */
export const HEAL_GOAL_MS: number = 2 * PLAY.validateers * PLAY.slotDurationMs + 2_000;
/** When a partition counts as not healed at all. */
const HEAL_TIMEOUT_MS = 60_000;

/** Parts them so often. */
export async function playPartitions({ stage, groups }: NetworkPlay, options: FaultOptions): Promise<Report> {
  const random = new Random(options.seed);
  const failures: string[] = [];
  const heals: number[] = [];
  let forks = 0;
  let reported = 0;
  for (let i = 1; i <= options.count; i++) {
    const loads = groups.map((group) => startGroup(group, stage));
    await sleep(random.between(500, 1_500));
    const isolated = random.pick(stage.members);
    isolated.switch(false);
    for (const member of stage.members) if (member !== isolated) member.switch(false);
    await sleep(random.between(APART_MS.min, APART_MS.max));
    if (await sharedHead(stage.members) === undefined) forks++;
    for (const member of stage.members) member.switch(true);
    heals.push(await heal(stage, failures, i));
    await Promise.all(loads.map((load) => load.stop()));
    failures.push(...loads.flatMap(({ anomalies }) => anomalies.map((text) => `partition ${i}: ${text}`)));
    const { wrong } = await auditGroups(groups, stage, []);
    failures.push(...wrong.map((text) => `partition ${i}: ${text}`));
    reported = reportedCalls(groups);
    options.note(`partition ${i}: one head after ${Math.round(heals.at(-1) ?? 0)} ms, ${reported} calls so far`);
  }
  return report(options, { failures, heals, forks, reported });
}

async function heal({ members }: NetworkStage, failures: string[], number: number): Promise<number> {
  try {
    return await untilInStep(members, HEAL_TIMEOUT_MS);
  } catch (error) {
    failures.push(`partition ${number}: ${error}`);
    throw error;
  }
}

interface Outcome {
  readonly failures: readonly string[];
  readonly heals: readonly number[];
  readonly forks: number;
  readonly reported: number;
}

function report({ count, seed }: FaultOptions, { failures, heals, forks, reported }: Outcome): Report {
  const within = heals.filter((ms) => ms <= HEAL_GOAL_MS).length;
  return {
    title: `partitions of ${PLAY.validateers} validateers (seed ${seed})`,
    rows: [
      ["partitions", count],
      ["of them with two chains at the end", forks],
      ["calls reported InSidechainBlock, none lost", reported],
      ["one head after the healing, ms (min / median / max)", spread(heals)],
      [`healed within the goal of ${HEAL_GOAL_MS} ms`, `${within} of ${heals.length}`],
    ],
    slowestRestartMs: 0,
    failures,
  };
}
