/**
 * Cuts of stored files and rows, tried through the enclave's loader in this process.
 *
 * @module
 */
import { groupSnapshotFiles } from "../../src/enclave/snapshot/snapshot_files.ts";
import { Disk, TestHost, testPlatform } from "../enclave/harness.ts";
import { confirmed } from "../enclave/parentchain_storage.ts";
import { TestChain } from "../parentchain/builders.ts";

/** A shard with a confirmed block 3, snapshots of blocks 0 and 3, and blocks up to 8. */
export async function twoSnapshots(): Promise<TestHost> {
  const host = await new TestHost(new TestChain()).start();
  await host.slots(3);
  const block = host.disk.blocks.at(-1);
  if (block === undefined) throw new TypeError("no block");
  await host.parentchainBlock({ storage: confirmed(host, block) });
  host.nowMs += 2_100;
  await host.slots(5);
  return host;
}

/** Starts the loader alone on a disk: everything before the parentchain. */
export async function load(before: TestHost, disk: Disk): Promise<TestHost> {
  const host = new TestHost(before.chain, disk, testPlatform(), before.tip);
  host.nowMs = before.nowMs + 1000;
  const started = await host.init();
  if (!started.ok) throw new TypeError(started.error.code);
  return host;
}

/** Number that the loader arrived at, or the code that it stopped with. */
export function outcomeOf({ fatal, logs }: TestHost): string {
  const recovered = logs.find(({ code }) => code === "StateRecovered")?.fields["number"];
  return fatal?.code ?? recovered ?? "nothing";
}

/** Cuts the newest row. */
export function cutRow(disk: Disk, length: number): void {
  const last = disk.blocks.at(-1);
  if (last === undefined) throw new TypeError("no block");
  disk.blocks[disk.blocks.length - 1] = { ...last, bytes: last.bytes.slice(0, length) };
}

/** What a series of cuts came to. */
export interface CutSeries {
  /** Cuts that were tried. */
  readonly tried: number;
  /** Those that did not lead to the wanted head, described. */
  readonly wrong: readonly string[];
}

/** Lengths to cut to: every `step`-th, and the last one. */
function lengths(whole: number, step: number): number[] {
  const all: number[] = [];
  for (let length = 0; length < whole - 1; length += step) all.push(length);
  return [...all, whole - 1];
}

/** Cuts each file of the newest snapshot at every `step`-th byte: the loader must arrive at block 8. */
export async function cutNewestSnapshot(step: number): Promise<CutSeries> {
  const before = await twoSnapshots();
  const [newest] = groupSnapshotFiles([...before.disk.files.keys()]);
  const wrong: string[] = [];
  let tried = 0;
  for (const name of newest?.[1] ?? []) {
    const whole = before.disk.files.get(name) as Uint8Array;
    for (const length of lengths(whole.length, step)) {
      const disk = before.disk.copy();
      disk.files.set(name, whole.slice(0, length));
      const outcome = outcomeOf(await load(before, disk));
      if (outcome !== "8") wrong.push(`${name} cut to ${length}: ${outcome}`);
      tried++;
    }
  }
  return { tried, wrong };
}

/** Cuts the newest row at every `step`-th byte: the loader must arrive at block 7. */
export async function cutNewestRow(step: number): Promise<CutSeries> {
  const before = await twoSnapshots();
  const wrong: string[] = [];
  const all = lengths(before.disk.blocks.at(-1)?.bytes.length ?? 0, step);
  for (const length of all) {
    const disk = before.disk.copy();
    cutRow(disk, length);
    const host = await load(before, disk);
    const outcome = outcomeOf(host);
    const isNoted = host.logs.some(({ code }) => code === "StoredBlockCut");
    const isLeft = disk.blocks.some(({ bytes }) => bytes.length === length);
    if (outcome !== "7" || !isNoted || isLeft) wrong.push(`row cut to ${length}: ${outcome}`);
  }
  return { tried: all.length, wrong };
}
