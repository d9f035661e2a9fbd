/**
 * The disk of a simulated validateer: what survives a crash, with writes that a crash cuts off.
 *
 * @module
 */
import type { SealedFiles } from "../../src/host/enclave_host.ts";
import { type BlockStore, type StoredBlock, takeWholeHeights } from "../../src/host/block_store.ts";
import { equalBytes } from "../../src/primitives/bytes.ts";
import { type Hex, toHex } from "../../src/primitives/hex.ts";
import type { Random } from "./random.ts";

/** The machine went down in the middle of a write. */
export class PowerLoss extends Error {
  override readonly name = "PowerLoss";
}

/** Files and blocks. */
export class SimulatedDisk {
  readonly files: Map<string, Uint8Array>;
  /** In the order in which they came. */
  #rows: StoredBlock[];
  readonly #byHash: Map<Hex, StoredBlock>;

  constructor(files: ReadonlyMap<string, Uint8Array> = new Map(), rows: readonly StoredBlock[] = []) {
    this.files = new Map(files);
    this.#rows = [...rows];
    this.#byHash = new Map(rows.map((row) => [toHex(row.hash), row]));
  }

  /** A backup. */
  copy(): SimulatedDisk {
    return new SimulatedDisk(this.files, this.#rows);
  }

  /** All blocks, in the order in which they came. */
  get rows(): readonly StoredBlock[] {
    return this.#rows;
  }

  /** Adds a row; the same block again replaces what is there of it. */
  append(row: StoredBlock): void {
    const id = toHex(row.hash);
    if (this.#byHash.has(id)) this.#rows = this.#rows.map((other) => toHex(other.hash) === id ? row : other);
    else this.#rows.push(row);
    this.#byHash.set(id, row);
  }

  /** A block by its hash. */
  byHash(hash: Uint8Array): StoredBlock | undefined {
    return this.#byHash.get(toHex(hash));
  }

  /** Removes the row with just these bytes. */
  discard(bytes: Uint8Array): void {
    for (const row of this.#rows.filter((row) => equalBytes(row.bytes, bytes))) this.#byHash.delete(toHex(row.hash));
    this.#rows = this.#rows.filter((row) => this.#byHash.has(toHex(row.hash)));
  }

  /** Removes the blocks below a height. */
  pruneBelow(number: bigint): void {
    this.#rows = this.#rows.filter((row) => row.number >= number);
    this.#byHash.clear();
    for (const row of this.#rows) this.#byHash.set(toHex(row.hash), row);
  }
}

/** How writes end: each counts down to the one that the crash cuts off. */
export interface WriteFault {
  /** Writes that still succeed; the next one is cut off. */
  left: number;
  readonly random: Random;
}

/** A running process' hold on a disk: after the crash nothing reaches it any more. */
export class MountedDisk {
  readonly disk: SimulatedDisk;
  /** Set to cut a write off. */
  fault: WriteFault | undefined;
  /** Called when power is lost. */
  onPowerLoss: () => void = () => {};
  /** Waits before a file is on disk. */
  delay: () => Promise<void> = () => Promise.resolve();
  #gone = false;

  constructor(disk: SimulatedDisk) {
    this.disk = disk;
  }

  /** Ends the hold. */
  unmount(): void {
    this.#gone = true;
  }

  /** The host's store of blocks. */
  get blocks(): BlockStore {
    const { disk } = this;
    const sorted = () => [...disk.rows].sort((a, b) => Number(a.number - b.number));
    return {
      append: (row) => this.#append(row),
      byHash: (hash) => disk.byHash(hash),
      from: (number, limit) => takeWholeHeights(sorted().filter((row) => row.number >= number), limit),
      newest: () => sorted().at(-1),
      count: () => disk.rows.length,
      discard: (bytes) => disk.discard(bytes),
      pruneBelow: (number) => disk.pruneBelow(number),
      close: () => {},
    };
  }

  /** The host's sealed files. */
  get files(): SealedFiles {
    const { disk } = this;
    return {
      writeSealed: async (name, bytes) => {
        await this.delay();
        // The file is replaced as a whole: a crash leaves the old or the new one.
        const isCut = this.#isCut();
        if (this.#gone || (isCut && this.fault?.random.chance(0.5))) throw this.#lose(isCut);
        disk.files.set(name, bytes);
        if (isCut) throw this.#lose(true);
      },
      readSealed: (name) => Promise.resolve(disk.files.get(name)),
      removeSealed: (name) => Promise.resolve(void (this.#gone || disk.files.delete(name))),
    };
  }

  #append(row: StoredBlock): void {
    if (this.#gone) throw new PowerLoss();
    if (!this.#isCut()) return this.disk.append(row);
    const length = this.fault?.random.int(row.bytes.length + 1) ?? 0;
    // Nothing, a part, or all of the row without the word that it is there.
    if (length > 0) this.disk.append({ ...row, bytes: row.bytes.slice(0, length) });
    throw this.#lose(true);
  }

  #isCut(): boolean {
    return this.fault !== undefined && this.fault.left-- <= 0;
  }

  #lose(now: boolean): PowerLoss {
    if (now) this.onPowerLoss();
    return new PowerLoss();
  }
}
