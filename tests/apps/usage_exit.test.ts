import { describe, expect, it } from "vitest";
import { Child } from "../e2e/child.ts";

describe.each(["cli/main.ts", "devnode.ts", "local_setup.ts", "validateer.ts"])("the program %s", (program) => {
  it("ends with 2 on an option that it does not know, and names it", async () => {
    const { code, output } = await new Child(program, ["--nope"]).end();
    expect(output).toContain("unknown option '--nope'");
    expect(code).toBe(2);
  });

  it("ends with 0 when it is asked for help", async () => {
    const { code, output } = await new Child(program, ["--help"]).end();
    expect(output).toContain("Usage: ");
    expect(code).toBe(0);
  });
});

describe("the program devnode.ts", () => {
  it.each([
    [["--peer-port", "30333"], "--authority", 2],
    [["--authority", "//Zed", "--authorities", "//Alice,//Bob"], "not among the authorities //Alice,//Bob", 1],
  ])("ends before it starts on %j", async (options, why, expected) => {
    const { code, output } = await new Child("devnode.ts", options).end();
    expect(output).toContain(why);
    expect(output).not.toContain("    at ");
    expect(code).toBe(expected);
  });
});

describe("a subcommand of the validateer", () => {
  it("ends with 2 on a value that it refuses", async () => {
    const { code, output } = await new Child("validateer.ts", ["run", "--trusted-worker-port", "x"]).end();
    expect(output).toContain("--trusted-worker-port");
    expect(code).toBe(2);
  });
});
