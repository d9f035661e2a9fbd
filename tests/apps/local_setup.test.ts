import { afterAll, describe, expect, it } from "vitest";
import { MAX_PROCESSES, parseLocalSetup } from "../../src/apps/local_setup/config.ts";
import { assertPortsFree, isUp } from "../../src/apps/local_setup/health.ts";
import { runNetwork } from "../../src/apps/local_setup/network.ts";
import { type LocalPlan, planLocalSetup, type PlannedMember } from "../../src/apps/local_setup/plan.ts";
import { ROOT } from "../../tools/source_files.ts";
import { Child } from "../e2e/child.ts";
import { takePorts } from "../ports.ts";

const node = { name: "node1", flags: ["--dev", "--rpc-port", "9944", "--no-prometheus"] };
const worker = {
  name: "worker1",
  flags: ["--dev", "--untrusted-http-port=4545", "--integritee-rpc-url=ws://127.0.0.1"],
};
const parse = (value: unknown) => parseLocalSetup(JSON.stringify(value));
const plan = (value: unknown) => planLocalSetup(parse(value));

async function projectFiles(): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(`${ROOT}/local-setup`)) if (name.endsWith(".json")) names.push(name);
  return names.sort();
}

describe("parseLocalSetup()", () => {
  it("takes nodes and validateers in order", () => {
    expect(parse({ nodes: [node], validateers: [worker] })).toEqual({ nodes: [node], validateers: [worker] });
  });

  it.each([
    ["text that is no JSON", "{", "Cannot read configuration"],
    ["a list", "[]", "want an object"],
    ["a missing list", JSON.stringify({ nodes: [] }), "validateers: want a list"],
    ["an unknown field", JSON.stringify({ nodes: [], validateers: [], workers: [] }), "configuration.workers"],
    [
      "an unknown field of a member",
      JSON.stringify({ nodes: [{ ...node, port: 1 }], validateers: [] }),
      "nodes[0].port",
    ],
    ["a bad name", JSON.stringify({ nodes: [{ ...node, name: "a b" }], validateers: [] }), "nodes[0].name"],
    ["a flag that is no text", JSON.stringify({ nodes: [{ ...node, flags: [1] }], validateers: [] }), "nodes[0].flags"],
    ["a name that stands twice", JSON.stringify({ nodes: [node, node], validateers: [] }), '"node1" twice'],
    ["nothing at all", JSON.stringify({ nodes: [], validateers: [] }), "network of nothing"],
  ])("refuses %s and says where", (_, text, message) => {
    expect(() => parseLocalSetup(text)).toThrow(message);
  });

  it("refuses more processes than its limit", () => {
    const nodes = Array.from({ length: MAX_PROCESSES + 1 }, (_, i) => ({ ...node, name: `node${i}` }));
    expect(() => parse({ nodes, validateers: [] })).toThrow("at most");
  });

  it("is documented with every field", async () => {
    const text = await Deno.readTextFile(`${ROOT}/local-setup/README.md`);
    for (const name of ["nodes", "validateers", "nodes[].name", "validateers[].name", "nodes[].flags"]) {
      expect(text).toContain(`\`${name}\``);
    }
    for (const file of await projectFiles()) expect(text).toContain(`\`${file}\``);
  });
});

describe("planLocalSetup()", () => {
  it("reads every configuration that comes with the project", async () => {
    const counts: Record<string, number[]> = {};
    for (const file of await projectFiles()) {
      const { nodes, validateers } = await plan(JSON.parse(await Deno.readTextFile(`${ROOT}/local-setup/${file}`)));
      counts[file] = [nodes.length, validateers.length];
    }
    expect(counts).toEqual({
      "benchmark.json": [1, 1],
      "one-validateer.json": [1, 1],
      "three-validateers.json": [3, 3],
      "two-validateers.json": [2, 2],
    });
  });

  it("knows ports, folders and health of each program", async () => {
    const { nodes: [planned], validateers: [validateer] } = await plan({
      nodes: [{ name: "a", flags: ["--dev", "--authority=none", "--peer=ws://127.0.0.1:1", "--peer-port=0"] }],
      validateers: [{
        name: "b",
        flags: ["--data-dir=/tmp/b", "--enable-metrics", "--dev", "--integritee-rpc-port=7"],
      }],
    });
    expect(planned).toMatchObject({
      program: "devnode.ts",
      ports: [{ option: "--rpc-port", port: 9944 }, { option: "--prometheus-port", port: 9615 }],
      dataDir: undefined,
      up: { type: "node", rpcPort: 9944, peers: 1 },
    });
    expect(validateer).toMatchObject({
      program: "validateer.ts",
      args: ["run", "--data-dir=/tmp/b", "--enable-metrics", "--dev", "--integritee-rpc-port=7"],
      ports: [2000, 2001, 3443, 4545, 8787, 7].map((port) => ({ port })),
      dataDir: "/tmp/b",
      up: { type: "validateer", httpPort: 4545 },
      addresses: ["wss://127.0.0.1:2000", "http://127.0.0.1:8787/metrics"],
    });
  });

  const two = (first: string[], second: string[]) => ({
    nodes: [],
    validateers: [{ name: "w1", flags: first }, { name: "w2", flags: second }],
  });
  const ports = ["-P=1", "-w=2", "-r=3", "-h=4"].map((flag) => flag.replace("=", ""));
  it.each([
    [
      "an option that is not known",
      { nodes: [{ ...node, flags: ["--rpc-prot", "1"] }], validateers: [] },
      '"node1": unknown option',
    ],
    [
      "a value that an option refuses",
      { nodes: [{ ...node, flags: ["--rpc-port=x"] }], validateers: [] },
      "Want a whole number",
    ],
    [
      "an option of a validateer",
      { nodes: [], validateers: [{ ...worker, flags: ["--nope"] }] },
      '"worker1": unknown option',
    ],
    ["help instead of a start", { nodes: [{ ...node, flags: ["--help"] }], validateers: [] }, '"node1"'],
    [
      "a health port that is not known",
      { nodes: [], validateers: [{ ...worker, flags: ["-h", "0"] }] },
      "--untrusted-http-port",
    ],
    [
      "a port for two",
      two([], ports.with(0, "-P2001")),
      'port 2001 to "w2" (--trusted-worker-port): "w1" (--untrusted-worker-port)',
    ],
    ["a folder for two", two([], [...ports]), '.data to "w2": "w1" has it'],
    ["ports of one member that are the same", two(["-P7", "-w7"], ports), '"w1" (--untrusted-worker-port): "w1"'],
  ])("refuses %s and names member and option", async (_, value, message) => {
    await expect(plan(value)).rejects.toThrow(message);
  });
});

describe("assertPortsFree()", () => {
  it("names the port that another program has, and its option", async () => {
    const [free = 0] = takePorts(1);
    const { nodes } = await plan({
      nodes: [{ ...node, flags: [`--rpc-port=${free}`, "--no-prometheus"] }],
      validateers: [],
    });
    expect(() => assertPortsFree(nodes)).not.toThrow();
    const listener = Deno.listen({ hostname: "127.0.0.1", port: free });
    try {
      expect(() => assertPortsFree(nodes)).toThrow(`"node1": port ${free} (--rpc-port) is taken`);
    } finally {
      listener.close();
    }
    expect(() => assertPortsFree(nodes)).not.toThrow();
  });
});

describe("isUp()", () => {
  it("waits until a node is in sync and has its peers, and a validateer says so", async () => {
    let health: unknown = { peers: 0, isSyncing: true };
    let status = 500;
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) =>
        request.method === "POST"
          ? Response.json({ jsonrpc: "2.0", id: 1, result: health })
          : new Response("", { status }),
    );
    const { port } = server.addr;
    const isNodeUp = (peers: number) => isUp({ type: "node", rpcPort: port, peers });
    const isValidateerUp = () => isUp({ type: "validateer", httpPort: port });
    try {
      expect([await isNodeUp(0), await isValidateerUp()]).toEqual([false, false]);
      [health, status] = [{ peers: 1, isSyncing: false }, 200];
      expect([await isNodeUp(1), await isNodeUp(2), await isValidateerUp()]).toEqual([true, false, true]);
    } finally {
      await server.shutdown();
    }
    expect([await isNodeUp(0), await isValidateerUp()]).toEqual([false, false]);
  });
});

/** Answers as a node and as a validateer that are up; tells when it is asked to end. */
const GOOD = `
console.log("hello from " + Deno.args[1]);
console.error("and a warning");
const server = Deno.serve({ hostname: "127.0.0.1", port: Number(Deno.args[0]), onListen: () => {} }, () =>
  Response.json({ result: { peers: 0, isSyncing: false } }));
Deno.addSignalListener("SIGTERM", () => { console.log("bye"); Deno.exit(0); });
Deno.addSignalListener("SIGINT", () => { console.log("interrupted"); Deno.exit(1); });
`;
/** Ends by itself after it was up. */
const SHORT = `${GOOD} setTimeout(() => Deno.exit(3), 1500);`;

describe("runNetwork()", () => {
  const folder = Deno.makeTempDirSync({ prefix: "local-setup-" });
  afterAll(() => Deno.removeSync(folder, { recursive: true }));

  function memberOf(name: string, type: "node" | "validateer", port: number): PlannedMember {
    const up = type === "node" ? { type, rpcPort: port, peers: 0 } as const : { type, httpPort: port } as const;
    return {
      name,
      program: "",
      args: [String(port), name],
      ports: [],
      dataDir: undefined,
      up,
      addresses: [`at:${port}`],
    };
  }

  async function network(
    programs: Readonly<Record<string, string>>,
    until: (lines: string[]) => boolean,
    isColoured = false,
  ) {
    const [a = 0, b = 0] = takePorts(2);
    const local: LocalPlan = { nodes: [memberOf("n", "node", a)], validateers: [memberOf("work", "validateer", b)] };
    const lines: string[] = [];
    const stop = new AbortController();
    const code = await runNetwork(local, {
      commandOf: ({ name, args }) => {
        Deno.writeTextFileSync(`${folder}/${name}.ts`, programs[name] ?? "");
        return { program: Deno.execPath(), args: ["run", "-A", `${folder}/${name}.ts`, ...args] };
      },
      print: (line) => {
        lines.push(line);
        if (until(lines)) stop.abort();
      },
      isColoured,
      nowMs: Date.now,
    }, stop.signal);
    for (const port of [a, b]) Deno.listen({ hostname: "127.0.0.1", port }).close();
    return { code, lines };
  }

  it("starts nodes before validateers, prints all lines with their names, and ends with 0 on a signal, nodes last", async () => {
    const { code, lines } = await network(
      { n: GOOD, work: GOOD },
      (seen) => seen.some((line) => line.startsWith("  work")),
    );
    expect(code).toBe(0);
    const at = (line: string) => lines.indexOf(line);
    for (
      const line of [
        "n    | hello from n",
        "n    | and a warning",
        "work | hello from work",
        "  n     at:",
        "  work  at:",
      ]
    ) {
      expect(lines.some((one) => one.startsWith(line)), line).toBe(true);
    }
    const nodeUp = lines.findIndex((line) => /^local-setup: "n" is up after \d/.test(line));
    expect(at("n    | hello from n")).toBeLessThan(nodeUp);
    expect(at("work | hello from work")).toBeGreaterThan(nodeUp);
    expect(at("work | bye")).toBeGreaterThan(at("local-setup: stopping 2 processes"));
    expect(at("n    | bye")).toBeGreaterThan(at("work | bye"));
    expect(lines.join()).not.toContain("interrupted");
  });

  it("stops the others and ends with 1 when one ends by itself, coloured if asked for", async () => {
    const { code, lines } = await network({ n: GOOD, work: SHORT }, () => false, true);
    expect(code).toBe(1);
    expect(lines).toContain('local-setup: "work" ended with 3; the others are stopped');
    expect(lines.at(-1)).toBe("\x1b[36mn    |\x1b[0m bye");
    expect(lines).toContain("\x1b[33mwork |\x1b[0m hello from work");
  });

  it("stops what runs when a program cannot be started", async () => {
    const [a = 0, b = 0] = takePorts(2);
    const local: LocalPlan = { nodes: [memberOf("n", "node", a)], validateers: [memberOf("work", "validateer", b)] };
    Deno.writeTextFileSync(`${folder}/n.ts`, GOOD);
    const lines: string[] = [];
    const running = runNetwork(local, {
      commandOf: ({ name, args }) =>
        name === "n"
          ? { program: Deno.execPath(), args: ["run", "-A", `${folder}/n.ts`, ...args] }
          : { program: `${folder}/missing`, args: [] },
      print: (line) => void lines.push(line),
      isColoured: false,
      nowMs: Date.now,
    }, new AbortController().signal);
    await expect(running).rejects.toThrow();
    expect(lines.at(-1)).toBe("n    | bye");
  });

  it("starts no further member when one ends before it is up, or the signal comes before", async () => {
    const dead = await network({ n: "Deno.exit(7)", work: GOOD }, () => false);
    expect([dead.code, dead.lines]).toEqual([1, ['local-setup: "n" ended with 7; the others are stopped']]);
    const early = await network({ n: GOOD, work: GOOD }, (lines) => lines.includes("n    | hello from n"));
    expect(early.code).toBe(0);
    expect(early.lines.some((line) => line.startsWith("work"))).toBe(false);
  });
});

describe("the program", () => {
  it.each(
    [
      ["no file", [], 2, "error: missing required argument 'file'\n"],
      ["an option that is not known", ["--nope"], 2, "error: unknown option '--nope'\n"],
      ["two files", ["a", "b"], 2, "error: too many arguments"],
      ["a file that is not there", ["/nowhere.json"], 1, 'local-setup: Cannot read "/nowhere.json": it is not there\n'],
      ["a request for help", ["--help"], 0, "Usage: local-setup [options] <file>\n"],
    ] as const,
  )("given %s, says so and ends with its exit code", async (_, args, wanted, message) => {
    const { code, output } = await new Child("local_setup.ts", args).end();
    expect(output.startsWith(message), output).toBe(true);
    expect(code).toBe(wanted);
  });
});
