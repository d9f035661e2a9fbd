/**
 * Parts validateers of one shard from each other under load and joins them again: one head soon after, no call lost, and a
 * deposit that each has seen in a fork of its own is credited exactly once.
 *
 * @module
 */
import { Deposits } from "./deposits.ts";
import { auditGroups, type Group, type NetworkPlay, reportedCalls, startGroup } from "./network_load.ts";
import { type NetworkStage, sharedHead, untilInStep } from "./network_stage.ts";
import { HEAL_GOAL, PLAY } from "./network_play.ts";
import { sleep } from "./processes.ts";
import { Random } from "./random.ts";
import { type Report, Timing } from "./report.ts";
import type { FaultOptions } from "./stage.ts";

/** How long validateers are apart: several slots, so that each makes blocks of its own. */
const APART_MS = { min: 1_500, max: 6_000 } as const;
/** When a partition counts as not healed at all. */
const HEAL_TIMEOUT_MS = 120_000;
/** Account that deposits; no other fault pays from it. */
const DEPOSITOR = "//Eve";
/** Share of partitions at whose end the deposit comes, so that it is not credited in both forks. */
const LATE_DEPOSIT_SHARE = 0.25;
/** When a deposit counts as not credited: its block has to be final first. */
const CREDIT_TIMEOUT_MS = 120_000;
/** Blocks of the parentchain after the last partition, in which nothing may be credited again. */
const QUIET_BLOCKS = 3;

/** Parts them so often. */
export async function playPartitions({ stage, groups }: NetworkPlay, options: FaultOptions): Promise<Report> {
  const run = new PartitionRun(stage, options, groups);
  for (let i = 1; i <= options.count; i++) await run.round(i);
  return await run.finish();
}

class PartitionRun {
  readonly #stage: NetworkStage;
  readonly #options: FaultOptions;
  readonly #groups: readonly Group[];
  readonly #deposits: Deposits;
  readonly #random: Random;
  readonly #failures: string[] = [];
  readonly #heals = new Timing(HEAL_GOAL);
  #forks = 0;
  #creditedInForks = 0;

  constructor(stage: NetworkStage, options: FaultOptions, groups: readonly Group[]) {
    this.#stage = stage;
    this.#options = options;
    this.#groups = groups;
    this.#deposits = new Deposits(stage, DEPOSITOR);
    this.#random = new Random(options.seed);
  }

  async round(number: number): Promise<void> {
    const { members } = this.#stage;
    const name = `partition ${number}`;
    const loads = this.#groups.map((group) => startGroup(group, this.#stage));
    await sleep(this.#random.between(500, 1_500));
    for (const member of members) member.switch(false);
    const { paid } = await this.#apart(name);
    for (const member of members) member.switch(true);
    const healMs = await untilInStep(members, HEAL_TIMEOUT_MS);
    this.#heals.add(name, healMs);
    await Promise.all([paid, ...loads.map((load) => load.stop())]);
    this.#fail(name, loads.flatMap(({ anomalies }) => anomalies));
    this.#fail(name, (await auditGroups(this.#groups, this.#stage, [])).wrong);
    this.#fail(name, await this.#deposits.audit(CREDIT_TIMEOUT_MS));
    const calls = reportedCalls(this.#groups);
    this.#options.note(`${name}: one head after ${Math.round(healMs)} ms, ${calls} calls so far`);
  }

  /** Lets time pass and a deposit come; gives when that is in a block. */
  async #apart(name: string): Promise<{ readonly paid: Promise<void> }> {
    const apartMs = this.#random.between(APART_MS.min, APART_MS.max);
    const isLate = this.#random.chance(LATE_DEPOSIT_SHARE);
    if (isLate) await sleep(apartMs);
    const paid = this.#deposits.pay();
    if (!isLate) {
      await Promise.all([sleep(apartMs), paid]);
      this.#fail(`${name}, apart`, await this.#deposits.audit(CREDIT_TIMEOUT_MS));
    }
    const isForked = await sharedHead(this.#stage.members) === undefined;
    if (isForked) this.#forks++;
    if (isForked && !isLate) this.#creditedInForks++;
    return { paid };
  }

  #fail(name: string, wrong: readonly string[]): void {
    this.#failures.push(...wrong.map((text) => `${name}: ${text}`));
  }

  async finish(): Promise<Report> {
    const { count, seed } = this.#options;
    await this.#stage.chain.blocks(QUIET_BLOCKS);
    this.#fail("at the end", await this.#deposits.audit(0));
    return {
      title: `partitions of ${PLAY.validateers} validateers (seed ${seed})`,
      rows: [
        ["partitions", count],
        ["of them with two chains at the end", this.#forks],
        ["calls reported InSidechainBlock, none lost", reportedCalls(this.#groups)],
        ["deposits, each credited exactly once", this.#deposits.count],
        ["of them credited in two chains before", this.#creditedInForks],
        ...this.#heals.rows,
      ],
      failures: this.#failures,
      late: this.#heals.late,
    };
  }
}
