import { describe, expect, it } from "vitest";
import { isGood, renderReport, type Report, Timing } from "./report.ts";

const GOAL = { what: "restart", ms: 100 };

function reportOf(times: readonly number[], failures: readonly string[] = []): Report {
  const timing = new Timing(GOAL);
  for (const [i, ms] of times.entries()) timing.add(`case ${i + 1}`, ms);
  return { title: "restarts", rows: timing.rows, failures, late: timing.late };
}

describe("Timing", () => {
  it("counts the cases within the goal, the goal itself included", () => {
    expect(reportOf([100, 101, 50]).rows).toEqual([
      ["restart, ms (min / median / max)", "50 / 100 / 101"],
      ["  of them within the goal of 100 ms", "2 of 3"],
    ]);
  });

  it("takes a case for late beyond three times the goal only", () => {
    expect(isGood(reportOf([100, 300]))).toBe(true);
    const report = reportOf([50, 300.5, 50]);
    expect(isGood(report)).toBe(false);
    expect(report.late).toEqual(["case 2: restart 301 ms, the goal is 100 ms"]);
    expect(renderReport(report)).toMatch(/beyond 3 times the goal +1\n +case 2: restart 301 ms/u);
  });
});

describe("isGood()", () => {
  it("is false with a failure", () => {
    expect(isGood(reportOf([50]))).toBe(true);
    expect(isGood(reportOf([50], ["a call was lost"]))).toBe(false);
  });
});
