/**
 * What befalls one validateer of a shard without killing it: a network that is late or slow, a parentchain node that is
 * gone. The other goes on, and afterwards both are in step with nothing lost.
 *
 * @module
 */
import { NODE_ANSWER_TIMEOUT_MS, NODE_SILENCE_TIMEOUT_MS } from "../../src/host/parentchain/silence_watch.ts";
import { PEER_STALL_TIMEOUT_MS } from "../../src/host/peers/peer_link.ts";
import type { Serving } from "../e2e/provisioning_support.ts";
import { playDemo, untilAll } from "./demo.ts";
import { auditGroups, type Group, type NetworkPlay, reportedCalls, startGroup } from "./network_load.ts";
import { HEAL_GOAL, PLAY } from "./network_play.ts";
import { forkLength, type NetworkStage, untilInStep } from "./network_stage.ts";
import { sleep } from "./processes.ts";
import type { RelayedMember } from "./relayed_member.ts";
import { type Report, type ReportRow, Timing } from "./report.ts";
import type { FaultOptions } from "./stage.ts";

/** Scenario S12: how late the network of one is, how long, how often, and from one time to the next. */
const LATE = { delayMs: 1_000, durationMs: 30_000, times: 3, periodMs: 180_000 } as const;
/** A line that is slower than the blocks. */
const SLOW = { bytesPerSecond: 1_000, durationMs: 30_000 } as const;
/** A line that stands still until just after its peer has given the connection up: then answers of that one come after all. */
const HELD = { durationMs: PEER_STALL_TIMEOUT_MS + 200 } as const;
/** Time in which a dead connection to the node is noticed. */
const SILENT = { durationMs: NODE_SILENCE_TIMEOUT_MS + NODE_ANSWER_TIMEOUT_MS } as const;
/** Faults of a full run; a shorter one plays as great a share of it. */
const FULL_COUNT = 50;
/** Least share of a disturbance's time that is played. */
const LEAST_SHARE = 0.2;
/** How long the parentchain node is gone, for each fault that was asked for: ten minutes in a full run. */
const NODE_GONE_MS_PER_FAULT = 12_000;
/** Time in which all are to be in step again. */
const IN_STEP_TIMEOUT_MS = 120_000;
/** Least share of its own slots that the undisturbed one has to fill meanwhile. */
const LEAST_FILLED_SHARE = 0.5;

/** The undisturbed one and the disturbed one. */
type Pair = readonly [steady: RelayedMember, disturbed: RelayedMember];

/** One kind of disturbance: `begin` sets it on and gives how to end it. */
interface Disturbance {
  readonly name: string;
  readonly durationMs: number;
  /** Time from its beginning to that of the next one. */
  readonly periodMs: number;
  /** Whether messages among the validateers are what is disturbed: then they have to be in step again soon. */
  readonly isNetwork: boolean;
  /** Account that the demo pays meanwhile, if it is played. */
  readonly beneficiary?: string;
  readonly begin: (pair: Pair) => () => void;
}

function disturbances({ count }: FaultOptions): readonly Disturbance[] {
  const share = Math.min(1, count / FULL_COUNT);
  const played = Math.max(share, LEAST_SHARE);
  const late = Array.from({ length: Math.ceil(LATE.times * share) }, (_, i): Disturbance => ({
    name: `network ${LATE.delayMs} ms late, ${i + 1}`,
    durationMs: LATE.durationMs * played,
    periodMs: LATE.periodMs * share,
    isNetwork: true,
    beneficiary: `//Incognito${i}`,
    begin: makeLate,
  }));
  const nodeGoneMs = NODE_GONE_MS_PER_FAULT * count;
  const silent: Disturbance = {
    name: "connection to the parentchain node dead, but not closed",
    durationMs: SILENT.durationMs,
    periodMs: 0,
    isNetwork: false,
    begin: ([, disturbed]) => {
      disturbed.node.kill();
      return () => {};
    },
  };
  return [
    ...late,
    {
      name: `line to it of ${SLOW.bytesPerSecond} bytes a second`,
      durationMs: SLOW.durationMs * played,
      periodMs: 0,
      isNetwork: true,
      begin: ([, disturbed]) => {
        disturbed.slow(SLOW.bytesPerSecond);
        return () => disturbed.slow(Number.POSITIVE_INFINITY);
      },
    },
    {
      name: "line to it that stands still",
      durationMs: HELD.durationMs,
      periodMs: 0,
      isNetwork: true,
      begin: ([, disturbed]) => {
        disturbed.hold(true);
        return () => disturbed.hold(false);
      },
    },
    {
      name: "parentchain node gone",
      durationMs: nodeGoneMs,
      periodMs: 0,
      // It has to connect again and to follow the parentchain first.
      isNetwork: false,
      begin: ([, disturbed]) => {
        disturbed.node.switch(false);
        return () => disturbed.node.switch(true);
      },
    },
    // It takes too long for a shorter run.
    ...share === 1 ? [silent] : [],
  ];
}

/** Everything that the disturbed one sends and is sent: by those who dial it, by those it dials, and by its node. */
function makeLate([steady, disturbed]: Pair): () => void {
  const delay = (ms: number): void => {
    // Of two, what the steady one is dialled for comes from the disturbed one.
    for (const member of [steady, disturbed]) member.delay(ms);
    disturbed.node.delayMs = ms;
  };
  delay(LATE.delayMs);
  return () => delay(0);
}

/** Plays all of them, one after the other; the node is gone for ten minutes at count 50. */
export async function playDisturbances(play: NetworkPlay, options: FaultOptions): Promise<Report> {
  const run = new DisturbanceRun(play, options);
  for (const disturbance of disturbances(options)) await run.play(disturbance);
  return run.report();
}

class DisturbanceRun {
  readonly #stage: NetworkStage;
  readonly #groups: readonly Group[];
  readonly #options: FaultOptions;
  readonly #rows: ReportRow[] = [];
  readonly #failures: string[] = [];
  readonly #heals = new Timing(HEAL_GOAL);

  constructor({ stage, groups }: NetworkPlay, options: FaultOptions) {
    this.#stage = stage;
    this.#groups = groups;
    this.#options = options;
  }

  async play(disturbance: Disturbance): Promise<void> {
    const { name, durationMs, periodMs, isNetwork, beneficiary, begin } = disturbance;
    const [steady, disturbed] = this.#stage.members as Pair;
    const loads = this.#groups.map((group) => startGroup(group, this.#stage));
    // Through the relay, so that its answers are late too.
    const client = beneficiary === undefined ? undefined : await disturbed.dialRelayed();
    const before = await steady.height();
    const begun = Date.now();
    const end = begin([steady, disturbed]);
    const demo = client && beneficiary !== undefined ? this.#demo(name, client, beneficiary) : undefined;
    const [told] = await Promise.all([demo, sleep(durationMs)]);
    const made = await steady.height() - before;
    const fork = await forkLength([steady, disturbed]);
    const lastedMs = Date.now() - begun;
    end();
    const healMs = await untilInStep(this.#stage.members, IN_STEP_TIMEOUT_MS);
    if (isNetwork) this.#heals.add(name, healMs);
    await sleep(Math.max(0, begun + periodMs - Date.now()));
    await Promise.all(loads.map((load) => load.stop()));
    this.#fail(name, loads.flatMap(({ anomalies }) => anomalies));
    this.#fail(name, (await auditGroups(this.#groups, this.#stage, [])).wrong);
    await told?.audit();
    const slots = Math.round(lastedMs / PLAY.slotDurationMs);
    if (made < LEAST_FILLED_SHARE * slots / this.#stage.members.length) {
      this.#fail(name, [`the other made ${made} blocks in ${slots} slots, half of them its own`]);
    }
    const seconds = Math.round(lastedMs / 1_000);
    const parts = [
      `${seconds} s: ${made} blocks in ${slots} slots`,
      `${fork} of the newest differ`,
      `in step ${Math.round(healMs)} ms later`,
    ];
    const text = [...parts, ...told === undefined ? [] : [told.text]].join("; ");
    this.#rows.push([name, text]);
    this.#options.note(`${name}: ${text}`);
  }

  /** The demo in the disturbance; its balances are looked at again afterwards. */
  async #demo(
    name: string,
    late: Serving,
    beneficiary: string,
  ): Promise<{ readonly text: string; readonly audit: () => Promise<void> }> {
    const { members, domain } = this.#stage;
    const [steady] = members as Pair;
    const begun = Date.now();
    try {
      const expected = await playDemo(this.#stage, [steady.serving.client, late.client], beneficiary);
      const text = `demo passed in ${Date.now() - begun} ms`;
      const clients = members.map(({ serving }) => serving.client);
      return { text, audit: () => this.#attempt(`${name}, afterwards`, () => untilAll(clients, domain, expected)) };
    } catch (error) {
      this.#fail(`${name}, demo`, [String(error)]);
      return { text: "demo FAILED", audit: () => Promise.resolve() };
    } finally {
      late.rpc.close();
    }
  }

  async #attempt(name: string, run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      this.#fail(name, [String(error)]);
    }
  }

  #fail(name: string, wrong: readonly string[]): void {
    this.#failures.push(...wrong.map((text) => `${name}: ${text}`));
  }

  report(): Report {
    return {
      title: "one of two validateers disturbed under load",
      rows: [
        ...this.#rows,
        ["calls reported InSidechainBlock, none lost", reportedCalls(this.#groups)],
        ...this.#heals.rows,
      ],
      failures: this.#failures,
      late: this.#heals.late,
    };
  }
}
