/**
 * Cuts what a validateer has stored, as a crash in the middle of a write would, and starts it again: it must arrive at the
 * head that is whole. What no crash explains must be refused with a code instead.
 *
 * @module
 */
import { unwrap } from "../../src/primitives/result.ts";
import { UNIT } from "../e2e/harness.ts";
import { cutFile, cutLog, newestRows, type Row, snapshotFolders, writeRow } from "./data_dir.ts";
import { settle } from "./chain.ts";
import { auditPayer, Payer, startLoad } from "./load.ts";
import { cutNewestRow, cutNewestSnapshot } from "./loader_cuts.ts";
import { type Serving, sleep, start } from "./processes.ts";
import { Random } from "./random.ts";
import { refuseDamaged } from "./refusals.ts";
import { type Report, RESTART_GOAL, Timing } from "./report.ts";
import { endowPayers, type FaultOptions, onStage, type Stage } from "./stage.ts";

/** Payers of the load. */
const PAYERS = 4;
/** Longest time under load after something was reported. */
const MAX_LOAD_MS = 1_500;
/** Time for something to happen: a report, a snapshot after the next confirmation. */
const WAIT_MS = 120_000;
/** Blocks after which no extrinsic of the killed process waits any more. */
const SETTLE_BLOCKS = 2;

/** What is cut. */
const KINDS = ["manifest", "chunk", "row", "log"] as const;
type Kind = (typeof KINDS)[number];

/** What a cut must lead to. */
interface Expected {
  readonly kind: Kind;
  readonly head: Row;
  /** Hash of the block that is lost, if one is. */
  readonly lost: string | undefined;
}

/** Runs the loader's cuts at every `step`-th byte. */
export async function runLoaderCuts(step: number, { note }: FaultOptions): Promise<Report> {
  const snapshot = await cutNewestSnapshot(step);
  note(`loader: ${snapshot.tried} cuts of the newest snapshot`);
  const row = await cutNewestRow(step);
  return {
    title: `cuts at every ${step === 1 ? "" : `${step}th `}byte, through the loader`,
    rows: [["cuts of the newest snapshot's files", snapshot.tried], ["cuts of the newest row", row.tried]],
    late: [],
    failures: [...snapshot.wrong, ...row.wrong],
  };
}

/** Runs cuts as whole processes, and then starts on data directories that must be refused. */
export function runCuts(options: FaultOptions): Promise<Report> {
  return onStage({ blockTimeMs: 1_000, slotDurationMs: 100 }, async (stage, track) => {
    const run = new CutRun(stage, options, track);
    await run.prepare();
    for (let i = 1; i <= options.count; i++) await run.round(i);
    return await run.finish();
  });
}

class CutRun {
  readonly #stage: Stage;
  readonly #options: FaultOptions;
  readonly #track: (program: Serving["program"]) => void;
  readonly #random: Random;
  readonly #payers: readonly Payer[];
  readonly #failures: string[] = [];
  readonly #restarts = new Timing(RESTART_GOAL);
  readonly #cuts = new Map<Kind, number>(KINDS.map((kind) => [kind, 0]));
  #serving: Serving;
  #lostBlocks = 0;
  #lostCalls = 0;

  constructor(stage: Stage, options: FaultOptions, track: (program: Serving["program"]) => void) {
    this.#stage = stage;
    this.#options = options;
    this.#track = track;
    this.#random = new Random(options.seed);
    this.#payers = Array.from({ length: PAYERS }, (_, i) => new Payer(`Cut${i}`, "transfer", stage.domain));
    this.#serving = stage.first;
  }

  /** Funds the payers, and has a payout paid, so that there is a ledger of payouts to be damaged. */
  async prepare(): Promise<void> {
    const { chain, vault, domain, first } = this.#stage;
    const unshielder = new Payer("Unshielder", "unshield", domain);
    await endowPayers(this.#stage, [...this.#payers, unshielder]);
    await chain.pay("//Alice", vault, 10n * UNIT);
    const client = await first.worker.connect();
    const { signer, sink } = unshielder;
    await unwrap(await client.submitCall(unshielder.call(UNIT), domain, signer, { nonce: 0 })).final;
    await settle(() => chain.balance(sink.account), UNIT, 2 * WAIT_MS);
  }

  async round(number: number): Promise<void> {
    const kind = KINDS[(number - 1) % KINDS.length] as Kind;
    await this.#load(number, kind);
    await this.#serving.program.end("SIGKILL");
    this.#serving.worker.close();
    await this.#stage.chain.blocks(SETTLE_BLOCKS);
    const expected = await this.#cut(kind);
    this.#cuts.set(expected.kind, (this.#cuts.get(expected.kind) ?? 0) + 1);
    this.#serving = await start(this.#stage.site);
    this.#track(this.#serving.program);
    this.#restarts.add(`cut ${number}, ${expected.kind}`, this.#serving.startMs);
    const { log } = this.#serving.program;
    const { head } = expected;
    const wrong = [];
    if (!log.includes(`StateRecovered number=${head.number} hash=${head.hash}`)) {
      wrong.push(`did not arrive at block ${head.number}: ${/StateRecovered .*/u.exec(log)?.[0] ?? "nothing"}`);
    }
    const sign =
      { manifest: "SnapshotDamaged", chunk: "SnapshotDamaged", row: "StoredBlockCut", log: "" }[expected.kind];
    if (!log.includes(sign)) wrong.push(`the log says nothing of ${sign}`);
    const client = await this.#serving.worker.connect();
    for (const payer of this.#payers) {
      const audit = await auditPayer(client, payer, this.#stage.domain, expected.lost);
      wrong.push(...audit.wrong);
      if (expected.lost !== undefined) this.#lostCalls += payer.made - audit.nonce;
      payer.goOnAt(audit.nonce);
    }
    this.#failures.push(...wrong.map((text) => `cut ${number}, ${expected.kind}: ${text}`));
    this.#options.note(`cut ${number}, ${expected.kind}: ${Math.round(this.#serving.startMs)} ms`);
  }

  /** Load until something was reported and, for cuts of a snapshot, a new one was written. */
  async #load(number: number, kind: Kind): Promise<void> {
    const before = this.#payers.map(({ reported }) => reported.size);
    const clients = await Promise.all(this.#payers.map(() => this.#serving.worker.connect()));
    const load = startLoad(clients, this.#payers, this.#stage.domain);
    const isReported = () =>
      Promise.resolve(this.#payers.some(({ reported }, i) => reported.size > (before[i] as number)));
    if (!await settle(isReported, true, WAIT_MS)) this.#failures.push(`cut ${number}: no call was reported`);
    const isWritten = () => Promise.resolve(this.#serving.program.log.includes("SnapshotWritten"));
    if (kind === "manifest" || kind === "chunk") await settle(isWritten, true, WAIT_MS);
    await sleep(this.#random.between(0, MAX_LOAD_MS));
    // Not waited for before the kill: the load is on when it comes.
    void load.stop().then(() => this.#failures.push(...load.anomalies.map((text) => `cut ${number}: ${text}`)));
  }

  /** Cuts as wanted, or a row if that cannot be cut. */
  async #cut(kind: Kind): Promise<Expected> {
    const { site: { dataDir }, chain, domain } = this.#stage;
    const [newest, before] = (await newestRows(dataDir, 8)).filter(({ isWhole }) => isWhole);
    if (newest === undefined || before === undefined) throw new TypeError("no blocks");
    const folders = await snapshotFolders(dataDir);
    if ((kind === "manifest" || kind === "chunk") && folders.length > 1) {
      const file = kind === "manifest" ? "manifest" : "000000";
      await cutFile(`${folders[0]}/${file}`, this.#random);
      return { kind, head: newest, lost: undefined };
    }
    if (kind === "log" && await cutLog(dataDir, this.#random)) {
      const [left] = (await newestRows(dataDir, 8)).filter(({ isWhole }) => isWhole);
      if (left === undefined) throw new TypeError("no blocks are left");
      const lost = left.hash === newest.hash ? undefined : newest.hash;
      if (lost !== undefined) this.#lostBlocks++;
      return { kind, head: left, lost };
    }
    if (await chain.confirmed(domain.shard) >= BigInt(newest.number)) {
      // A confirmed block that is lost is a rollback, which is refused: nothing to recover here.
      return { kind: "log", head: newest, lost: undefined };
    }
    writeRow(dataDir, newest, newest.bytes.slice(0, this.#random.between(0, newest.bytes.length - 1)));
    this.#lostBlocks++;
    return { kind: "row", head: before, lost: newest.hash };
  }

  async finish(): Promise<Report> {
    await this.#load(0, "manifest");
    await this.#serving.program.end("SIGKILL");
    this.#serving.worker.close();
    const refused = await refuseDamaged(this.#stage.site, this.#random);
    const cuts = [...this.#cuts].map(([kind, count]) => [`cuts: ${kind}`, count] as const);
    return {
      title: `cuts as whole processes (seed ${this.#options.seed})`,
      rows: [
        ...cuts,
        ["newest blocks lost by cuts of theirs", this.#lostBlocks],
        ["calls in them or never stored", this.#lostCalls],
        ["damaged directories refused with their code", `${refused.refused} of ${refused.tried}`],
        ...this.#restarts.rows,
      ],
      late: this.#restarts.late,
      failures: [...this.#failures, ...refused.wrong],
    };
  }
}
