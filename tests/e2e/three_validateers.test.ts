import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseLocalSetup } from "../../src/apps/local_setup/config.ts";
import { planLocalSetup, type PlannedMember } from "../../src/apps/local_setup/plan.ts";
import { fetchCertificate, pinnedSocket, processTimer } from "../../src/apps/cli/worker_socket.ts";
import { connectWorkerRpc, type WorkerRpc } from "../../src/client/worker_rpc.ts";
import { MAX_LIGHT_HEADERS } from "../../src/types/light_header.ts";
import { Child } from "./child.ts";
import { isListening, poll, ROOT } from "./harness.ts";
import { type BlockFacts, factsOf, lightHeadersOf } from "./light_blocks.ts";
import { takePorts } from "../ports.ts";

const TIMEOUT_MS = 400_000;
const COUNT = 3;
/** Blocks that one may be ahead of another. */
const SLOTS_APART = 3;
/** Blocks in which each has had its turn several times. */
const NEWEST_BLOCKS = 3 * COUNT;

let folder: string;
let members: readonly PlannedMember[];
let program: Child;
let connections: readonly WorkerRpc[] = [];

/** The file that comes with the project, on other ports and in another folder; nothing else is changed. */
async function rewritten(name: string): Promise<string> {
  const text = await Deno.readTextFile(`${ROOT}local-setup/${name}`);
  const pattern = /(?<=port=|127\.0\.0\.1:)\d+(?=")/gu;
  const ports = [...new Set(text.match(pattern))];
  const free = takePorts(ports.length);
  return text.replace(pattern, (port) => `${free[ports.indexOf(port)]}`).replaceAll("=.data/", `=${folder}/`);
}

beforeAll(async () => {
  folder = await Deno.makeTempDir({ prefix: "local-setup-" });
  const text = await rewritten("three-validateers.json");
  const plan = await planLocalSetup(parseLocalSetup(text));
  members = [...plan.nodes, ...plan.validateers];
  await Deno.writeTextFile(`${folder}/setup.json`, text);
  program = new Child("local_setup.ts", [`${folder}/setup.json`]);
  await program.until(/^local-setup: all 6 processes are up; Ctrl-C stops them$/mu);
  connections = await Promise.all(plan.validateers.map(async (planned) => {
    const address = { host: "127.0.0.1", port: portOf(planned, "--trusted-worker-port") };
    return await connectWorkerRpc(pinnedSocket(address, await fetchCertificate(address)), processTimer);
  }));
}, TIMEOUT_MS);

afterAll(async () => {
  for (const rpc of connections) rpc.close();
  // What it cannot end any more when it is killed.
  const left = program === undefined ? [] : await childrenOf(program);
  await program?.kill();
  for (const pid of left) killQuietly(pid);
  await Deno.remove(folder, { recursive: true });
});

function portOf({ ports }: PlannedMember, wanted: string): number {
  const found = ports.find(({ option }) => option === wanted);
  if (found === undefined) throw new TypeError(`no ${wanted}`);
  return found.port;
}

/** Ids of the processes that a process started. */
async function childrenOf({ pid }: Child): Promise<readonly number[]> {
  return (await processes()).filter(({ parent }) => parent === pid).map((one) => one.pid);
}

async function processes(): Promise<readonly { readonly pid: number; readonly parent: number }[]> {
  const { stdout } = await new Deno.Command("ps", { args: ["-A", "-o", "pid=,ppid="] }).output();
  return new TextDecoder().decode(stdout).trim().split("\n").map((line) => {
    const [pid = 0, parent = 0] = line.trim().split(/\s+/u).map(Number);
    return { pid, parent };
  });
}

function killQuietly(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch {
    // Ended already.
  }
}

/** Blocks of a validateer from a number on. */
async function blocksFrom(rpc: WorkerRpc, from: number): Promise<readonly BlockFacts[]> {
  return (await lightHeadersOf(rpc, from, MAX_LIGHT_HEADERS)).map((header) => factsOf(header));
}

/** The newest blocks that all validateers have, once all stand at most so many slots apart and have the same ones. */
async function sharedBlocks(isEnough: (blocks: readonly BlockFacts[]) => boolean): Promise<readonly BlockFacts[]> {
  let from = 1;
  let shared: readonly BlockFacts[] = [];
  await poll("all at one head", async () => {
    const lists = await Promise.all(connections.map((rpc) => blocksFrom(rpc, from)));
    const heights = lists.map((list) => list.at(-1)?.number ?? 0);
    const [lowest, highest] = [Math.min(...heights), Math.max(...heights)];
    from = Math.max(1, lowest - NEWEST_BLOCKS + 1);
    const newest = lists.map((list) => list.filter(({ number }) => number >= from && number <= lowest));
    shared = newest[0] ?? [];
    const isSame = new Set(newest.map((list) => JSON.stringify(list))).size === 1;
    return highest - lowest <= SLOTS_APART && isSame && isEnough(shared);
  }, true);
  return shared;
}

function linesOf(output: string): readonly string[] {
  return output.split("\n").filter((line) => line !== "");
}

describe("local-setup with three validateers, each with a node of its own", () => {
  it("starts them one after the other and prints every line with the name of its process", () => {
    const lines = linesOf(program.output);
    const names = members.map(({ name }) => name);
    expect(names).toEqual(["node1", "node2", "node3", "worker1", "worker2", "worker3"]);
    const prefixes = ["local-setup: ", "  ", ...names.map((name) => `${name.padEnd(7)} | `)];
    expect(lines.filter((line) => !prefixes.some((prefix) => line.startsWith(prefix)))).toEqual([]);
    const starts = names.map((name) => lines.findIndex((line) => line.startsWith(name)));
    const ups = names.map((name) => lines.findIndex((line) => line.startsWith(`local-setup: "${name}" is up after `)));
    const turns = names.flatMap((_, i) => [starts[i] ?? -1, ups[i] ?? -1]);
    expect(turns).toEqual(turns.toSorted((a, b) => a - b));
    expect(turns[0]).toBe(0);
    for (const { name, addresses } of members) expect(lines).toContain(`  ${name.padEnd(7)}  ${addresses.join("  ")}`);
    expect(lines.filter((line) => /^node\d {3}\| {3}rpc /u.test(line))).toHaveLength(COUNT);
    expect(lines.filter((line) => /^worker\d \| {3}trusted RPC /u.test(line))).toHaveLength(COUNT);
    expect(lines.filter((line) => /^worker[23] \| .* ShardReceived /u.test(line))).toHaveLength(COUNT - 1);
  });

  it("leads all of them to one head and root, whose blocks three authors make in turn", async () => {
    const blocks = await sharedBlocks((newest) => {
      const authors = Array.from({ length: COUNT }, (_, turn) => newest.filter(({ slot }) => slot % COUNT === turn))
        .map((own) => new Set(own.map(({ author }) => author)));
      return newest.length === NEWEST_BLOCKS && authors.every(({ size }) => size === 1);
    });
    expect(new Set(blocks.map(({ author }) => author)).size).toBe(COUNT);
    expect(new Set(blocks.map(({ slot }) => slot)).size).toBe(blocks.length);
    const [{ number: first }] = blocks as [BlockFacts];
    expect(blocks.map(({ number }) => number)).toEqual(blocks.map((_, i) => first + i));
  }, TIMEOUT_MS);

  it("lets no second start in: it names the process, the port and the option, and starts nothing", async () => {
    const { code, output } = await new Child("local_setup.ts", [`${folder}/setup.json`]).end();
    const [node] = members as readonly [PlannedMember];
    const { option, port } = node.ports[0] ?? {};
    expect(linesOf(output)).toEqual([
      `local-setup: Cannot start "node1": port ${port} (${option}) is taken by another program; end it or choose another port`,
    ]);
    expect(code).toBe(1);
  }, TIMEOUT_MS);

  it("ends all of them on Ctrl-C with exit code 0 and leaves neither a process nor a port", async () => {
    const started = await childrenOf(program);
    expect(started).toHaveLength(members.length);
    const printed = linesOf(program.output).length;
    program.signal("SIGINT");
    const { code, output } = await program.end();
    expect(code).toBe(0);
    const lines = linesOf(output).slice(printed);
    expect(lines).toContain("local-setup: stopping 6 processes");
    expect(lines.filter((line) => /^worker\d \| .* Stopping/u.test(line))).toHaveLength(COUNT);
    expect(output).not.toContain("ended with");
    const left = new Set((await processes()).map(({ pid }) => pid));
    expect(started.filter((pid) => left.has(pid))).toEqual([]);
    for (const { ports } of members) {
      for (const { port } of ports) expect(await isListening(port), `${port}`).toBe(false);
    }
  }, TIMEOUT_MS);
});
