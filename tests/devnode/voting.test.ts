/** The votes of a network: what may never happen under any trouble, and what must happen when it is over. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type SimOptions, VotingSimulation } from "./voting_simulation.ts";

const base: Omit<SimOptions, "seed"> = {
  voters: 4,
  troubleMs: 12_000,
  calmMs: 8_000,
  loss: 0.2,
  maxDelayMs: 500,
  crashRate: 0.2,
};

/** Runs with seeds that fast-check chooses; a failure prints its options. */
function always(
  options: fc.Arbitrary<Partial<SimOptions>>,
  check: (simulation: VotingSimulation) => void,
  numRuns: number,
): void {
  const runs = fc.tuple(fc.integer({ min: 0, max: 0xffff_ffff }), options);
  fc.assert(
    fc.property(runs, ([seed, chosen]) => {
      const simulation = new VotingSimulation({ ...base, ...chosen, seed }).run();
      expect(simulation.violations).toEqual([]);
      check(simulation);
    }),
    { numRuns, verbose: 1 },
  );
}

describe("the simulation itself", () => {
  it("notices voters that forget what they have signed", () => {
    const run = (isForgetful: boolean) =>
      [1, 2, 3, 4, 5].flatMap((seed) =>
        new VotingSimulation({ ...base, crashRate: 1, isForgetful, seed }).run().violations
      );
    expect(run(true)).toContainEqual(expect.stringContaining("two votes of"));
    expect(run(false)).toEqual([]);
  });
});

describe("Voter under trouble", () => {
  const trouble = fc.record({
    voters: fc.integer({ min: 1, max: 7 }),
    loss: fc.double({ min: 0, max: 0.5, noNaN: true }),
    maxDelayMs: fc.integer({ min: 20, max: 3000 }),
    crashRate: fc.double({ min: 0, max: 0.6, noNaN: true }),
    isSplit: fc.boolean(),
  });

  it("never makes two blocks final at one height, and all nodes follow within seconds of calm", () => {
    always(trouble, (simulation) => {
      const final = simulation.finalNumbers();
      expect(Math.min(...final)).toBeGreaterThanOrEqual(simulation.height - 4);
    }, 30);
  });

  it("goes on without a third of the voters, wherever they are lost", () => {
    const lost = fc.record({
      voters: fc.constantFrom(4, 5, 7),
      deadFrom: fc.integer({ min: 0, max: 12_000 }).map((atMs) => ({ atMs, count: 1 })),
      isSplit: fc.boolean(),
    });
    always(lost, (simulation) => {
      expect(Math.min(...simulation.finalNumbers())).toBeGreaterThanOrEqual(simulation.height - 6);
    }, 30);
  });

  it("makes nothing final without the weight for it, while blocks go on", () => {
    const lost = fc.record({ deadFrom: fc.constant({ atMs: 0, count: 2 }) });
    always(lost, (simulation) => {
      expect(simulation.finalNumbers()).toEqual([0, 0]);
      expect(simulation.height).toBeGreaterThan(10);
    }, 5);
  });

  it("never makes two blocks final at one height while less than a third sign whatever they like", () => {
    const lies = fc.constantFrom({ voters: 4, liars: 1 }, { voters: 7, liars: 2 });
    always(lies, () => {}, 15);
  });
});
