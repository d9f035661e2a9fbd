import { beforeAll, describe, expect, it } from "vitest";
import { installFastCrypto } from "../../src/crypto/fast.ts";
import { playFullDisks } from "../faults/disk_full.ts";
import { playDisturbances } from "../faults/disturbances.ts";
import { playIndirectCalls } from "../faults/indirect_calls.ts";
import { playKills } from "../faults/network_kills.ts";
import { onPlay, PLAY } from "../faults/network_play.ts";
import { playPartitions } from "../faults/partitions.ts";
import { whyNoDisks } from "../faults/small_disk.ts";

/** A part of the full runs of `tests/faults/main.ts`, on one stage. */
const KILLS = 4;
const PARTITIONS = 4;
/** Indirect calls in one parentchain block; the full run has 1,000 of them. */
const INDIRECT_CALLS = 200;
const SEED = 30;
const TIMEOUT_MS = 600_000;

const options = (count: number) => ({ count, seed: SEED, note: () => {} });

beforeAll(installFastCrypto);

// How soon all is well again is reported by the full runs: timings decide nothing here.
describe("two validateers of one shard under load", () => {
  it(
    "execute 200 indirect calls of one parentchain block; go on " +
      "through kills, partitions, late and slow networks, a lost node and a full disk, and lose no call",
    async () => {
      const whyNot = await whyNoDisks();
      if (whyNot !== undefined) console.warn(`Not played here: a full disk, since none can be mounted (${whyNot})`);
      await onPlay(async (play) => {
        const block = { calls: INDIRECT_CALLS, slotDurationMs: PLAY.slotDurationMs };
        expect((await playIndirectCalls(play.stage, { ...options(1), ...block })).failures).toEqual([]);
        expect((await playPartitions(play, options(PARTITIONS))).failures).toEqual([]);
        expect((await playKills(play, options(KILLS))).failures).toEqual([]);
        expect((await playDisturbances(play, options(1))).failures).toEqual([]);
        if (whyNot !== undefined) return;
        expect((await playFullDisks(play, options(1))).failures).toEqual([]);
      });
    },
    TIMEOUT_MS,
  );
});
