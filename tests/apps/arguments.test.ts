import { describe, expect, it } from "vitest";
import { type CommandShape, normaliseArguments } from "../../src/apps/validateer/arguments.ts";

const shape: CommandShape = {
  globals: [
    { long: "--data-dir", short: "-d", value: true },
    { long: "--untrusted-http-port", short: "-h", value: true },
    { long: "--ws-external", value: false },
    { long: "--clean-reset", short: "-c", value: false },
  ],
  subcommands: {
    run: [{ long: "--dev", short: "-d", value: false }, { long: "--skip-ra", value: false }],
    mrenclave: [],
  },
  defaultSubcommand: "run",
};

const normalise = (text: string) => normaliseArguments(shape, text.split(" ").filter((word) => word !== "")).join(" ");

describe("normaliseArguments()", () => {
  it.each([
    ["", "run"],
    ["--dev", "run --dev"],
    ["mrenclave", "mrenclave"],
    // The short option before the subcommand is the global one, after it the subcommand's own.
    ["-d folder run -d", "run --data-dir folder --dev"],
    ["run -d --data-dir folder", "run --dev --data-dir folder"],
    ["-d run", "run --data-dir run"],
    ["run -h 80 -c", "run --untrusted-http-port 80 --clean-reset"],
    ["-h80 -h=81 run shard", "run --untrusted-http-port 80 --untrusted-http-port 81 shard"],
    ["run -cd", "run --clean-reset --dev"],
    ["--data-dir=run mrenclave", "mrenclave --data-dir=run"],
    ["--data-dir mrenclave", "run --data-dir mrenclave"],
    ["--unknown run -x", "run --unknown -x"],
  ])("turns %j into %j", (words, expected) => {
    expect(normalise(words)).toBe(expected);
  });
});
