import { beforeAll, describe, expect, it } from "vitest";
import { installFastCrypto } from "../../src/crypto/fast.ts";
import { runDiskFull, whyNoDisks } from "../faults/disk_full.ts";
import { runDisturbances } from "../faults/disturbances.ts";
import { runNetworkKills } from "../faults/network_kills.ts";
import { runPartitions } from "../faults/partitions.ts";

/** A tenth of the full runs of `tests/faults/main.ts`, or as little as makes sense. */
const KILLS = 5;
const PARTITIONS = 4;
const SEED = 30;
const TIMEOUT_MS = 600_000;

const options = (count: number) => ({ count, seed: SEED, note: () => {} });
const whyNot = await whyNoDisks();
if (whyNot !== undefined) console.warn(`Not played here: a full disk, since none can be mounted (${whyNot})`);

beforeAll(installFastCrypto);

// How soon all is well again is reported by the full runs: timings decide nothing here.
describe("validateers of one shard", () => {
  it("go on when one is killed under load, and take it in again", async () => {
    expect((await runNetworkKills(options(KILLS))).failures).toEqual([]);
  }, TIMEOUT_MS);

  it("have one chain again after they were parted, and no call is lost", async () => {
    const report = await runPartitions(options(PARTITIONS));
    expect(report.failures).toEqual([]);
    expect(report.rows).toContainEqual(["partitions", PARTITIONS]);
  }, TIMEOUT_MS);

  it("go on through a late and a slow network and the loss of a parentchain node", async () => {
    expect((await runDisturbances(options(1))).failures).toEqual([]);
  }, TIMEOUT_MS);

  it.skipIf(whyNot !== undefined)("stop on a full disk by name, and go on when there is room", async () => {
    const report = await runDiskFull(options(1));
    expect(report.failures).toEqual([]);
    expect(report.rows).toContainEqual(["how the service ended", expect.stringContaining("exit 1: BlockStoreFull")]);
  }, TIMEOUT_MS);
});
