import { describe, expect, it } from "vitest";
import { flagValue, MAX_PROCESSES, parseLocalSetup } from "../../src/apps/local_setup/config.ts";
import { ROOT } from "../../tools/source_files.ts";

const node = { name: "node1", flags: ["--rpc-port", "9944"] };
const worker = { name: "worker1", flags: ["--untrusted-http-port=4545"] };
const parse = (value: unknown) => parseLocalSetup(JSON.stringify(value));

describe("parseLocalSetup()", () => {
  it("takes nodes and validateers in order", () => {
    expect(parse({ nodes: [node], validateers: [worker] })).toEqual({ nodes: [node], validateers: [worker] });
  });

  it.each([
    ["text that is no JSON", "{", "Cannot read configuration"],
    ["a list", "[]", "want an object"],
    ["a missing list", JSON.stringify({ nodes: [] }), "validateers: want a list"],
    ["an unknown field", JSON.stringify({ nodes: [], validateers: [], workers: [] }), "configuration.workers"],
    ["a bad name", JSON.stringify({ nodes: [{ ...node, name: "a b" }], validateers: [] }), "nodes[0].name"],
    ["a flag that is no text", JSON.stringify({ nodes: [{ ...node, flags: [1] }], validateers: [] }), "nodes[0].flags"],
    ["a missing port", JSON.stringify({ nodes: [{ ...node, flags: [] }], validateers: [] }), '"--rpc-port"'],
    ["a name that stands twice", JSON.stringify({ nodes: [node, node], validateers: [] }), '"node1" twice'],
  ])("refuses %s and says where", (_, text, message) => {
    expect(() => parseLocalSetup(text)).toThrow(message);
  });

  it("refuses more processes than its limit", () => {
    const nodes = Array.from({ length: MAX_PROCESSES + 1 }, (_, i) => ({ ...node, name: `node${i}` }));
    expect(() => parse({ nodes, validateers: [] })).toThrow("at most");
  });

  it("takes every configuration that comes with the project", async () => {
    let count = 0;
    for await (const entry of Deno.readDir(`${ROOT}/local-setup`)) {
      parseLocalSetup(await Deno.readTextFile(`${ROOT}/local-setup/${entry.name}`));
      count++;
    }
    expect(count).toBeGreaterThan(0);
  });
});

describe("flagValue()", () => {
  it("reads both forms", () => {
    expect(flagValue(["--a", "1", "--b=2"], "--a")).toBe("1");
    expect(flagValue(["--a", "1", "--b=2"], "--b")).toBe("2");
    expect(flagValue(["--a", "1"], "--c")).toBeUndefined();
  });
});
