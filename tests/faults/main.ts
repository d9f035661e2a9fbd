/**
 * Fault tests at full length: `deno run -A --unstable-worker-options tests/faults/main.ts
 * [kills|cuts|payouts|network-kills|partitions|disturbances|disk-full] [--count N] [--seed S]`.
 *
 * @module
 */
import { installFastCrypto } from "../../src/crypto/fast.ts";
import { runCuts, runLoaderCuts } from "./cuts.ts";
import { playFullDisks } from "./disk_full.ts";
import { playDisturbances } from "./disturbances.ts";
import { runFirstStarts } from "./first_starts.ts";
import { runKills } from "./kills.ts";
import { playKills } from "./network_kills.ts";
import { playAlone } from "./network_play.ts";
import { playPartitions } from "./partitions.ts";
import { runPayouts } from "./payouts.ts";
import { renderReport, type Report } from "./report.ts";
import type { FaultOptions } from "./stage.ts";

/** Kills and cuts of a full run. */
const DEFAULT_COUNT = 50;
/** Each kind of payout case is played once for so many faults. */
const COUNT_PER_CASE = 25;
/** A first start is played once for so many faults. */
const COUNT_PER_FIRST_START = 5;
/** Validateers of a network that are killed for each fault. */
const KILLS_PER_FAULT = 2;
/** A disk is filled once for so many faults. */
const COUNT_PER_FULL_DISK = 10;
/** Seed of a run that names none. */
const DEFAULT_SEED = 1;

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
    (options) => playAlone(playFullDisks)({ ...options, count: Math.ceil(options.count / COUNT_PER_FULL_DISK) }),
  ],
};

function numberAfter(flag: string, otherwise: number): number {
  const at = Deno.args.indexOf(flag);
  if (at < 0) return otherwise;
  const value = Number(Deno.args[at + 1]);
  if (!Number.isSafeInteger(value) || value < 0) throw new TypeError(`Want a whole number after "${flag}"`);
  return value;
}

if (import.meta.main) {
  await installFastCrypto();
  const [first] = Deno.args;
  const wanted = first === undefined || first.startsWith("--") ? Object.keys(RUNS) : [first];
  const options: FaultOptions = {
    count: numberAfter("--count", DEFAULT_COUNT),
    seed: numberAfter("--seed", DEFAULT_SEED),
    note: (line) => console.error(`${new Date().toISOString()} ${line}`),
  };
  let failures = 0;
  for (const name of wanted) {
    const run = RUNS[name];
    if (run === undefined) throw new TypeError(`Want one of ${Object.keys(RUNS).join(", ")}, got "${name}"`);
    for (const step of run) {
      const report = await step(options);
      console.log(renderReport(report));
      failures += report.failures.length;
    }
  }
  Deno.exit(failures === 0 ? 0 : 1);
}
