import { describe, expect, it } from "vitest";
import type { Effect } from "../../src/enclave/api/effects.ts";
import type { SealContext } from "../../src/enclave/sealing.ts";
import { groupSnapshotFiles, MANIFEST_VERSION } from "../../src/enclave/snapshot/snapshot_files.ts";
import { type LoadedSnapshot, SnapshotReader } from "../../src/enclave/snapshot/snapshot_reader.ts";
import { type SnapshotFacts, SnapshotWriter } from "../../src/enclave/snapshot/snapshot_writer.ts";
import { MAX_OPEN_TICKETS, Tickets } from "../../src/enclave/tickets.ts";
import { commitOverlay } from "../../src/state/diff.ts";
import { Overlay } from "../../src/state/overlay.ts";
import { enclaveFingerprint } from "../../src/primitives/branded.ts";
import { StateSnapshot } from "../../src/state/snapshot.ts";

const key = (byte: number) => new Uint8Array(32).fill(byte);
const CONTEXT: SealContext = { sealingKey: key(1), fingerprint: key(2) };
const KEYS = { epoch: 0, stateKey: key(3), pathKey: key(4), saltKey: key(5), olderStateKeys: new Map() };
const SHARD = key(6);

function stateOf(seed: number, entries: number, size = 20): StateSnapshot {
  const overlay = new Overlay(StateSnapshot.empty());
  for (let i = 0; i < entries; i++) overlay.set(new Uint8Array([seed, i >> 8, i]), new Uint8Array(size).fill(i));
  return commitOverlay(StateSnapshot.empty(), overlay, 1n, KEYS).snapshot;
}

function factsOf(state: StateSnapshot, blockNumber: bigint): SnapshotFacts {
  return {
    version: MANIFEST_VERSION,
    shard: SHARD,
    blockNumber,
    blockHash: key(Number(blockNumber)),
    stateRoot: state.root,
    head: undefined,
    followers: [{ parentchain: 0, state: key(8) }],
    duties: new Uint8Array(3),
    catchUpTo: 7n,
    upgrade: { fingerprint: enclaveFingerprint(key(9)), firstSeenAt: 3, lastSeenAt: 4 },
  };
}

/** A disk, and the answers of a host that works. */
class Files {
  readonly content = new Map<string, Uint8Array>();
  readonly tickets = new Tickets();
  answerRead = (name: string): Uint8Array | undefined => this.content.get(name);
  answerWrite = (_name: string): boolean => true;

  async run(effects: readonly Effect[]): Promise<void> {
    for (const effect of effects) {
      if (effect.type === "write_file") {
        const { name, ticket, bytes } = effect.value;
        const written = this.answerWrite(name);
        if (written) this.content.set(name, bytes);
        await this.answer("file_written", ticket, written);
      } else if (effect.type === "read_file") {
        await this.answer("file_read", effect.value.ticket, this.answerRead(effect.value.name));
      } else if (effect.type === "delete_file") this.content.delete(effect.value);
    }
  }

  async answer(kind: "file_written" | "file_read", ticket: bigint, value: never | boolean | Uint8Array | undefined) {
    const result = await this.tickets.answer(kind, ticket, value as never);
    if (result.ok) await this.run(result.value);
  }
}

function writerOf(files: Files, events: { written: bigint[]; failed: string[] } = { written: [], failed: [] }) {
  return new SnapshotWriter(CONTEXT, files.tickets, [...files.content.keys()], {
    onWritten: ({ blockNumber }) => events.written.push(blockNumber),
    onFailed: (file) => events.failed.push(file),
  });
}

async function writeAll(writer: SnapshotWriter, files: Files): Promise<void> {
  for (let i = 0; i < 100 && writer.busy; i++) await files.run(await writer.step());
}

async function load(files: Files, context: SealContext = CONTEXT, shard = SHARD) {
  const damage: string[] = [];
  let loaded: LoadedSnapshot | undefined;
  let done = 0;
  const reader = new SnapshotReader(
    {
      seal: context,
      shard,
      pathKey: KEYS.pathKey,
      onDamage: ({ code }) => damage.push(code),
      onDone: (found) => {
        loaded = found;
        done++;
        return Promise.resolve([]);
      },
    },
    files.tickets,
    [...files.content.keys()],
  );
  await files.run(await reader.start());
  return { loaded, damage, done };
}

async function twoSnapshots(): Promise<{ files: Files; older: StateSnapshot; newer: StateSnapshot }> {
  const files = new Files();
  const writer = writerOf(files);
  const [older, newer] = [stateOf(1, 5), stateOf(2, 9)];
  for (const [state, number] of [[older, 10n], [newer, 20n]] as const) {
    writer.begin(factsOf(state, number), state);
    await writeAll(writer, files);
  }
  return { files, older, newer };
}

describe("SnapshotReader", () => {
  it("loads the newest snapshot that SnapshotWriter wrote", async () => {
    const { files, newer } = await twoSnapshots();
    const { loaded, damage, done } = await load(files);
    expect([loaded?.manifest.blockNumber, damage, done]).toEqual([20n, [], 1]);
    expect(loaded?.snapshot.root).toEqual(newer.root);
  });

  it("loads the second newest whichever byte the newest's files are cut at", async () => {
    const { files, older } = await twoSnapshots();
    const [, names] = groupSnapshotFiles([...files.content.keys()])[0] as [string, string[]];
    for (const name of names) {
      const whole = files.content.get(name) as Uint8Array;
      for (let length = 0; length < whole.length; length++) {
        files.content.set(name, whole.subarray(0, length));
        const { loaded, damage } = await load(files);
        expect([name, length, loaded?.manifest.blockNumber, damage.length]).toEqual([name, length, 10n, 1]);
        expect(loaded?.snapshot.root).toEqual(older.root);
      }
      files.content.set(name, whole);
    }
  });

  it("loads the second newest if a chunk is missing, exchanged, or of another snapshot", async () => {
    const { files } = await twoSnapshots();
    const [[, newest], [, second]] = groupSnapshotFiles([...files.content.keys()]) as [
      [string, string[]],
      [string, string[]],
    ];
    const [header, entries] = newest as [string, string];
    const swap = (a: string, b: string) => {
      const bytes = files.content.get(a) as Uint8Array;
      files.content.set(a, files.content.get(b) as Uint8Array);
      files.content.set(b, bytes);
    };
    swap(header, entries);
    expect((await load(files)).loaded?.manifest.blockNumber).toBe(10n);
    swap(header, entries);
    const whole = files.content.get(entries) as Uint8Array;
    files.content.set(entries, files.content.get(second[1] as string) as Uint8Array);
    expect((await load(files)).damage).toEqual(["ChunkChanged"]);
    files.content.set(entries, whole);
    files.answerRead = (name) => name === entries ? undefined : files.content.get(name);
    expect((await load(files)).damage).toEqual(["FileMissing"]);
  });

  it("gives nothing on another platform, for another shard, and without files; and says so once", async () => {
    const { files } = await twoSnapshots();
    const foreign = await load(files, { ...CONTEXT, sealingKey: key(9) });
    expect([foreign.loaded, foreign.damage, foreign.done]).toEqual([undefined, ["SealBroken", "SealBroken"], 1]);
    expect((await load(files, CONTEXT, key(7))).damage).toEqual(["OtherShard", "OtherShard"]);
    expect(await load(new Files())).toEqual({ loaded: undefined, damage: [], done: 1 });
  });
});

describe("SnapshotWriter", () => {
  it("keeps two snapshots and deletes older ones, manifests first, and what an interrupted one left", async () => {
    const { files } = await twoSnapshots();
    const leftover = `snapshots/${"0".repeat(18)}15-abcdef01/000000`;
    files.content.set(leftover, key(1));
    const events = { written: [] as bigint[], failed: [] as string[] };
    const writer = writerOf(files, events);
    writer.adopt(20n, key(20));
    const state = stateOf(3, 4);
    expect(writer.begin(factsOf(state, 30n), state)).toBe(true);
    expect(writer.begin(factsOf(state, 31n), state)).toBe(false);
    await writeAll(writer, files);
    expect(events.written).toEqual([30n]);
    expect(writer.verifiedNumbers()).toEqual([20n, 30n]);
    expect(groupSnapshotFiles([...files.content.keys()]).map(([folder]) => folder.slice(10, 30))).toEqual([
      "30".padStart(20, "0"),
      "20".padStart(20, "0"),
    ]);
    expect(files.content.has(leftover)).toBe(false);
  });

  it("takes one chunk a step, so that no slot waits for a large state", async () => {
    const files = new Files();
    const writer = writerOf(files);
    const state = stateOf(1, 30, 200_000);
    writer.begin(factsOf(state, 1n), state);
    let steps = 0;
    for (; writer.busy; steps++) {
      const effects = await writer.step();
      expect(effects.filter(({ type }) => type === "write_file")).toHaveLength(1);
      await files.run(effects);
    }
    expect(steps).toBeGreaterThan(6);
    expect((await load(files)).loaded?.snapshot.root).toEqual(state.root);
  });

  it("waits for the answers of a step before the next, and gives up on a file that reads back changed", async () => {
    const files = new Files();
    const events = { written: [] as bigint[], failed: [] as string[] };
    const writer = writerOf(files, events);
    const state = stateOf(1, 3);
    writer.begin(factsOf(state, 1n), state);
    const effects = await writer.step();
    expect(await writer.step()).toEqual([]);
    files.answerRead = (name) => files.content.get(name)?.with(50, 1);
    await files.run(effects);
    expect([events.failed.length, writer.busy, events.written]).toEqual([1, false, []]);
    files.answerRead = (name) => files.content.get(name);
    files.answerWrite = () => false;
    writer.begin(factsOf(state, 1n), state);
    await writeAll(writer, files);
    expect(events.failed).toHaveLength(2);
    files.answerWrite = () => true;
    writer.begin(factsOf(state, 1n), state);
    await writeAll(writer, files);
    expect(events.written).toEqual([1n]);
  });
});

describe("Tickets", () => {
  it("are used once, by the kind of answer they were opened for", async () => {
    const tickets = new Tickets();
    const ticket = tickets.open("file_written", () => []);
    expect((await tickets.answer("file_read", ticket, undefined)).ok).toBe(false);
    expect((await tickets.answer("file_written", ticket, true)).ok).toBe(true);
    expect((await tickets.answer("file_written", ticket, true)).ok).toBe(false);
  });

  it("forget the oldest above their limit", async () => {
    const tickets = new Tickets();
    const first = tickets.open("file_written", () => []);
    for (let i = 0; i < MAX_OPEN_TICKETS; i++) tickets.open("file_written", () => []);
    expect((await tickets.answer("file_written", first, true)).ok).toBe(false);
  });
});
