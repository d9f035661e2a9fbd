/**
 * Fills the disk of a validateer: it stops with a clear error instead of going on without its store, the other goes on, and
 * with room again it goes on where it was.
 *
 * @module
 */
import { settle } from "./chain.ts";
import { auditGroups, type NetworkPlay, reportedCalls, startGroup } from "./network_load.ts";
import { untilInStep } from "./network_stage.ts";
import { sleep } from "./processes.ts";
import type { RelayedMember } from "./relayed_member.ts";
import { Random } from "./random.ts";
import { IN_STEP_GOAL, playAlone } from "./network_play.ts";
import { type Report, RESTART_GOAL, spread, Timing } from "./report.ts";
import { whyNoDisks } from "./small_disk.ts";
import type { FaultOptions } from "./stage.ts";

/** What the ballast is written in. */
const BALLAST_CHUNK = new Uint8Array(64 * 1024).fill(1);
/** Time in which a validateer has to notice: some blocks. */
const NOTICE_TIMEOUT_MS = 120_000;
/** When it counts as not in step again at all. */
const IN_STEP_TIMEOUT_MS = 90_000;

/** How a service without room has to end. */
const CLEAR_END = "exit 1: BlockStoreFull";

/** Fills disks on a stage of its own. @throws If this machine has no disks to fill. */
export async function runFullDisks(options: FaultOptions): Promise<Report> {
  const whyNot = await whyNoDisks();
  if (whyNot !== undefined) throw new Error(`Cannot mount a disk that may be filled: ${whyNot}`);
  return await playAlone(playFullDisks)(options);
}

/** Fills disks, one after the other. */
export async function playFullDisks({ stage, groups }: NetworkPlay, options: FaultOptions): Promise<Report> {
  const random = new Random(options.seed);
  const failures: string[] = [];
  const restarts = new Timing(RESTART_GOAL);
  const inStep = new Timing(IN_STEP_GOAL);
  const noticed: number[] = [];
  const codes = new Set<string>();
  for (let i = 1; i <= options.count; i++) {
    const loads = groups.map((group) => startGroup(group, stage));
    await sleep(random.between(500, 2_000));
    const full = random.pick(stage.members);
    const steady = stage.members.find((member) => member !== full) as RelayedMember;
    const ballast = `${full.site.dataDir}/ballast`;
    await fill(ballast);
    const begun = Date.now();
    const outcome = await outcomeOf(full);
    if (!outcome.startsWith(CLEAR_END)) failures.push(`full disk ${i}: ${outcome}, want ${CLEAR_END}`);
    codes.add(outcome.split("\n", 1)[0] ?? "");
    noticed.push(Date.now() - begun);
    const before = await steady.height();
    if (!await settle(async () => await steady.height() > before, true, NOTICE_TIMEOUT_MS)) {
      failures.push(`full disk ${i}: the other does not go on: ${steady.program.log.slice(-4_000)}`);
    }
    await full.end("SIGKILL");
    await Deno.remove(ballast);
    const startMs = await full.start();
    restarts.add(`full disk ${i}`, startMs);
    inStep.add(`full disk ${i}`, startMs + await untilInStep(stage.members, IN_STEP_TIMEOUT_MS));
    await Promise.all(loads.map((load) => load.stop()));
    failures.push(...loads.flatMap(({ anomalies }) => anomalies.map((text) => `full disk ${i}: ${text}`)));
    const { wrong } = await auditGroups(groups, stage, [full]);
    failures.push(...wrong.map((text) => `full disk ${i}: ${text}`));
    options.note(`full disk ${i} of ${full.name}: ${[...codes].join("; ")}`);
  }
  return {
    title: `a full disk (seed ${options.seed})`,
    rows: [
      ["full disks", options.count],
      ["how the service ended", [...codes].join("; ")],
      ["until it ended, ms (min / median / max)", spread(noticed)],
      ["calls reported InSidechainBlock and executed everywhere", reportedCalls(groups)],
      ...restarts.rows,
      ...inStep.rows,
    ],
    failures,
    late: [...restarts.late, ...inStep.late],
  };
}

async function fill(path: string): Promise<void> {
  const file = await Deno.open(path, { write: true, create: true });
  try {
    for (;;) await file.write(BALLAST_CHUNK);
  } catch {
    // The disk is full, which was the aim.
  } finally {
    file.close();
  }
}

/** Waits for the end of a service that has no room; gives its exit code and last words, or that it goes on. */
async function outcomeOf({ program }: RelayedMember): Promise<string> {
  for (const deadline = Date.now() + NOTICE_TIMEOUT_MS; program.exitCode === undefined;) {
    if (Date.now() > deadline) return `it goes on for ${NOTICE_TIMEOUT_MS} ms\n${program.log.slice(-3_000)}`;
    await sleep(50);
  }
  const last = program.log.trim().split("\n").at(-1) ?? "";
  return `exit ${program.exitCode}: ${last.replace(/^\S+Z\s+/u, "").slice(0, 160)}`;
}
