/**
 * Seeded fuzzing: a known number of runs, each of which can be played alone. Seed and number of runs are printed;
 * `FUZZ_SEED` and `FUZZ_RUNS` in the environment set them. A run is given in full numbers here, and a tenth of it is
 * played where the environment says nothing.
 *
 * @module
 */

/** Share of the full number of runs that the gate plays. */
const GATE_SHARE = 10;
/** Longest time of one run: far above any, even on a machine under load; what exceeds it hangs. */
const MAX_RUN_MS = 20_000;

/** Seed of this process. */
const SEED = Number(Deno.env.get("FUZZ_SEED") ?? crypto.getRandomValues(new Uint32Array(1))[0]) >>> 0;

/** A small generator of numbers (mulberry32): good enough to choose mutations, and the same everywhere. */
export class Random {
  #state: number;

  constructor(...seeds: readonly number[]) {
    this.#state = 0x9e37_79b9;
    for (const seed of seeds) this.#state = (Math.imul(this.#state ^ seed, 0x85eb_ca6b) + 0xc2b2_ae35) >>> 0;
  }

  /** A number from 0 to 2^32 - 1. */
  u32(): number {
    this.#state = (this.#state + 0x6d2b_79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** A number from 0 to `bound - 1`. */
  below(bound: number): number {
    return this.u32() % Math.max(1, bound);
  }

  /** One of several. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  /** Random bytes. */
  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }
}

/** Plays a target; the error of a run names what plays it alone. */
export async function fuzz(
  name: string,
  fullRuns: number,
  run: (random: Random, index: number) => unknown,
): Promise<void> {
  const runs = Number(Deno.env.get("FUZZ_RUNS") ?? Math.ceil(fullRuns / GATE_SHARE));
  console.log(`fuzz ${name}: seed ${SEED}, ${runs} runs`);
  for (let index = 0; index < runs; index++) {
    const startedMs = performance.now();
    try {
      await run(new Random(SEED, index), index);
    } catch (cause) {
      throw new Error(`fuzz ${name}: FUZZ_SEED=${SEED}, run ${index}: ${cause}`, { cause });
    }
    const tookMs = performance.now() - startedMs;
    if (tookMs > MAX_RUN_MS) throw new Error(`fuzz ${name}: FUZZ_SEED=${SEED}, run ${index} took ${tookMs} ms`);
  }
}

/** Lengths and counts at which something changes: modes of compact integers, ends of integers, flags. */
const BOUNDARIES: readonly (readonly number[])[] = [
  [0],
  [1],
  [2],
  [3],
  [0x7f],
  [0x80],
  [0xfc],
  [0xfd, 0xff],
  [0xfe, 0xff, 0xff, 0xff],
  [0x02, 0x00, 0x01, 0x00],
  [0x03, 0xff, 0xff, 0xff, 0xff],
  [0x13, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0x33, ...Array(16).fill(0xff)],
  [0xff, 0xff, 0xff, 0xff],
  [0, 0, 0, 0x80],
];

type Mutation = (bytes: Uint8Array, random: Random, others: readonly Uint8Array[]) => Uint8Array;

function spliced(bytes: Uint8Array, at: number, remove: number, insert: ArrayLike<number>): Uint8Array {
  return Uint8Array.from([...bytes.subarray(0, at), ...Array.from(insert), ...bytes.subarray(at + remove)]);
}

const MUTATIONS: readonly Mutation[] = [
  (bytes, random) => {
    const at = random.below(bytes.length);
    return bytes.with(at, (bytes[at] ?? 0) ^ (1 << random.below(8)));
  },
  (bytes, random) => bytes.with(random.below(bytes.length), random.below(256)),
  (bytes, random) => bytes.slice(0, random.below(bytes.length + 1)),
  (bytes, random) => spliced(bytes, bytes.length, 0, random.bytes(1 + random.below(8))),
  (bytes, random) => spliced(bytes, random.below(bytes.length + 1), 0, random.pick(BOUNDARIES)),
  (bytes, random) => spliced(bytes, random.below(bytes.length + 1), 1 + random.below(8), []),
  (bytes, random) => {
    const boundary = random.pick(BOUNDARIES);
    return spliced(bytes, random.below(bytes.length + 1), boundary.length, boundary);
  },
  (bytes, random) => {
    const from = random.below(bytes.length + 1);
    return spliced(bytes, random.below(bytes.length + 1), 0, bytes.slice(from, from + 1 + random.below(64)));
  },
  (bytes, random, others) => {
    const other = random.pick(others);
    const from = random.below(other.length + 1);
    const length = 1 + random.below(128);
    return spliced(bytes, random.below(bytes.length + 1), length, other.slice(from, from + length));
  },
];

/** One of the samples with one to four mutations; now and then bytes without any meaning. */
export function mutate(random: Random, samples: readonly Uint8Array[]): Uint8Array {
  if (random.below(20) === 0) return random.bytes(random.below(200));
  let bytes = random.pick(samples);
  for (let left = 1 + random.below(4); left > 0; left--) {
    bytes = bytes.length === 0 ? random.bytes(1) : random.pick(MUTATIONS)(bytes, random, samples);
  }
  return bytes;
}
