/**
 * Kills random validateers of a shard under load: the others go on, the killed one serves again and is in step, and what
 * was reported is executed everywhere.
 *
 * @module
 */
import { auditGroups, type Group, type NetworkPlay, reportedCalls, startGroup } from "./network_load.ts";
import { IN_STEP_GOAL, PLAY } from "./network_play.ts";
import { type NetworkStage, untilInStep } from "./network_stage.ts";
import { sleep } from "./processes.ts";
import { Random } from "./random.ts";
import { type Report, RESTART_GOAL, spread, Timing } from "./report.ts";
import type { FaultOptions } from "./stage.ts";

/** Longest time under load before a kill. */
const MAX_LOAD_MS = 3_000;
/** Longest time before the killed one is started again. */
const MAX_AWAY_MS = 3_000;
/** When the killed one counts as not in step at all. */
const IN_STEP_TIMEOUT_MS = 120_000;

/** Kills so often. */
export async function playKills({ stage, groups }: NetworkPlay, options: FaultOptions): Promise<Report> {
  const run = new NetworkKillRun(stage, options, groups);
  for (let i = 1; i <= options.count; i++) await run.round(i);
  return run.report();
}

class NetworkKillRun {
  readonly #stage: NetworkStage;
  readonly #options: FaultOptions;
  readonly #groups: readonly Group[];
  readonly #random: Random;
  readonly #failures: string[] = [];
  readonly #restarts = new Timing(RESTART_GOAL);
  readonly #inStep = new Timing(IN_STEP_GOAL);
  readonly #othersBlocks: number[] = [];
  #lost = 0;

  constructor(stage: NetworkStage, options: FaultOptions, groups: readonly Group[]) {
    this.#stage = stage;
    this.#options = options;
    this.#groups = groups;
    this.#random = new Random(options.seed);
  }

  async round(number: number): Promise<void> {
    const { members } = this.#stage;
    const loads = this.#groups.map((group) => startGroup(group, this.#stage));
    await sleep(this.#random.between(50, MAX_LOAD_MS));
    const killed = this.#random.pick(members);
    const other = members.find((member) => member !== killed) ?? killed;
    const { exitCode, log } = killed.program;
    if (exitCode !== undefined) {
      this.#failures.push(`before kill ${number} it ended with ${exitCode}: ${log.slice(-2_000)}`);
    }
    await killed.end("SIGKILL");
    const before = await other.height();
    await sleep(this.#random.between(0, MAX_AWAY_MS));
    const startMs = await killed.start();
    this.#othersBlocks.push(await other.height() - before);
    const inStepMs = startMs + await untilInStep(members, IN_STEP_TIMEOUT_MS);
    await Promise.all(loads.map((load) => load.stop()));
    this.#failures.push(...loads.flatMap(({ anomalies }) => anomalies.map((text) => `kill ${number}: ${text}`)));
    const { wrong, lost } = await auditGroups(this.#groups, this.#stage, [killed]);
    this.#failures.push(...wrong.map((text) => `kill ${number} of ${killed.name}: ${text}`));
    this.#lost += lost;
    this.#restarts.add(`kill ${number}`, startMs);
    this.#inStep.add(`kill ${number}`, inStepMs);
    this.#options.note(
      `kill ${number} of ${killed.name}: serves after ${Math.round(startMs)} ms, in step after ${
        Math.round(inStepMs)
      } ms`,
    );
  }

  report(): Report {
    const { count, seed } = this.#options;
    return {
      title: `kill -9 of one of ${PLAY.validateers} validateers under load (seed ${seed})`,
      rows: [
        ["kills", count],
        ["calls reported InSidechainBlock and executed everywhere", reportedCalls(this.#groups)],
        ["calls reported by the killed one in a block that died with it", this.#lost],
        ["blocks of the other meanwhile (min / median / max)", spread(this.#othersBlocks)],
        ...this.#restarts.rows,
        ...this.#inStep.rows,
      ],
      failures: this.#failures,
      late: [...this.#restarts.late, ...this.#inStep.late],
    };
  }
}
