/**
 * Kills a validateer in its very first start, while keys, registration, shard, vault and first snapshot come into being:
 * the next start must go on from there.
 *
 * @module
 */
import { unwrap } from "../../src/primitives/result.ts";
import { Chain, settle } from "./chain.ts";
import { endow, ENDOWMENT, Payer } from "./load.ts";
import { launchMember, type MemberSite, siteAt, sleep, start, startParentchain } from "./processes.ts";
import { Random } from "./random.ts";
import { type Report, RESTART_GOAL, Timing } from "./report.ts";
import type { FaultOptions } from "./stage.ts";

/** Longest time after which a first start is killed: longer than it takes to the first block. */
const MAX_START_MS = 9_000;
/** Most kills before the start that is let alone. */
const MAX_KILLS = 3;
/** Time to the first block, with registration, shard and vault each in a block of their own. */
const FIRST_BLOCK_TIMEOUT_MS = 120_000;

/** Runs first starts, each on a parentchain and a data directory of its own. */
export async function runFirstStarts({ count, seed, note }: FaultOptions): Promise<Report> {
  const random = new Random(seed);
  const failures: string[] = [];
  const times = new Timing(RESTART_GOAL);
  let kills = 0;
  for (let i = 1; i <= count; i++) {
    const folder = await Deno.makeTempDir({ prefix: "integritee-first-" });
    const { node, port } = await startParentchain(500);
    const chain = await Chain.connect(port);
    const site = siteAt(`${folder}/data`, port, 200);
    try {
      for (let left = random.between(1, MAX_KILLS); left > 0; left--) {
        await killStart(site, random.between(0, MAX_START_MS));
        kills++;
      }
      times.add(`first start ${i}`, await startAndUse(site));
      note(`first start ${i}: good`);
    } catch (error) {
      failures.push(`first start ${i}: ${error}`);
    } finally {
      await chain.close();
      await node.end("SIGKILL");
      await Deno.remove(folder, { recursive: true });
    }
  }
  return {
    title: `kills in the very first start (seed ${seed})`,
    rows: [["first starts", count], ["kills in them", kills], ...times.rows],
    late: times.late,
    failures,
  };
}

async function killStart(site: MemberSite, afterMs: number): Promise<void> {
  const program = launchMember(site);
  await sleep(afterMs);
  const { exitCode } = program;
  await program.end("SIGKILL");
  if (exitCode !== undefined) throw new Error(`ended with ${exitCode} before it was killed\n${program.log}`);
}

/** Starts and has a call executed; gives the time to the first answer. */
async function startAndUse(site: MemberSite): Promise<number> {
  const { program, startMs, worker } = await start(site);
  try {
    const client = await worker.connect();
    const shard = unwrap(await client.shard());
    const isAuthoring = async () => {
      const header = await client.sidechainHeader();
      return header.ok && header.value.blockNumber > 0n;
    };
    if (!await settle(isAuthoring, true, FIRST_BLOCK_TIMEOUT_MS)) throw new Error(`no block\n${program.log}`);
    const domain = { shard, fingerprint: unwrap(await client.fingerprint()) };
    const payer = new Payer("First", "transfer", domain);
    await endow(client, domain, [payer.signer.account]);
    const { data } = unwrap(await client.accountInfo(shard, payer.signer));
    if (data.free !== ENDOWMENT) throw new Error(`an account has ${data.free}, want ${ENDOWMENT}`);
    return startMs;
  } finally {
    worker.close();
    await program.end("SIGKILL");
  }
}
