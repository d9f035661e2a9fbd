/**
 * Data directories that no crash leaves behind: each must be refused with its own code, and nothing be served from it.
 *
 * @module
 */
import { LEDGER_FILE } from "../../src/enclave/core/duty_runner.ts";
import { KEYS_FILE } from "../../src/enclave/api/ecall_values.ts";
import { copyFolder, cutFile, newestRows, type Row, snapshotFolders, withBlocks, writeRow } from "./data_dir.ts";
import { launchMember, type MemberSite, sleep } from "./processes.ts";
import type { Random } from "./random.ts";

/** How long a start may take to be refused. */
const REFUSAL_TIMEOUT_MS = 120_000;

/** A damage and the code that must be told. */
interface Damage {
  readonly name: string;
  readonly code: string;
  readonly apply: (dataDir: string, rows: readonly Row[], random: Random) => Promise<void>;
}

function rowOf(rows: readonly Row[], index: number): Row {
  const row = rows[index];
  if (row === undefined) throw new TypeError(`no row ${index}`);
  return row;
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.with(at, (bytes[at] as number) ^ 1);
}

const DAMAGES: readonly Damage[] = [
  {
    name: "a row before the newest is cut",
    code: "StoredBlockUndecodable",
    apply: async (dataDir, rows) => {
      const row = rowOf(rows, 1);
      writeRow(dataDir, row, row.bytes.slice(0, -1));
    },
  },
  {
    name: "a row before the newest is missing",
    code: "StoredBlocksMissing",
    apply: async (dataDir, rows) => {
      const { sequence } = rowOf(rows, 1);
      withBlocks(dataDir, (database) => database.prepare("DELETE FROM block WHERE sequence = ?").run(sequence));
    },
  },
  {
    name: "a bit of the newest row is flipped",
    code: "StoredBlockChanged",
    apply: async (dataDir, rows) => {
      const row = rowOf(rows, 0);
      writeRow(dataDir, row, flipped(row.bytes, row.bytes.length - 1));
    },
  },
  {
    name: "all snapshots are cut",
    code: "NoValidSnapshot",
    apply: async (dataDir, _rows, random) => {
      for (const folder of await snapshotFolders(dataDir)) await cutFile(`${folder}/manifest`, random);
    },
  },
  {
    name: "the keys are cut",
    code: "SealedKeysRefused",
    apply: (dataDir, _rows, random) => cutFile(`${dataDir}/sealed/${KEYS_FILE}`, random),
  },
  {
    name: "the ledger of payouts is cut",
    code: "PayoutLedgerDamaged",
    apply: (dataDir, _rows, random) => cutFile(`${dataDir}/sealed/${LEDGER_FILE}`, random),
  },
  {
    name: "the keys are missing",
    code: "SealedKeysMissing",
    apply: (dataDir) => Deno.remove(`${dataDir}/sealed/${KEYS_FILE}`),
  },
  {
    name: "the block store is no database",
    code: "Corrupt",
    apply: async (dataDir) => {
      await Deno.remove(`${dataDir}/sidechain.sqlite-wal`).catch(() => {});
      await Deno.writeFile(`${dataDir}/sidechain.sqlite`, new Uint8Array(65_536).fill(0x5a));
    },
  },
];

/** Applies each damage to a copy of a data directory and starts on it. */
export async function refuseDamaged(
  site: MemberSite,
  random: Random,
): Promise<{ readonly tried: number; readonly refused: number; readonly wrong: readonly string[] }> {
  const rows = (await newestRows(site.dataDir, 4)).filter(({ isWhole }) => isWhole);
  const wrong: string[] = [];
  for (const [i, { name, code, apply }] of DAMAGES.entries()) {
    const dataDir = `${site.dataDir}-damaged-${i}`;
    await copyFolder(site.dataDir, dataDir);
    await apply(dataDir, rows, random);
    const outcome = await startRefused({ ...site, dataDir }, code);
    if (outcome !== undefined) wrong.push(`${name}: ${outcome}`);
  }
  return { tried: DAMAGES.length, refused: DAMAGES.length - wrong.length, wrong };
}

/** What is wrong with a start that must be refused. */
async function startRefused(site: MemberSite, code: string): Promise<string | undefined> {
  const program = launchMember(site);
  const deadline = Date.now() + REFUSAL_TIMEOUT_MS;
  while (program.exitCode === undefined && Date.now() < deadline) await sleep(50);
  const { exitCode } = program;
  await program.end("SIGKILL");
  if (exitCode === undefined) return `still runs after ${REFUSAL_TIMEOUT_MS} ms\n${program.log}`;
  if (exitCode !== 1) return `ended with ${exitCode}`;
  if (/StateRecovered|SnapshotWritten|BlockAuthored/u.test(program.log)) return `began to work\n${program.log}`;
  return program.log.includes(`${code}: `) ? undefined : `want ${code}\n${program.log}`;
}
