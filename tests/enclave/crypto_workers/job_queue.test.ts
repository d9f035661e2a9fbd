import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { JobQueue } from "../../../src/enclave/crypto_workers/job_queue.ts";

function drain<Item>(queue: JobQueue<Item>): Item[] {
  const items: Item[] = [];
  for (let item = queue.take(); item !== undefined; item = queue.take()) items.push(item);
  return items;
}

describe("JobQueue", () => {
  it("gives each lane its turn, so that a long lane does not delay a short one", () => {
    const queue = new JobQueue<string>();
    const [long, short] = [{}, {}];
    for (const item of ["a1", "a2", "a3", "a4"]) queue.push(long, item);
    for (const item of ["b1", "b2"]) queue.push(short, item);
    expect(drain(queue)).toEqual(["a1", "b1", "a2", "b2", "a3", "a4"]);
    expect([queue.size, queue.take(), queue.peek()]).toEqual([0, undefined, undefined]);
  });

  it("gives everything once, each lane in its order, and shows beforehand what comes next", () => {
    const step = fc.record({ lane: fc.nat(4), takes: fc.nat(2) });
    fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const lanes = Array.from({ length: 5 }, () => ({}));
      const queue = new JobQueue<{ lane: number; at: number }>();
      const given: { lane: number; at: number }[] = [];
      for (const [at, { lane, takes }] of steps.entries()) {
        queue.push(lanes[lane] as object, { lane, at });
        for (let i = 0; i < takes; i++) {
          const next = queue.peek();
          expect(queue.take()).toBe(next);
          if (next !== undefined) given.push(next);
        }
        expect(queue.size).toBe(at + 1 - given.length);
      }
      given.push(...drain(queue));
      for (const lane of lanes.keys()) {
        const wanted = [...steps.entries()].filter(([, step]) => step.lane === lane).map(([at]) => at);
        expect(given.filter((item) => item.lane === lane).map(({ at }) => at)).toEqual(wanted);
      }
    }));
  });
});
