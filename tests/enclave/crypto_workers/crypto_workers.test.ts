import { beforeAll, describe, expect, it } from "vitest";
import {
  BATCH_TIMEOUT_MS,
  BATCHES_IN_FLIGHT,
  MAX_FUTILE_STARTS,
  START_TIMEOUT_MS,
} from "../../../src/enclave/crypto_workers/crypto_worker.ts";
import { MAX_BATCH_JOBS } from "../../../src/enclave/crypto_workers/crypto_job.ts";
import {
  BATCH_COST,
  CryptoWorkers,
  INLINE_JOBS,
  MAX_WAITING_CHECKS,
  MAX_WAITING_OPENS,
} from "../../../src/enclave/crypto_workers/crypto_workers.ts";
import { type Behaviour, type LoopbackEnd, LoopbackWorkers } from "./loopback.ts";
import { askAll, createSamples, type OpenSample, type Samples } from "./samples.ts";

let samples: Samples;

beforeAll(async () => {
  samples = await createSamples();
});

const settled = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

/** A pool over workers of this process, with its losses and its clock. */
function poolOver(count: number, ...behaviours: readonly Behaviour[]) {
  const workers = new LoopbackWorkers(...behaviours);
  const losses: [undone: number, restarts: boolean][] = [];
  const clock = { ms: 0 };
  const pool = new CryptoWorkers({
    keys: samples.keys,
    workers: { spawn: workers.spawn, count },
    monotonicMs: () => clock.ms,
    pause: settled,
    onLost: (undone, restarts) => losses.push([undone, restarts]),
  });
  return { pool, losses, clock, ends: workers.ends };
}

function inlinePool(): CryptoWorkers {
  const onLost = () => {
    throw new Error("there is nothing to lose");
  };
  return new CryptoWorkers({ keys: samples.keys, workers: undefined, monotonicMs: () => 0, pause: settled, onLost });
}

const good = () => (samples.opens[0] as OpenSample).cyphertext;

describe("CryptoWorkers", () => {
  it("gives the right answer to everything inline", async () => {
    const { answers, wanted } = await askAll(inlinePool(), samples);
    expect(answers).toEqual(wanted);
  });

  it("gives the same answers through workers", async () => {
    const { pool, losses, ends } = poolOver(2, "serves");
    await settled();
    expect(pool.readyWorkers).toBe(2);
    const { answers, wanted } = await askAll(pool, samples);
    expect(answers).toEqual(wanted);
    expect(losses).toEqual([]);
    for (const { batches } of ends) expect(batches.length).toBeGreaterThan(0);
    const jobs = ends.flatMap(({ batches }) => batches).reduce((a, b) => a + b, 0);
    // All but the one that is too long to be asked.
    expect(jobs).toBe(samples.opens.length + samples.getters.length - 1);
  });

  it("works inline until the workers answer, and hands them what waits when they do", async () => {
    const { pool, ends } = poolOver(1, "serves");
    let open = () => {};
    (ends[0] as LoopbackEnd).gate = new Promise((resolve) => open = resolve);
    expect((await pool.open(good())).ok).toBe(true);
    expect([pool.readyWorkers, ends[0]?.batches]).toEqual([0, []]);
    const rest = Promise.all(Array.from({ length: 8 }, () => pool.open(good())));
    open();
    expect((await rest).every(({ ok }) => ok)).toBe(true);
    expect(pool.readyWorkers).toBe(1);
    expect(ends[0]?.batches.length).toBeGreaterThan(0);
  });

  it("does the work of a worker that dies, and starts it again", async () => {
    const { pool, losses, ends } = poolOver(2, "dies of work", "serves");
    await settled();
    const { answers, wanted } = await askAll(pool, samples);
    expect(answers).toEqual(wanted);
    await settled();
    expect(losses).toHaveLength(1);
    expect(losses[0]?.[1]).toBe(true);
    expect([ends.length, pool.readyWorkers]).toEqual([3, 2]);
    expect((await askAll(pool, samples)).answers).toEqual(wanted);
    expect(losses).toHaveLength(1);
  });

  it("goes on without workers when all die, and gives up those that never come to anything", async () => {
    const someOpens = samples.opens.filter((_, i) => i % 6 === 0);
    for (const behaviour of ["dies", "dies of work", "lies"] as const) {
      const { pool, losses, ends } = poolOver(2, behaviour);
      for (let round = 0; round <= MAX_FUTILE_STARTS; round++) {
        const opened = await Promise.all(someOpens.map(({ cyphertext }) => pool.open(cyphertext)));
        expect(opened).toEqual(someOpens.map(({ wanted }) => wanted));
        await settled();
      }
      expect(ends).toHaveLength(2 * MAX_FUTILE_STARTS);
      expect(losses.map(([, restarts]) => restarts).filter((restarts) => !restarts)).toHaveLength(2);
      expect(pool.readyWorkers).toBe(0);
    }
  });

  it("does without workers that cannot be started at all", async () => {
    const losses: boolean[] = [];
    const pool = new CryptoWorkers({
      keys: samples.keys,
      workers: {
        count: 1,
        spawn: () => {
          throw new TypeError("no such bytes");
        },
      },
      monotonicMs: () => 0,
      pause: settled,
      onLost: (_, restarts) => losses.push(restarts),
    });
    expect((await pool.open(good())).ok).toBe(true);
    expect(losses).toEqual([true, true, false]);
  });

  it("finds workers that hang, with work or before it, and no others", async () => {
    const { pool, losses, clock, ends } = poolOver(2, "hangs", "boots", "serves");
    await settled();
    expect(pool.readyWorkers).toBe(1);
    const opened = pool.open(good());
    clock.ms = BATCH_TIMEOUT_MS;
    pool.sweep();
    expect(losses).toEqual([]);
    clock.ms = BATCH_TIMEOUT_MS + 1;
    pool.sweep();
    expect(losses).toEqual([[1, true]]);
    expect((await opened).ok).toBe(true);
    clock.ms = START_TIMEOUT_MS + 1;
    pool.sweep();
    expect(losses).toEqual([[1, true], [0, true]]);
    await settled();
    expect([ends.length, pool.readyWorkers]).toEqual([4, 2]);
    clock.ms = 1_000_000;
    pool.sweep();
    expect(losses).toHaveLength(2);
  });

  it("hears nothing more of a worker that it has lost", async () => {
    const { pool, losses, ends } = poolOver(1, "serves");
    await settled();
    const [first] = ends as [LoopbackEnd];
    first.die();
    first.die();
    await settled();
    expect([losses, ends.length, pool.readyWorkers]).toEqual([[[0, true]], 2, 1]);
  });

  it("does what is left inline after it was stopped, and starts nothing again", async () => {
    const { pool, losses, ends } = poolOver(2, "boots");
    await settled();
    const asked = askAll(pool, samples);
    pool.stop();
    const { answers, wanted } = await asked;
    expect(answers).toEqual(wanted);
    expect([losses, ends.map(({ isAlive }) => isAlive), pool.readyWorkers]).toEqual([[], [false, false], 0]);
    expect((await pool.open(good())).ok).toBe(true);
  });

  it("shares work out, keeps few batches on the way, and mixes no kinds in a batch", async () => {
    const { pool, ends } = poolOver(2, "serves");
    await settled();
    for (const end of ends) end.gate = new Promise(() => {});
    for (let i = 0; i < 20; i++) {
      void pool.open(good());
      void pool.verifyGetter(samples.getters[0]?.signed as never);
    }
    expect(ends.map(({ batches }) => batches)).toEqual([[1, 1], [1, 1]]);
    expect(ends[0]?.batches).toHaveLength(BATCHES_IN_FLIGHT);
    for (const end of ends) end.gate = Promise.resolve();
    (ends[0] as LoopbackEnd).die();
    await settled();
    // The next worker gets one batch of each kind: eight decryptions, and the checks, which cost less.
    expect(ends[2]?.batches.slice(0, 2)).toEqual([8, 18]);
  });

  it("fills no batch with more jobs than go through the port", () => {
    expect(BATCH_COST).toBeLessThanOrEqual(MAX_BATCH_JOBS);
  });

  it("is full at its bounds, of each kind by itself", () => {
    const { pool } = poolOver(1, "hangs");
    const signed = samples.getters[0]?.signed as never;
    for (let i = 0; i < MAX_WAITING_OPENS + INLINE_JOBS; i++) {
      expect(pool.isFullOfOpens).toBe(false);
      void pool.open(good());
    }
    expect([pool.isFullOfOpens, pool.isFullOfChecks]).toEqual([true, false]);
    for (let i = 0; i < MAX_WAITING_CHECKS; i++) void pool.verifyGetter(signed);
    expect([pool.isFullOfOpens, pool.isFullOfChecks]).toEqual([true, true]);
    pool.stop();
  });
});
