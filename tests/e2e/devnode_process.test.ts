/** The development parentchain as a process: command line, end on a signal, and what survives a kill. */
import { afterAll, describe, expect, it, vi } from "vitest";
import type { Hex } from "../../src/primitives/hex.ts";
import { ask, connectApi, devKeyring, PATIENCE, sendAndWatch, until } from "./devnode_support.ts";

vi.setConfig(PATIENCE);

const ROOT = new URL("../../", import.meta.url).pathname;
const folders: string[] = [];

interface Process {
  readonly child: Deno.ChildProcess;
  readonly url: string;
  readonly output: () => string;
}

function spawn(...args: readonly string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", `${ROOT}src/apps/devnode.ts`, ...args],
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function start(...args: readonly string[]): Promise<Process> {
  const child = spawn("--rpc-port", "0", "--no-prometheus", "--block-time-ms", "400", ...args);
  let output = "";
  const read = async (stream: ReadableStream<Uint8Array>) => {
    for await (const chunk of stream.pipeThrough(new TextDecoderStream() as never)) {
      output += chunk as unknown as string;
    }
  };
  void read(child.stdout);
  void read(child.stderr);
  await until(`the node says where it listens: ${output}`, () => /ws:\/\/127\.0\.0\.1:\d+/.test(output));
  return { child, url: /ws:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0] ?? "", output: () => output };
}

async function runToEnd(...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await spawn(...args).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

function newFolder(): string {
  const folder = Deno.makeTempDirSync({ prefix: "devnode-e2e-" });
  folders.push(folder);
  return folder;
}

interface Header {
  readonly number: Hex;
  readonly parentHash: Hex;
  readonly stateRoot: Hex;
}

async function heightOf(url: string): Promise<number> {
  return Number((await ask<Header>(url, "chain_getHeader")).number);
}

afterAll(() => {
  for (const folder of folders) Deno.removeSync(folder, { recursive: true });
});

describe("the devnode process", () => {
  it("explains itself with --help and names a wrong option", async () => {
    const help = await runToEnd("--help");
    expect(help.code).toBe(0);
    for (const option of ["--dev", "--tmp", "--data-dir", "--rpc-port", "--rpc-profile", "--no-prometheus"]) {
      expect(help.stdout).toContain(option);
    }
    const wrong = await runToEnd("--block-time-ms", "5");
    expect(wrong.code).not.toBe(0);
    expect(wrong.stderr).toContain("Want a whole number from 100");
    expect((await runToEnd("--runtime", "other")).stderr).toContain("Allowed choices are integritee, permuted");
    expect((await runToEnd("--tmp", "--data-dir", "x")).stderr).toContain("cannot be used with");
  });

  it("ends at a signal, with a client still connected", async () => {
    const { child, url } = await start("--dev");
    const socket = new WebSocket(url);
    await new Promise((resolve) => socket.onopen = resolve);
    child.kill("SIGINT");
    const { code } = await child.status;
    expect(code).toBe(0);
    socket.close();
  });

  it("stops with a sentence if its port is taken or its database is in use", async () => {
    const folder = newFolder();
    const { child, url } = await start("--data-dir", folder);
    const port = new URL(url).port;
    const portTaken = await runToEnd("--dev", "--no-prometheus", "--rpc-port", port);
    expect([portTaken.code, portTaken.stderr]).toEqual([1, expect.stringContaining("AddressInUse")]);
    const inUse = await runToEnd("--no-prometheus", "--rpc-port", "0", "--block-time-ms", "400", "--data-dir", folder);
    expect([inUse.code, inUse.stderr]).toEqual([1, expect.stringContaining("StoreInUse")]);
    child.kill("SIGTERM");
    await child.status;
    const otherTime = await runToEnd("--no-prometheus", "--rpc-port", "0", "--data-dir", folder);
    expect([otherTime.code, otherTime.stderr]).toEqual([1, expect.stringContaining("BlockTimeMismatch")]);
  });

  it("goes on after kill -9 with every block that it had told of, the same states and a valid chain", async () => {
    const folder = newFolder();
    const alice = (await devKeyring()).addFromUri("//Alice");
    let last: { number: number; hash: Hex; stateRoot: Hex } | undefined;
    let genesis: Hex | undefined;
    for (let round = 0; round < 3; round++) {
      const { child, url, output } = await start("--data-dir", folder);
      genesis ??= await ask<Hex>(url, "chain_getBlockHash", 0);
      expect(await ask(url, "chain_getBlockHash", 0)).toBe(genesis);
      if (last !== undefined) {
        expect(await ask(url, "chain_getBlockHash", last.number), output()).toBe(last.hash);
        const { stateRoot } = await ask<Header>(url, "chain_getHeader", last.hash);
        expect(stateRoot).toBe(last.stateRoot);
        const proof = await ask<{ at: Hex }>(url, "state_getReadProof", ["0x00"], last.hash);
        expect(proof.at).toBe(last.hash);
      }
      const api = await connectApi(url);
      const { result } = await sendAndWatch(api.tx["system"]!["remark"]!(`0x0${round}`), alice);
      const hash = result.status.asFinalized.toHex();
      const { number, stateRoot } = await ask<Header>(url, "chain_getHeader", hash);
      last = { number: Number(number), hash, stateRoot };
      expect((await api.rpc.system.accountNextIndex(alice.address)).toNumber()).toBe(round + 1);
      child.kill("SIGKILL");
      await child.status;
      await api.disconnect();
    }
    const { child, url } = await start("--data-dir", folder);
    const height = await heightOf(url);
    for (let number = height; number > 0; number--) {
      const [parent, hash] = await ask<Hex[]>(url, "chain_getBlockHash", [number - 1, number]);
      expect((await ask<Header>(url, "chain_getHeader", hash)).parentHash).toBe(parent);
    }
    child.kill("SIGTERM");
    await child.status;
  });
});
