/**
 * Fault tests at full length: `deno task faults --help`.
 *
 * @module
 */
import { installFastCrypto } from "../../src/crypto/fast.ts";
import { runCuts, runLoaderCuts } from "./cuts.ts";
import { runFullDisks } from "./disk_full.ts";
import { playDisturbances } from "./disturbances.ts";
import { runFirstStarts } from "./first_starts.ts";
import { runIndirectCalls } from "./indirect_calls.ts";
import { runKills } from "./kills.ts";
import { playKills } from "./network_kills.ts";
import { playAlone } from "./network_play.ts";
import { parseFaultRun } from "./options.ts";
import { playPartitions } from "./partitions.ts";
import { runPayouts } from "./payouts.ts";
import { isGood, renderReport, type Report } from "./report.ts";
import type { FaultOptions } from "./stage.ts";

/** Each kind of payout case is played once for so many faults. */
const COUNT_PER_CASE = 25;
/** A first start is played once for so many faults. */
const COUNT_PER_FIRST_START = 5;
/** Validateers of a network that are killed for each fault. */
const KILLS_PER_FAULT = 2;
/** A disk is filled once for so many faults. */
const COUNT_PER_FULL_DISK = 10;
/** A parentchain block is filled with indirect calls once for so many faults. */
const COUNT_PER_FULL_BLOCK = 25;

type Run = (options: FaultOptions) => Promise<Report>;

const RUNS: Readonly<Record<string, readonly Run[]>> = {
  kills: [
    runKills,
    (options) => runFirstStarts({ ...options, count: Math.ceil(options.count / COUNT_PER_FIRST_START) }),
  ],
  cuts: [(options) => runLoaderCuts(1, options), runCuts],
  payouts: [(options) => runPayouts({ ...options, count: Math.max(1, Math.round(options.count / COUNT_PER_CASE)) })],
  "network-kills": [(options) => playAlone(playKills)({ ...options, count: KILLS_PER_FAULT * options.count })],
  partitions: [playAlone(playPartitions)],
  disturbances: [playAlone(playDisturbances)],
  "disk-full": [
    (options) => runFullDisks({ ...options, count: Math.ceil(options.count / COUNT_PER_FULL_DISK) }),
  ],
  "indirect-calls": [
    (options) => runIndirectCalls({ ...options, count: Math.ceil(options.count / COUNT_PER_FULL_BLOCK) }),
  ],
};

/** Runs one; a run that breaks off is a report of that. */
async function attempt(name: string, run: Run, options: FaultOptions): Promise<Report> {
  try {
    return await run(options);
  } catch (error) {
    const text = error instanceof Error ? error.stack ?? error.message : String(error);
    return { title: `${name}, broken off`, rows: [], failures: [text], late: [] };
  }
}

if (import.meta.main) {
  const parsed = parseFaultRun(Deno.args, Object.keys(RUNS));
  if (typeof parsed === "number") Deno.exit(parsed);
  await installFastCrypto();
  const { names, count, seed } = parsed;
  const note = (line: string): void => console.error(`${new Date().toISOString()} ${line}`);
  let isAllGood = true;
  for (const name of names) {
    for (const run of RUNS[name] ?? []) {
      const report = await attempt(name, run, { count, seed, note });
      console.log(renderReport(report));
      isAllGood &&= isGood(report);
    }
  }
  Deno.exit(isAllGood ? 0 : 1);
}
