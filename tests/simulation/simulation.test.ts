import { describe, expect, it } from "vitest";
import { ROOT } from "../../tools/source_files.ts";
import { describeMutant, mutantNames, mutatedSources, runMutant } from "./mutants.ts";
import { applyHunks, parsePatch, PatchError } from "./patch.ts";
import { Random } from "./random.ts";
import { Scheduler } from "./scheduler.ts";
import { simulate } from "./simulation.ts";
import { Counts } from "./trace.ts";

/** Seeds of the gate; `deno task simulate --seeds 10000` runs more. */
const SEEDS = 200;
/** Seeds of one test. */
const SEEDS_AT_ONCE = 20;
/** Ten times what it takes on two cores, for machines that are busy. */
const SLICE_TIMEOUT_MS = 100_000;
/** Mutants of the gate; `deno task simulate --mutants` runs all. */
const GATE_MUTANTS = ["cursor_includes_itself", "calls_not_returned", "broadcast_before_stored"] as const;
/** Seeds within which those are found, several times what each takes now: a change of the stage moves none out of reach. */
const GATE_MUTANT_SEEDS = 60;

describe("simulate()", () => {
  const total = new Counts();
  for (let from = 1; from <= SEEDS; from += SEEDS_AT_ONCE) {
    const last = from + SEEDS_AT_ONCE - 1;
    it(`holds every invariant with seeds ${from} to ${last}`, async () => {
      for (let seed = from; seed <= last; seed++) {
        const { violation, shape, counts } = await simulate({ seed });
        const replay = `deno task simulate --seed ${seed} --validateers ${shape.validateers}`;
        expect([violation?.message, replay]).toEqual([undefined, replay]);
        total.addAll(counts);
      }
    }, SLICE_TIMEOUT_MS);
  }

  it("injects every fault and lets everything happen that invariants speak of", () => {
    for (const kind of HAPPENED) expect([kind, total.get(kind)]).toEqual([kind, expect.toSatisfy((n) => n > 0)]);
    expect(total.get("blocks")).toBeGreaterThan(25 * SEEDS);
    expect(total.get("calls executed")).toBeGreaterThan(5 * SEEDS);
  });

  it("gives the same trace for the same seed, whatever ran before, and another for another seed", async () => {
    const first = await simulate({ seed: 103, validateers: 3 });
    const other = await simulate({ seed: 104, validateers: 3 });
    const again = await simulate({ seed: 103, validateers: 3 });
    expect(again.traceHash).toBe(first.traceHash);
    expect(again.counts.entries()).toEqual(first.counts.entries());
    expect(other.traceHash).not.toBe(first.traceHash);
  });

  it("gives the same trace in every process, from its first seed on", async () => {
    const args = [
      "run",
      "-A",
      "--unstable-worker-options",
      "tests/simulation/main.ts",
      "--seed",
      "3",
      "--validateers",
      "2",
    ];
    const lines = await Promise.all(Array.from({ length: 3 }, async () => {
      const { stdout } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT }).output();
      return new TextDecoder().decode(stdout);
    }));
    expect(lines[0]).toMatch(/^seed 3 validateers 2 \w+ steps \d+ trace \w+: ok\n$/);
    expect(new Set(lines).size).toBe(1);
  });
});

/** What the seeds of the gate must have seen. */
const HAPPENED = [
  "answer falsified by a peer",
  "bad block: deposits left out",
  "bad block: deposits twice",
  "bad block: old parentchain block",
  "bad block: other parent",
  "bad block: other root",
  "bad block: receipts of others",
  "bad block: signed by another",
  "bad block: slot in the future",
  "bad block: slot of another",
  "bad block: unknown parentchain block",
  "block falsified by a peer",
  "broken one way",
  "call admitted",
  "call replayed",
  "call sent",
  "call with a bad signature",
  "calls of abandoned blocks",
  "clock skew",
  "confirmations",
  "crash",
  "crash while writing",
  "deposit sent",
  "deposits",
  "duplication on the network",
  "equivocating author",
  "extrinsic lost",
  "extrinsics lost",
  "finality stalled",
  "fork of the parentchain",
  "gossip",
  "indirect call sent",
  "late one way",
  "log BlocksTakenBack",
  "log Equivocation",
  "log StoredBlockCut",
  "loss on the network",
  "lying peer",
  "message delayed",
  "message delayed one way",
  "message duplicated",
  "message lost",
  "message out of order",
  "message stopped by a partition",
  "message stopped one way",
  "old disk",
  "parentchain node behind",
  "parentchain node gone",
  "partition",
  "payouts",
  "payouts looked for",
  "reordering on the network",
  "second block for a slot",
  "slow disk",
  "slow peer",
  "switches of fork",
] as const;

describe("Planted bugs", () => {
  it("are twenty or more, say what they do, and fit the sources, which they change", () => {
    const names = mutantNames();
    expect(names.length).toBeGreaterThanOrEqual(20);
    for (const name of names) {
      expect([name, describeMutant(name)]).toEqual([name, expect.stringMatching(/^[A-Z].*\.$/)]);
      for (const [path, text] of mutatedSources(name)) {
        expect([name, path, text === Deno.readTextFileSync(path)]).toEqual([name, path, false]);
      }
    }
  });

  for (const name of GATE_MUTANTS) {
    it(`include ${name}, which the simulation finds`, async () => {
      const { outcome, detail } = await runMutant(name, { seeds: GATE_MUTANT_SEEDS });
      expect([name, outcome, detail]).toEqual([name, "caught", detail]);
    }, SLICE_TIMEOUT_MS);
  }
});

describe("applyHunks()", () => {
  const patch = (hunk: string) => parsePatch(`Why.\n\n--- a/src/x.ts\n+++ b/src/x.ts\n@@ -1 +1 @@\n${hunk}`);
  const apply = (text: string, hunk: string) => applyHunks(text, patch(hunk).files.get("src/x.ts") ?? [], "src/x.ts");

  it("replaces the lines of a hunk where they stand", () => {
    expect(patch("-b\n").about).toBe("Why.");
    expect(apply("a\nb\nc\n", " a\n-b\n+x\n+y\n c\n")).toBe("a\nx\ny\nc\n");
  });

  it("refuses a hunk that fits nowhere or twice, and what is no patch", () => {
    expect(() => apply("a\nb\n", "-c\n+d\n")).toThrow(PatchError);
    expect(() => apply("b\nb\n", "-b\n+d\n")).toThrow("stands there 2 times");
    expect(() => patch("*b\n")).toThrow(PatchError);
    expect(() => parsePatch("Why.\n")).toThrow("it changes nothing");
    expect(() => parsePatch("--- a/tests/x.ts\n+++ b/tests/x.ts\n@@ -1 +1 @@\n-a\n")).toThrow("names no new source");
  });
});

describe("Random", () => {
  it("gives the same numbers for the same seed, and others for a fork", () => {
    const numbers = (random: Random) => Array.from({ length: 8 }, () => random.next());
    expect(numbers(new Random("a"))).toEqual(numbers(new Random("a")));
    expect(numbers(new Random("a").fork("x"))).not.toEqual(numbers(new Random("a")));
    const drawn = new Random("a");
    drawn.next();
    expect(numbers(drawn.fork("x"))).toEqual(numbers(new Random("a").fork("x")));
  });

  it("stays within the bounds asked for and reaches both", () => {
    const random = new Random("bounds");
    const drawn = new Set(Array.from({ length: 200 }, () => random.between(3, 5)));
    expect([...drawn].sort()).toEqual([3, 4, 5]);
  });
});

describe("Scheduler", () => {
  it("runs events by time, those of one moment in the order of their scheduling, and none that was cancelled", async () => {
    const scheduler = new Scheduler(100);
    const ran: string[] = [];
    for (const [ms, name] of [[5, "c"], [1, "a"], [1, "b"], [9, "late"]] as const) {
      scheduler.after(ms, name, () => void ran.push(`${name}${scheduler.nowMs}`));
    }
    scheduler.after(2, "never", () => void ran.push("never"))();
    while (await scheduler.step(107) !== undefined);
    expect(ran).toEqual(["a101", "b101", "c105"]);
    expect(scheduler.nowMs).toBe(107);
  });
});
