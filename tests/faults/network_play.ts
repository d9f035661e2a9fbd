/**
 * Runs faults on two validateers under load, all on one stage.
 *
 * @module
 */
import { createGroups, type NetworkPlay } from "./network_load.ts";
import { onNetworkStage } from "./network_stage.ts";
import type { Report, TimeGoal } from "./report.ts";
import { mountDisk, whyNoDisks } from "./small_disk.ts";

/** What is played on: two validateers, the fewest that can disagree. */
export const PLAY = { validateers: 2, blockTimeMs: 1_000, slotDurationMs: 300 } as const;
/** Goal for the time from the start of a process that was away until all are in step. */
export const IN_STEP_GOAL: TimeGoal = { what: "from the start to in step", ms: 10_000 };
/** Goal for the time from the end of a disturbance until all have one head: two rotations and two seconds. */
export const HEAL_GOAL: TimeGoal = {
  what: "one head after the healing",
  ms: 2 * PLAY.validateers * PLAY.slotDurationMs + 2_000,
};

/** Runs something on a stage of its own, whose validateers have small disks where the machine has them. */
export async function onPlay<T>(run: (play: NetworkPlay) => Promise<T>): Promise<T> {
  const hasDisks = await whyNoDisks() === undefined;
  const prepare = hasDisks ? { prepare: ({ dataDir }: { readonly dataDir: string }) => mountDisk(dataDir) } : {};
  return await onNetworkStage(
    { ...PLAY, ...prepare },
    async (stage) => await run({ stage, groups: await createGroups(stage) }),
  );
}

/** A play alone on its stage. */
export function playAlone<O>(
  play: (play: NetworkPlay, options: O) => Promise<Report>,
): (options: O) => Promise<Report> {
  return (options) => onPlay((stage) => play(stage, options));
}
