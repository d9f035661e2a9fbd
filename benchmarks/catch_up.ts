/**
 * P14: a validateer with 100,000 accounts that starts again and lacks blocks: from its start to the first of them, and how fast
 * the rest comes. The enclaves are in this process; snapshot, sockets and block store are the real ones.
 *
 * @module
 */
import { SnapshotWriter } from "../src/enclave/snapshot/snapshot_writer.ts";
import { snapshotManifest } from "../src/enclave/snapshot/snapshot_files.ts";
import { unseal } from "../src/enclave/sealing.ts";
import { Tickets } from "../src/enclave/tickets.ts";
import type { Effect } from "../src/enclave/api/effects.ts";
import type { Shard } from "../src/enclave/core/shard.ts";
import type { BlockStore } from "../src/host/block_store.ts";
import { connectToBlocks } from "../src/host/deno/peer_dialer.ts";
import { serveRpc } from "../src/host/deno/servers.ts";
import { openSqliteBlockStore } from "../src/host/deno/sqlite_block_store.ts";
import { BlockFetcher } from "../src/host/peers/block_fetcher.ts";
import { createUntrustedRouter } from "../src/host/untrusted_rpc.ts";
import { unwrap } from "../src/primitives/result.ts";
import { commitOverlay } from "../src/state/diff.ts";
import { Overlay } from "../src/state/overlay.ts";
import type { StateSnapshot } from "../src/state/snapshot.ts";
import { forceSetBalance } from "../src/stf/pallets/balances.ts";
import type { TrustedCallSigned } from "../src/types/trusted_call_signed.ts";
import { Disk, type StoredBlock, TestHost, testPlatform } from "../tests/enclave/harness.ts";
import { MemoryStore } from "../tests/host/peers/support.ts";
import { TestChain } from "../tests/parentchain/builders.ts";
import { SLOT_MS } from "./closed_loop.ts";
import type { Figure } from "./measure.ts";
import { account } from "./state_fixture.ts";

const ACCOUNTS = 100_000;
/** Accounts written per commit: half of the changes that one diff may have. */
const ACCOUNTS_PER_COMMIT = 16_384;
const BALANCE = 1_000_000_000_000_000n;
/** Blocks that are missing: three minutes of slots. */
const BLOCKS = 600;
/** Transfers in each of them. */
const CALLS_PER_BLOCK = 20;

/** Measures. */
export async function catchUp(): Promise<Figure[]> {
  const before = await new TestHost(new TestChain()).start();
  const disk = await withAccounts(before);
  const author = await resumed(before, disk.copy(), before);
  await makeBlocks(author);
  const folder = await Deno.makeTempDir({ prefix: "integritee-p14-" });
  const store = openSqliteBlockStore(`${folder}/blocks.sqlite`);
  const served = new MemoryStore();
  for (const block of author.disk.blocks) served.append(block);
  const server = serveRpc("127.0.0.1", 0, createUntrustedRouter(), { blocks: served, shard: author.shard });
  try {
    return await measure(author, disk, store, `ws://127.0.0.1:${server.port}`);
  } finally {
    store.close();
    await server.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

async function measure(author: TestHost, disk: Disk, store: BlockStore, url: string): Promise<Figure[]> {
  const startedAt = performance.now();
  const host = await resumed(author, disk.copy(), author, store);
  const shard = host.enclave.shard() as Shard;
  const resumedAt = performance.now();
  let firstAt = 0;
  const fetcher = new BlockFetcher({
    peers: () => [url],
    open: (peer) => connectToBlocks(peer, host.shard),
    importBlocks: async (blocks) => {
      const outcomes = unwrap(await host.call("import_blocks", { nowMs: BigInt(host.nowMs), blocks }));
      firstAt ||= performance.now();
      return outcomes;
    },
    store,
    timer: { now: () => Date.now(), after: (ms, run) => clearTimeout.bind(undefined, setTimeout(run, ms)) },
    fetched: { inc: () => {} },
    log: () => {},
  });
  const { head } = author.enclave.shard()?.chain as Shard["chain"];
  fetcher.want(shard.chain.head.hash, head.hash);
  await fetcher.idle();
  const endedAt = performance.now();
  if (shard.chain.head.number !== head.number) throw new Error(`It stands at block ${shard.chain.head.number}`);
  return [{
    name: "p14_restart_to_import_ms",
    value: firstAt - startedAt,
    detail: `${ACCOUNTS} accounts: ${(resumedAt - startedAt).toFixed(0)} ms for keys, state and parentchain, ` +
      `${(firstAt - resumedAt).toFixed(0)} ms for the first batch of blocks; without the start of a process`,
  }, {
    name: "p14_catch_up_times_real_time",
    value: BLOCKS * SLOT_MS / (endedAt - resumedAt),
    detail: `${BLOCKS} blocks with ${CALLS_PER_BLOCK} transfers in ${(endedAt - resumedAt).toFixed(0)} ms`,
  }];
}

/** A copy of what the host stored, with more accounts in its first snapshot. */
async function withAccounts(host: TestHost): Promise<Disk> {
  const shard = host.enclave.shard() as Shard;
  const { seal } = shard.setup;
  const disk = host.disk.copy();
  disk.blocks = [];
  const name = [...disk.files.keys()].find((file) => file.endsWith("manifest")) ?? "";
  const { chunks: _, ...facts } = snapshotManifest.decode(
    unwrap(await unseal(seal, name, disk.files.get(name) ?? new Uint8Array(0))),
  );
  const snapshot = addAccounts(shard);
  const tickets = new Tickets();
  const writer = new SnapshotWriter(seal, tickets, [...disk.files.keys()], { onWritten: () => {}, onFailed: () => {} });
  writer.begin({ ...facts, stateRoot: snapshot.root }, snapshot, true);
  const carryOut = async (effects: readonly Effect[]): Promise<void> => {
    for (const { type, value } of effects) {
      if (type === "write_file") {
        disk.files.set(value.name, value.bytes);
        await carryOut(unwrap(await tickets.answer("file_written", value.ticket, true)));
      } else if (type === "read_file") {
        await carryOut(unwrap(await tickets.answer("file_read", value.ticket, disk.files.get(value.name))));
      }
    }
  };
  await carryOut(await writer.step());
  return disk;
}

function addAccounts({ chain, setup }: Shard): StateSnapshot {
  let snapshot = chain.base.snapshot;
  for (let done = 0; done < ACCOUNTS;) {
    const overlay = new Overlay(snapshot);
    for (const until = Math.min(done + ACCOUNTS_PER_COMMIT, ACCOUNTS); done < until;) {
      unwrap(forceSetBalance(overlay, account(++done), BALANCE));
    }
    ({ snapshot } = commitOverlay(snapshot, overlay, 0n, setup.stateKeys));
  }
  return snapshot;
}

/** An enclave started on a disk, at the same parentchain; blocks go to the store, if there is one. */
async function resumed(before: TestHost, disk: Disk, like: TestHost, store?: BlockStore): Promise<TestHost> {
  class Host extends TestHost {
    override async storeBlock(block: StoredBlock): Promise<void> {
      if (store === undefined) return await super.storeBlock(block);
      store.append(block);
      await this.call("persisted", { hash: block.hash });
    }
  }
  const host = new Host(before.chain, disk, testPlatform(), before.tip);
  host.nowMs = like.nowMs + 1_000;
  unwrap(await host.init());
  unwrap(await host.initParentchain());
  await host.importParentchain([before.tip]);
  host.nowMs = Math.max(host.nowMs, like.nowMs) + 2_100;
  return host;
}

/** Blocks with transfers; their signatures are not looked at again once they are in the pool. */
async function makeBlocks(host: TestHost): Promise<void> {
  const shard = host.enclave.shard() as Shard;
  for (let block = 0; shard.chain.head.number < BLOCKS; block++) {
    for (let i = 0; i < CALLS_PER_BLOCK; i++) {
      const from = 1 + (block * CALLS_PER_BLOCK + i) % (ACCOUNTS - 1);
      const call: TrustedCallSigned = {
        call: { type: "balance_transfer", value: { from: account(from), to: account(from + 1), amount: 1_000n } },
        nonce: 0,
        delegate: undefined,
        signature: { type: "Sr25519", value: new Uint8Array(64) },
      };
      shard.pool.submit({ type: "direct_call", value: call }, shard.poolState(), host.nowMs);
    }
    await host.slot();
  }
}
