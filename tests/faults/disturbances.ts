/**
 * What befalls one validateer of a shard without killing it: a network that is late or slow, a parentchain node that is
 * gone, a disk that is full. The other goes on, and afterwards both are in step with nothing lost.
 *
 * @module
 */
import { auditGroups, type Group, type NetworkPlay, reportedCalls, startGroup } from "./network_load.ts";
import { PLAY } from "./network_play.ts";
import { type Member, type NetworkStage, untilInStep } from "./network_stage.ts";
import { sleep } from "./processes.ts";
import type { Report } from "./report.ts";
import type { FaultOptions } from "./stage.ts";

/** Delay and duration of the late network of scenario S12. */
const LATE = { delayMs: 1_000, durationMs: 30_000, times: 3 } as const;
/** A line that is slower than the blocks. */
const SLOW = { bytesPerSecond: 1_000, durationMs: 30_000 } as const;
/** How long the parentchain node is gone, for each fault that was asked for: ten minutes in a full run. */
const NODE_GONE_MS_PER_FAULT = 12_000;
/** Time in which all are to be in step again. */
const IN_STEP_TIMEOUT_MS = 120_000;
/** Least share of its own slots that the undisturbed one has to fill meanwhile. */
const LEAST_FILLED_SHARE = 0.5;

/** One kind of disturbance: `begin` sets it on and gives how to end it. */
interface Disturbance {
  readonly name: string;
  readonly durationMs: number;
  readonly begin: (disturbed: Member) => () => void;
}

function disturbances({ count }: FaultOptions): readonly Disturbance[] {
  const share = Math.min(1, count / 50);
  const late = Array.from({ length: Math.ceil(LATE.times * share) }, (_, i): Disturbance => ({
    name: `network ${LATE.delayMs} ms late, ${i + 1}`,
    durationMs: LATE.durationMs * Math.max(share, 0.2),
    begin: (member) => {
      member.delay(LATE.delayMs);
      return () => member.delay(0);
    },
  }));
  return [
    ...late,
    {
      name: `network of ${SLOW.bytesPerSecond} bytes a second`,
      durationMs: SLOW.durationMs * Math.max(share, 0.2),
      begin: (member) => {
        member.slow(SLOW.bytesPerSecond);
        return () => member.slow(Number.POSITIVE_INFINITY);
      },
    },
    {
      name: "parentchain node gone",
      durationMs: NODE_GONE_MS_PER_FAULT * count,
      begin: (member) => {
        member.node.switch(false);
        return () => member.node.switch(true);
      },
    },
  ];
}

/** Plays all of them, one after the other; the node is gone for ten minutes at count 50. */
export async function playDisturbances({ stage, groups }: NetworkPlay, options: FaultOptions): Promise<Report> {
  const rows: (readonly [string, string | number])[] = [];
  const failures: string[] = [];
  for (const disturbance of disturbances(options)) {
    rows.push([disturbance.name, await play(disturbance, stage, groups, failures)]);
    options.note(`${rows.at(-1)}`);
  }
  rows.push(["calls reported InSidechainBlock, none lost", reportedCalls(groups)]);
  return {
    title: "one of two validateers disturbed under load",
    rows,
    slowestRestartMs: 0,
    failures,
  };
}

async function play(
  { name, durationMs, begin }: Disturbance,
  stage: NetworkStage,
  groups: readonly Group[],
  failures: string[],
): Promise<string> {
  const [steady, disturbed] = stage.members as readonly [Member, Member];
  const loads = groups.map((group) => startGroup(group, stage));
  const before = await steady.height();
  const end = begin(disturbed);
  await sleep(durationMs);
  const made = Number(await steady.height() - before);
  end();
  const healedMs = await untilInStep(stage.members, IN_STEP_TIMEOUT_MS);
  await Promise.all(loads.map((load) => load.stop()));
  failures.push(...loads.flatMap(({ anomalies }) => anomalies.map((text) => `${name}: ${text}`)));
  const { wrong } = await auditGroups(groups, stage, []);
  failures.push(...wrong.map((text) => `${name}: ${text}`));
  const ownSlots = durationMs / PLAY.slotDurationMs / stage.members.length;
  if (made < LEAST_FILLED_SHARE * ownSlots) {
    failures.push(`${name}: the other made ${made} blocks in ${ownSlots} slots`);
  }
  const seconds = Math.round(durationMs / 1_000);
  return `${seconds} s: ${made} blocks in ${Math.round(2 * ownSlots)} slots; in step ${Math.round(healedMs)} ms later`;
}
