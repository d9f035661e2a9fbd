import { describe, expect, it } from "vitest";
import { findBreaches } from "../../tools/check_floors.ts";
import { importsOf, withoutComments } from "../../tools/source_files.ts";

function file(path: string, ...specifiers: string[]) {
  return { path, text: specifiers.map((s, i) => `import { a${i} } from "${s}";`).join("\n") };
}

describe("findBreaches()", () => {
  it("passes imports that go down", () => {
    expect(findBreaches([file("src/stf/a.ts", "../types/b.ts", "../primitives/c.ts", "./d.ts", "@noble/hashes")]))
      .toEqual([]);
  });

  it.each([
    ["an import that goes up", file("src/types/a.ts", "../state/b.ts")],
    ["an import of a sibling", file("src/codec/a.ts", "../crypto/b.ts")],
    ["a folder without a floor", file("src/misc/a.ts", "../codec/b.ts")],
    ["the enclave's inside, seen from the host", file("src/host/a.ts", "../enclave/keys.ts")],
    ["a platform module in the core", file("src/state/a.ts", "node:fs")],
    ["tests imported by the source", file("src/state/a.ts", "../../tests/state/b.ts")],
    ["a type import that goes up", { path: "src/types/a.ts", text: 'import type { B } from "../state/b.ts";' }],
    ["a re-export that goes up", { path: "src/types/a.ts", text: 'export { b } from "../state/b.ts";' }],
    ["a dynamic import that goes up", { path: "src/types/a.ts", text: 'await import("../state/b.ts");' }],
  ])("reports %s", (_, breach) => {
    expect(findBreaches([breach])).toHaveLength(1);
  });

  it("lets the worker entries and the enclave itself see the enclave's inside", () => {
    expect(findBreaches([
      file("src/apps/enclave_worker.ts", "../enclave/keys.ts"),
      file("src/enclave/deno/a.ts", "../keys.ts", "node:tls"),
      file("src/host/a.ts", "../enclave/api/ecalls.ts"),
    ])).toEqual([]);
  });

  it("reports a cycle through three files once", () => {
    const breaches = findBreaches([
      file("src/types/a.ts", "./b.ts"),
      file("src/types/b.ts", "./c.ts"),
      file("src/types/c.ts", "./a.ts"),
    ]);
    expect(breaches).toEqual(["cycle: src/types/a.ts -> src/types/b.ts -> src/types/c.ts -> src/types/a.ts"]);
  });
});

describe("importsOf()", () => {
  it("sees imports over several lines and not those in comments or strings", () => {
    const text = [
      "import {",
      "  a,",
      '} from "./a.ts";',
      '// import { b } from "./b.ts";',
      '/* export * from "./c.ts"; */',
      'const url = "https://example.org"; import "./d.ts";',
    ].join("\n");
    expect(importsOf({ path: "src/x.ts", text })).toEqual(["./a.ts", "./d.ts"]);
    expect(withoutComments('const s = "// no comment"; // yes')).toBe('const s = "// no comment";       ');
  });
});
