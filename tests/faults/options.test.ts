import { describe, expect, it } from "vitest";
import { type FaultRun, parseFaultRun } from "./options.ts";

const KNOWN = ["kills", "partitions"];

function parse(...argv: readonly string[]): { readonly result: FaultRun | number; readonly out: string; err: string } {
  let [out, err] = ["", ""];
  const output = { writeOut: (text: string) => void (out += text), writeErr: (text: string) => void (err += text) };
  const result = parseFaultRun(argv, KNOWN, output);
  return { result, out, err };
}

describe("parseFaultRun()", () => {
  it("means all of them by none", () => {
    expect(parse().result).toEqual({ names: KNOWN, count: 50, seed: 1 });
  });

  it("reads names and options in any order", () => {
    expect(parse("--count", "3", "partitions", "--seed", "7", "partitions").result).toEqual(
      { names: ["partitions"], count: 3, seed: 7 },
    );
  });

  it("shows help and runs nothing", () => {
    const { result, out } = parse("--help");
    expect(result).toBe(0);
    for (const word of [...KNOWN, "--count", "--seed"]) expect(out).toContain(word);
  });

  it.each([
    [["kill"], "kill"],
    [["partitions", "kill"], "kill"],
    [["--counts", "3"], "--counts"],
    [["--count"], "--count"],
    [["--count", "0"], "whole number from 1"],
    [["--count", "3.5"], "whole number from 1"],
    [["--count", "-1"], "whole number from 1"],
    [["--seed", "4294967296"], "whole number from 0"],
    [["-h"], "-h"],
  ])("refuses %j and says why", (argv, why) => {
    const { result, err } = parse(...argv);
    expect(result).toBe(2);
    expect(err).toContain(why);
  });
});
