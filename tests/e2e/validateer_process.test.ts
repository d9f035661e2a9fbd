import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { decodeBase58, encodeBase58 } from "../../src/primitives/base58.ts";
import { fromHex, toHex } from "../../src/primitives/hex.ts";
import { Chain } from "../faults/chain.ts";
import { Child } from "./child.ts";
import { takePorts } from "../ports.ts";

const TIMEOUT_MS = 300_000;

let folder: string;
let started: Child[];
beforeEach(async () => {
  folder = await Deno.makeTempDir({ prefix: "integritee-process-" });
  started = [];
});
afterEach(async () => {
  for (const child of started) await child.kill();
  await Deno.remove(folder, { recursive: true });
});

function start(program: string, ...args: string[]): Child {
  const child = new Child(program, args);
  started.push(child);
  return child;
}

interface Ports {
  readonly trusted: number;
  readonly untrusted: number;
  readonly http: number;
  readonly metrics: number;
  readonly node: number;
}

function ports(): Ports {
  const [trusted, untrusted, http, metrics, node] = takePorts(5) as [number, number, number, number, number];
  return { trusted, untrusted, http, metrics, node };
}

function optionsFor({ trusted, untrusted, http, metrics, node }: Ports): string[] {
  return [
    ...["--data-dir", join(folder, "data"), "-P", `${trusted}`, "-w", `${untrusted}`, "-h", `${http}`],
    ...["--enable-metrics", "-i", `${metrics}`, "-p", `${node}`],
  ];
}

/** The start-up table as names and values. */
async function tableOf(child: Child): Promise<Map<string, string>> {
  await child.until(/\n {2}block +\d+ every/);
  return new Map(
    [...child.output.matchAll(/^ {2}([a-zA-Z ]+?) {2,}(.+)$/gm)].map((m) => [m[1] as string, m[2] as string]),
  );
}

describe("validateer --dev", () => {
  it("prints its table, serves, ends on Ctrl-C, and goes on where it was", async () => {
    const used = ports();
    const interrupted = start("validateer.ts", "--dev", ...optionsFor(used));
    await interrupted.until(/EnclaveReady/);
    interrupted.signal("SIGINT");
    const early = await interrupted.end();
    expect([early.code, early.output]).toEqual([0, expect.stringMatching(/INFO {2}Stopping\n$/)]);

    const first = start("validateer.ts", "--dev", ...optionsFor(used));
    const table = await tableOf(first);
    expect(first.output).toContain("EMULATED ENCLAVE");
    expect((await fetch(`http://127.0.0.1:${used.http}/is_initialized`)).status).toBe(200);
    const metrics = await (await fetch(`http://127.0.0.1:${used.metrics}/metrics`)).text();
    for (
      const name of [
        "account_free_balance",
        "enclave_top_pool_a_priori_size",
        "enclave_rpc_requests",
        "enclave_rpc_tc_received",
        "enclave_sidechain_block_height",
        "enclave_sidechain_last_finalized_block_number",
        "enclave_sidechain_aura_remaining_durations_bucket",
        "enclave_sidechain_peer_count",
        "enclave_stf_state_update_execution_duration_bucket",
        "enclave_stf_state_update_attempted_calls_count_bucket",
        "enclave_stf_state_size_bytes",
        "enclave_stf_runtime_total_issuance",
        "enclave_stf_runtime_parentchain_processed_block_number",
        "enclave_labels",
      ]
    ) expect(metrics, name).toMatch(new RegExp(`^integritee_worker_${name}[ {]`, "m"));
    const fetched = await fetchBlocks(used.untrusted, table.get("shard") as string);
    expect(fetched[0]?.block.header.block_number).toBe(1);

    const second = start("validateer.ts", "--dev", ...optionsFor({ ...ports(), node: used.node }));
    const refused = await second.end();
    expect(refused.code).toBe(1);
    expect(refused.output).toContain("InUse");

    first.signal("SIGINT");
    expect((await first.end()).code).toBe(0);

    const third = start("validateer.ts", "--dev", ...optionsFor(used));
    const again = await tableOf(third);
    for (const name of ["fingerprint", "shard", "signer", "vault", "genesis"]) {
      expect(again.get(name), name).toBe(table.get(name));
    }
    const resumed = await fetchBlocks(used.untrusted, table.get("shard") as string);
    expect(resumed.slice(0, fetched.length)).toEqual(fetched);
    expect(Number.parseInt(again.get("block") as string)).toBeGreaterThanOrEqual(fetched.length);
    third.signal("SIGTERM");
    expect((await third.end()).code).toBe(0);
  }, TIMEOUT_MS);

  it("refuses keys that other code has sealed, and starts afresh with --clean-reset", async () => {
    const used = ports();
    const first = start("validateer.ts", "--dev", ...optionsFor(used));
    const table = await tableOf(first);
    first.signal("SIGINT");
    await first.end();
    const file = join(folder, "data", "sealed", "keys.sealed");
    const sealed = await Deno.readFile(file);
    sealed.fill(7, 8, 40);
    await Deno.writeFile(file, sealed);
    const second = start("validateer.ts", "--dev", ...optionsFor(used));
    const refused = await second.end();
    expect(refused.code).toBe(1);
    expect(refused.output).toContain(encodeBase58(fromHex("07".repeat(32))));
    expect(refused.output).toContain("--clean-reset");
    // The bundle that is kept in the directory survives the reset.
    const kept = ["--enclave-bundle", join(folder, "data", "enclave.js")];
    const third = start("validateer.ts", "--dev", "--clean-reset", ...kept, ...optionsFor(used));
    const fresh = await tableOf(third);
    expect(fresh.get("fingerprint")).toBe(table.get("fingerprint"));
    expect(fresh.get("signer")).not.toBe(table.get("signer"));
  }, TIMEOUT_MS);
});

describe("validateer whose data directory is damaged", () => {
  it("ends with the enclave's own reason", async () => {
    const used = ports();
    const first = start("validateer.ts", "--dev", ...optionsFor(used));
    await tableOf(first);
    first.signal("SIGINT");
    await first.end();
    const snapshots = join(folder, "data", "sealed", "snapshots");
    for await (const { name } of Deno.readDir(snapshots)) await Deno.truncate(join(snapshots, name, "manifest"), 20);
    const refused = await start("validateer.ts", "--dev", ...optionsFor(used)).end();
    expect(refused.code).toBe(1);
    expect(refused.output).toContain("NoValidSnapshot: There are stored blocks");
  }, TIMEOUT_MS);
});

describe("validateer outside of development", () => {
  it("refuses an emulated enclave on a chain that is no development chain, unless it is accepted", async () => {
    const { node, ...others } = ports();
    const devnode = start("devnode.ts", "--tmp", "--chain", "local", "--rpc-port", `${node}`, "--no-prometheus");
    await devnode.until(/rpc +ws:/);
    const plain = await start("validateer.ts", "run", ...optionsFor({ node, ...others })).end();
    expect(plain.code).toBe(1);
    expect(plain.output).toContain("EmulatedEnclaveRefused");
    const dev = start("validateer.ts", "--dev", "-u", "ws://127.0.0.1", ...optionsFor({ node, ...others }));
    expect((await dev.end()).output).toContain("NoDevelopmentChain");
  }, TIMEOUT_MS);

  it(
    "names the other finality levels where a node offers no justifications, runs at level sealed there, and again without funds",
    async () => {
      const { node, ...others } = ports();
      const devnode = start(
        "devnode.ts",
        ...["--dev", "--tmp", "--rpc-profile", "integritee", "--rpc-port", `${node}`, "--no-prometheus"],
      );
      await devnode.until(/rpc +ws:/);
      const options = ["--dev", "-u", "ws://127.0.0.1", ...optionsFor({ node, ...others })];
      const proven = await start("validateer.ts", ...options).end();
      expect(proven.code).toBe(1);
      expect(proven.output).toContain("FinalityUnavailable");
      expect(proven.output).toContain("--parentchain-finality sealed");
      const sealed = start("validateer.ts", ...options, "--parentchain-finality", "sealed");
      const table = await tableOf(sealed);
      expect(table.get("finality")).toBe("sealed");
      sealed.signal("SIGINT");
      await sealed.end();

      // Nobody pays it here: one that has taken part goes on all the same.
      const chain = await Chain.connect(node);
      await chain.setBalance(table.get("signer") as string, 1_000_000_000n);
      await chain.close();
      const run = ["run", "-u", "ws://127.0.0.1", "--skip-ra", "--parentchain-finality", "sealed"];
      const poor = start("validateer.ts", ...run, ...optionsFor({ node, ...others }));
      const again = await tableOf(poor);
      expect(again.get("signer")).toBe(table.get("signer"));
      expect(poor.output).toMatch(/EnclaveAccountUnfunded address=\w+ balance=1000000000 wanted=\d+ waits=false/);
    },
    TIMEOUT_MS,
  );
});

interface FetchedBlock {
  readonly block: { readonly header: { readonly block_number: number } };
}

/** Asks the untrusted port for all stored blocks. */
async function fetchBlocks(port: number, shard: string): Promise<FetchedBlock[]> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`);
  const answer = Promise.withResolvers<string>();
  socket.onopen = () => {
    const range = [toHex(new Uint8Array(32)), null, toHex(decodeBase58(shard))];
    socket.send(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "sidechain_fetchBlocksFromPeer", params: [range] }));
  };
  socket.onmessage = ({ data }) => answer.resolve(data);
  socket.onerror = () => answer.reject(new Error("cannot reach the untrusted port"));
  const { result } = JSON.parse(await answer.promise) as { result: FetchedBlock[] };
  socket.close();
  return result;
}
