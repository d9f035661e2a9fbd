/**
 * Kills a validateer at random moments under load: every start must succeed, nothing that was reported may be missing,
 * and every balance must be exact.
 *
 * @module
 */
import { credited, UNIT } from "../e2e/harness.ts";
import { sr25519Signer } from "../../src/client/trusted_signer.ts";
import { pairFromSuri } from "../../src/crypto/suri.ts";
import { unwrap } from "../../src/primitives/result.ts";
import { settle } from "./chain.ts";
import { auditPayer, Payer, startLoad } from "./load.ts";
import { launchMember, type Serving, sleep, start } from "./processes.ts";
import { Random } from "./random.ts";
import { type Report, RESTART_GOAL, Timing } from "./report.ts";
import { endowPayers, type FaultOptions, onStage, type Stage } from "./stage.ts";

/** Connections of the load. */
const CONNECTIONS = 4;
/** Payers of the load. */
const PAYERS = 8;
/** Longest time under load before a kill. */
const MAX_LOAD_MS = 4_000;
/** Share of kills before which the start itself is killed once. */
const START_KILL_SHARE = 0.25;
/** Longest time after which a start is killed: about as long as one takes. */
const MAX_START_MS = 4_000;
/** What each deposit beside the load is. */
const DEPOSIT = 2n * UNIT;
/** Time for deposits and payouts to arrive after the last kill: a confirmation, finality, and at worst a new window. */
const SETTLE_TIMEOUT_MS = 240_000;

/** Runs the kills. */
export function runKills(options: FaultOptions): Promise<Report> {
  return onStage({ blockTimeMs: 1_000, slotDurationMs: 300 }, async (stage, track) => {
    const run = new KillRun(stage, options);
    await run.prepare();
    let serving = stage.first;
    for (let i = 1; i <= options.count; i++) {
      serving = await run.round(i, serving, track);
    }
    return await run.finish(serving);
  });
}

class KillRun {
  readonly #stage: Stage;
  readonly #options: FaultOptions;
  readonly #random: Random;
  readonly #payers: readonly Payer[];
  /** Pays out on the parentchain beside the load. */
  readonly #unshielder: Payer;
  /** Deposits beside the load. */
  readonly #depositor = sr25519Signer(pairFromSuri("//Charlie"));
  readonly #failures: string[] = [];
  readonly #restarts = new Timing(RESTART_GOAL);
  #submitted = 0;
  #reported = 0;
  #startKills = 0;
  #deposits = 0;
  #snapshots = 0;

  constructor(stage: Stage, options: FaultOptions) {
    this.#stage = stage;
    this.#options = options;
    this.#random = new Random(options.seed);
    this.#payers = Array.from({ length: PAYERS }, (_, i) => new Payer(`Load${i}`, "transfer", stage.domain));
    this.#unshielder = new Payer("Unshielder", "unshield", stage.domain);
  }

  async prepare(): Promise<void> {
    const { chain, vault } = this.#stage;
    await endowPayers(this.#stage, [...this.#payers, this.#unshielder]);
    await chain.pay("//Alice", vault, 100n * UNIT);
    // The account must exist before it is paid small amounts.
    await chain.pay("//Alice", this.#unshielder.sink.account, UNIT);
  }

  async round(number: number, serving: Serving, track: (program: Serving["program"]) => void): Promise<Serving> {
    const clients = await Promise.all(Array.from({ length: CONNECTIONS }, () => serving.worker.connect()));
    const load = startLoad(clients, this.#payers, this.#stage.domain);
    const unshield = startLoad(clients.slice(0, 1), [this.#unshielder], this.#stage.domain, { calls: 1 });
    const deposit = this.#deposit();
    await sleep(this.#random.between(50, MAX_LOAD_MS));
    this.#snapshots += serving.program.log.match(/SnapshotWritten/gu)?.length ?? 0;
    const early = serving.program.exitCode;
    if (early !== undefined) this.#failures.push(`before kill ${number} it ended with ${early}: ${tail(serving)}`);
    await serving.program.end("SIGKILL");
    await Promise.all([load.stop(), unshield.stop(), deposit]);
    serving.worker.close();
    this.#failures.push(...[...load.anomalies, ...unshield.anomalies].map((text) => `kill ${number}: ${text}`));
    if (this.#random.chance(START_KILL_SHARE)) await this.#killStart();
    const again = await start(this.#stage.site);
    track(again.program);
    this.#restarts.add(`kill ${number}`, again.startMs);
    await this.#audit(number, again);
    this.#options.note(`kill ${number}: ${Math.round(again.startMs)} ms, ${this.#reported} calls reported so far`);
    return again;
  }

  async #deposit(): Promise<void> {
    await this.#stage.chain.pay("//Charlie", this.#stage.vault, DEPOSIT);
    this.#deposits++;
  }

  async #killStart(): Promise<void> {
    const program = launchMember(this.#stage.site);
    await sleep(this.#random.between(0, MAX_START_MS));
    if (program.exitCode !== undefined) this.#failures.push(`a start ended with ${program.exitCode}: ${program.log}`);
    await program.end("SIGKILL");
    this.#startKills++;
  }

  async #audit(number: number, serving: Serving): Promise<void> {
    const client = await serving.worker.connect();
    for (const payer of [...this.#payers, this.#unshielder]) {
      const { nonce, wrong } = await auditPayer(client, payer, this.#stage.domain);
      this.#failures.push(...wrong.map((text) => `kill ${number}: ${text}`));
      this.#submitted += payer.made;
      payer.goOnAt(nonce);
      this.#submitted -= payer.made;
    }
    this.#reported = [...this.#payers, this.#unshielder].reduce((sum, { reported }) => sum + reported.size, 0);
  }

  /** Waits until deposits and payouts have arrived, each exactly once. */
  async finish(serving: Serving): Promise<Report> {
    const { chain, domain } = this.#stage;
    const client = await serving.worker.connect();
    const wantedDeposits = BigInt(this.#deposits) * credited(DEPOSIT);
    const balance = async () => unwrap(await client.accountInfo(domain.shard, this.#depositor)).data.free;
    const deposited = await settle(balance, wantedDeposits, SETTLE_TIMEOUT_MS);
    if (deposited !== wantedDeposits) this.#failures.push(`deposits came to ${deposited}, want ${wantedDeposits}`);
    const { sink } = this.#unshielder;
    const executed = this.#unshielder.made;
    const wantedPayouts = UNIT + this.#unshielder.paidBelow(executed);
    const paid = await settle(() => chain.balance(sink.account), wantedPayouts, SETTLE_TIMEOUT_MS);
    // Nothing more may come: a second payment would be sent within the next blocks.
    await chain.blocks(8);
    const after = await chain.balance(sink.account);
    if (after !== wantedPayouts) this.#failures.push(`payouts came to ${paid}, then ${after}, want ${wantedPayouts}`);
    await serving.program.end("SIGTERM");
    if (serving.program.exitCode !== 0) this.#failures.push(`the last stop ended with ${serving.program.exitCode}`);
    return this.#report(executed);
  }

  #report(payouts: number): Report {
    const { count, seed } = this.#options;
    const executed = [...this.#payers, this.#unshielder].reduce((sum, { made }) => sum + made, 0);
    return {
      title: `kill -9 under load (seed ${seed})`,
      rows: [
        ["kills under load", count],
        ["kills in the middle of a start, besides", this.#startKills],
        ["calls reported InSidechainBlock", this.#reported],
        ["calls executed, reported or not", executed],
        ["calls that were lost unreported", this.#submitted],
        ["deposits, each credited exactly once", this.#deposits],
        ["payouts, each paid exactly once", payouts],
        ["snapshots written", this.#snapshots],
        ...this.#restarts.rows,
      ],
      late: this.#restarts.late,
      failures: this.#failures,
    };
  }
}

function tail({ program }: Serving): string {
  return program.log.slice(-2_000);
}
