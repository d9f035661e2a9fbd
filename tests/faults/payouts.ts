/**
 * Kills the payer around a payout, loses its connection, lets the transfer fail: each payout must be paid exactly once,
 * or wait with an alert until it can be paid.
 *
 * @module
 */
import { accountId } from "../../src/primitives/branded.ts";
import { pairFromSuri } from "../../src/crypto/suri.ts";
import { toHex } from "../../src/primitives/hex.ts";
import { unwrap } from "../../src/primitives/result.ts";
import { UNIT } from "../e2e/harness.ts";
import { settle } from "./chain.ts";
import { Payer } from "./load.ts";
import { NodeGate } from "./node_gate.ts";
import { type Serving, sleep, start } from "./processes.ts";
import { Random } from "./random.ts";
import { type Report, RESTART_GOAL, Timing } from "./report.ts";
import { endowPayers, type FaultOptions, onStage, type Stage } from "./stage.ts";

/** Time for a payout to be paid: a confirmation, finality, and at worst the rest of a window and the next one. */
const PAYOUT_TIMEOUT_MS = 180_000;
/** Time for a case; what it waits for may never come. */
const CASE_TIMEOUT_MS = 2 * PAYOUT_TIMEOUT_MS;
/** Blocks in which a second payment would come: the same bytes are sent again after four. */
const QUIET_BLOCKS = 10;
/** Debts that look the same. */
const EQUAL_PAYOUTS = 3;
/** Blocks of a window of payouts, after which other bytes may be signed. */
const WINDOW_BLOCKS = 64;

/** A beneficiary and what it must get. */
interface Owed {
  readonly name: string;
  readonly account: Uint8Array;
  readonly amount: bigint;
  /** Parentchain block before it was owed. */
  readonly since: number;
}

/** Ways in which a payout is disturbed. */
export const PAYOUT_CASES: readonly (readonly [name: string, run: (play: PayoutPlay) => Promise<void>])[] = [
  ["killed before sending", (play) => play.killedBeforeSending()],
  ["killed after sending", (play) => play.killedAfterSending()],
  ["killed after inclusion, which it has not seen", (play) => play.killedAfterInclusion()],
  ["killed when it has seen the payment", (play) => play.killedAfterPaid()],
  ["killed before sending, twice", (play) => play.killedTwice()],
  ["connection lost after sending", (play) => play.connectionLost()],
  ["three equal payouts, killed in the middle", (play) => play.equalPayouts()],
  ["kept from the node until its window is over", (play) => play.keptForAWindow()],
  ["transfer fails: beneficiary below the existential deposit", (play) => play.transferFails()],
];

/** Runs each case, or those of these names, `count` times. */
export async function runPayouts(options: FaultOptions, names?: readonly string[]): Promise<Report> {
  const cases = PAYOUT_CASES.filter(([name]) => names?.includes(name) ?? true);
  if (names !== undefined && cases.length !== names.length) throw new TypeError(`No such case in ${names.join("; ")}`);
  let gate: NodeGate | undefined;
  const openGate = (nodePort: number): Promise<number> => {
    gate = NodeGate.open(nodePort);
    return Promise.resolve(gate.port);
  };
  try {
    return await onStage({ blockTimeMs: 400, slotDurationMs: 200, nodePort: openGate }, async (stage, track) => {
      const play = new PayoutPlay(stage, gate as NodeGate, options, track);
      await play.prepare();
      for (let i = 1; i <= options.count; i++) {
        for (const [name, run] of cases) {
          await play.attempt(name, i, run);
        }
      }
      return await play.finish();
    });
  } finally {
    await gate?.close();
  }
}

/** One validateer whose payouts are disturbed, one after the other. */
export class PayoutPlay {
  readonly #stage: Stage;
  readonly #gate: NodeGate;
  readonly #options: FaultOptions;
  readonly #random: Random;
  readonly #track: (program: Serving["program"]) => void;
  readonly #payer: Payer;
  readonly #owed: Owed[] = [];
  readonly #failures: string[] = [];
  readonly #restarts = new Timing(RESTART_GOAL);
  #serving: Serving;
  #nonce = 0;
  #cases = 0;
  #alerts = 0;
  #resent = 0;
  #isLineHeard: (line: string) => boolean = () => false;

  constructor(stage: Stage, gate: NodeGate, options: FaultOptions, track: (program: Serving["program"]) => void) {
    this.#stage = stage;
    this.#gate = gate;
    this.#options = options;
    this.#track = track;
    this.#random = new Random(options.seed);
    this.#payer = new Payer("Unshielder", "unshield", stage.domain);
    this.#serving = stage.first;
  }

  /** Funds the vault and the payer. */
  async prepare(): Promise<void> {
    await endowPayers(this.#stage, [this.#payer]);
    await this.#stage.chain.pay("//Alice", this.#stage.vault, 100n * UNIT);
  }

  /** Plays a case and notes what went wrong. */
  async attempt(name: string, round: number, run: (play: PayoutPlay) => Promise<void>): Promise<void> {
    const begun = Date.now();
    const before = this.#failures.length;
    try {
      await within(run(this), CASE_TIMEOUT_MS);
    } catch (error) {
      this.#failures.push(`${name}, ${round}: ${error}\n${this.#serving.program.log.slice(-3_000)}`);
    }
    this.#open();
    if (this.#serving.program.exitCode !== undefined) await this.#restart();
    this.#cases++;
    const outcome = this.#failures.length === before ? "good" : "FAILED";
    this.#options.note(`payout ${name}, ${round}: ${outcome} in ${Date.now() - begun} ms`);
  }

  /** The signed bytes are stored, and the process dies before the node has them: the same bytes are sent later. */
  async killedBeforeSending(): Promise<void> {
    const caught = this.#catchSubmit("lose");
    const owed = await this.#unshield();
    const bytes = await caught;
    await this.#kill();
    const sent = this.#catchSubmit("pass");
    await this.#restart();
    await this.#expectPaid(owed);
    this.#expectSame(owed, bytes, await sent);
  }

  /** The node has the extrinsic in its pool, and the process dies without its answer. */
  async killedAfterSending(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gate.onSubmitted = (extrinsic) => {
      if (!this.#isPayout(extrinsic)) return "pass";
      resolve();
      return "lose";
    };
    const owed = await this.#unshield();
    await promise;
    await this.#kill();
    this.#open();
    await this.#restart();
    await this.#expectPaid(owed);
  }

  /** The payment is final, and the process dies without having heard of it. */
  async killedAfterInclusion(): Promise<void> {
    this.#gate.onSubmitted = (extrinsic) => {
      if (!this.#isPayout(extrinsic)) return "pass";
      this.#gate.isNodeMuted = true;
      return "lose";
    };
    const owed = await this.#unshield();
    await this.#untilBalance(owed);
    await this.#stage.chain.blocks(this.#random.between(1, 4));
    await this.#kill();
    this.#open();
    await this.#restart();
    await this.#expectPaid(owed);
  }

  /** The process dies at the moment at which it has seen the payment, before its state says so. */
  async killedAfterPaid(): Promise<void> {
    const paid = this.#line(/PayoutPaid/u);
    const owed = await this.#unshield();
    await paid;
    await this.#kill();
    await this.#restart();
    await this.#expectPaid(owed);
  }

  /** Twice in a row the process dies before the node has the extrinsic. */
  async killedTwice(): Promise<void> {
    let caught = this.#catchSubmit("lose");
    const owed = await this.#unshield();
    const first = await caught;
    await this.#kill();
    caught = this.#catchSubmit("lose");
    await this.#restart();
    const second = await caught;
    await this.#kill();
    this.#open();
    await this.#restart();
    await this.#expectPaid(owed);
    this.#expectSame(owed, first, second);
  }

  /** The node has the extrinsic, and the connection is lost before it answers; the process lives on. */
  async connectionLost(): Promise<void> {
    this.#gate.onSubmitted = (extrinsic) => {
      if (!this.#isPayout(extrinsic)) return "pass";
      this.#gate.onSubmitted = () => "pass";
      queueMicrotask(() => this.#gate.dropAll());
      return "lose";
    };
    const owed = await this.#unshield();
    await this.#expectPaid(owed);
  }

  /** Three debts that look the same; the process dies when the first is sent. */
  async equalPayouts(): Promise<void> {
    const amount = BigInt(this.#random.between(1_000, 1_000_000));
    const first = await this.#unshield(amount);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gate.onSubmitted = (extrinsic) => {
      if (this.#isPayout(extrinsic)) resolve();
      return "pass";
    };
    for (let i = 1; i < EQUAL_PAYOUTS; i++) await this.#unshield(amount, first.name);
    await promise;
    await this.#kill();
    this.#open();
    await this.#restart();
    await this.#expectPaid({ ...first, amount: BigInt(EQUAL_PAYOUTS) * amount });
  }

  /** The node never gets the bytes in their window: others are signed in the next, and the first ones are dead. */
  async keptForAWindow(): Promise<void> {
    const { chain } = this.#stage;
    const kept = new Set<string>();
    this.#gate.onSubmit = (extrinsic) => {
      if (!this.#isPayout(extrinsic)) return "pass";
      kept.add(extrinsic);
      return kept.size === 1 ? "lose" : "pass";
    };
    const owed = await this.#unshield();
    await this.#expectPaid(owed);
    const [first] = kept;
    if (kept.size !== 2 || first === undefined) {
      this.#failures.push(`${owed.name}: ${kept.size} extrinsics were signed`);
    } else {
      const refused = await chain.submit(first);
      if (!refused.includes("1010")) this.#failures.push(`${owed.name}: the node answers to dead bytes: ${refused}`);
    }
  }

  /** The transfer fails, so the payout waits with an alert, also over a restart; once it can be paid, it is. */
  async transferFails(): Promise<void> {
    const failed = this.#line(/PayoutFailed .*reason=/u);
    const { chain } = this.#stage;
    const owed = await this.#unshield(BigInt(this.#random.between(1, 499)));
    await failed;
    this.#alerts++;
    if (await chain.balance(owed.account) !== 0n) this.#failures.push(`${owed.name}: paid although it failed`);
    const again = this.#line(/PayoutFailed .*reason=/u);
    await this.#kill();
    await this.#restart();
    await again;
    this.#alerts++;
    await chain.pay("//Alice", owed.account, UNIT);
    const wanted = UNIT + owed.amount;
    const balance = await settle(() => chain.balance(owed.account), wanted, PAYOUT_TIMEOUT_MS);
    if (balance !== wanted) this.#failures.push(`${owed.name}: has ${balance}, want ${wanted}`);
  }

  /** Waits a window longer, in which a second payment would come, and counts every payment there was. */
  async finish(): Promise<Report> {
    const { chain } = this.#stage;
    await chain.blocks(WINDOW_BLOCKS + QUIET_BLOCKS);
    const head = await chain.head();
    let once = 0;
    for (const { name, account, amount, since } of this.#owed) {
      const transfers = (await chain.transfersTo(account, since, head)).filter((transfer) =>
        transfer.amount === amount
      );
      const wanted = this.#owed.filter((owed) => owed.name === name).length;
      if (transfers.length === wanted) once++;
      else this.#failures.push(`${name}: paid in blocks ${transfers.map(({ block }) => block).join(", ") || "none"}`);
    }
    await this.#serving.program.end("SIGTERM");
    return {
      title: `payouts disturbed (seed ${this.#options.seed})`,
      rows: [
        ["cases", `${this.#cases} of ${PAYOUT_CASES.length} kinds`],
        ["payouts owed", this.#owed.length],
        ["payouts paid exactly once, a window later", once],
        ["same bytes sent after a restart in the same window", this.#resent],
        ["alerts for transfers that failed", this.#alerts],
        ...this.#restarts.rows,
      ],
      late: this.#restarts.late,
      failures: this.#failures,
    };
  }

  #open(): void {
    this.#gate.onSubmit = () => "pass";
    this.#gate.onSubmitted = () => "pass";
    this.#gate.isNodeMuted = false;
  }

  /** Bytes of the next payout that is submitted. */
  #catchSubmit(verdict: "pass" | "lose"): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>();
    this.#gate.onSubmit = (extrinsic) => {
      if (!this.#isPayout(extrinsic)) return "pass";
      resolve(extrinsic);
      return verdict;
    };
    return promise;
  }

  #isPayout(extrinsic: string): boolean {
    const { section, method } = this.#stage.chain.decode(extrinsic).method;
    return section === "proxy" && method === "proxy";
  }

  /** Other bytes are right only if the window of the first ones was over by then. */
  #expectSame({ name }: Owed, before: string, after: string): void {
    const { chain } = this.#stage;
    const isSameWindow = chain.decode(before).era.toHex() === chain.decode(after).era.toHex();
    if (isSameWindow && before !== after) this.#failures.push(`${name}: other bytes were sent in the same window`);
    else if (isSameWindow) this.#resent++;
  }

  /** Resolves at the next line of the log that matches, also of a later process. */
  #line(pattern: RegExp): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#isLineHeard = (line) => {
      if (!pattern.test(line)) return false;
      resolve();
      return true;
    };
    this.#listen();
    return promise;
  }

  #listen(): void {
    const { program } = this.#serving;
    program.onLine = (line) => {
      if (this.#isLineHeard(line)) this.#isLineHeard = () => false;
    };
  }

  async #unshield(
    amount = BigInt(this.#random.between(1_000, 1_000_000)),
    name = `Beneficiary${this.#owed.length}`,
  ): Promise<Owed> {
    const { chain, domain } = this.#stage;
    const account = accountId(pairFromSuri(`//${name}//${this.#options.seed}`).publicKey);
    const since = await chain.head();
    const from = this.#payer.signer.account;
    const client = await this.#serving.worker.connect();
    const watched = unwrap(
      await client.submitCall(
        { type: "balance_unshield", value: { from, beneficiary: account, amount, shard: domain.shard } },
        domain,
        this.#payer.signer,
        { nonce: this.#nonce++ },
      ),
    );
    const status = unwrap(await watched.final);
    if (status.type !== "InSidechainBlock") throw new Error(`${name}: the call ended as ${status.type}`);
    const owed = { name, account, amount, since };
    this.#owed.push(owed);
    return owed;
  }

  async #untilBalance({ name, account, amount }: Owed): Promise<void> {
    const balance = await settle(() => this.#stage.chain.balance(account), amount, PAYOUT_TIMEOUT_MS);
    if (balance !== amount) throw new Error(`${name}: has ${balance}, want ${amount} (${toHex(account)})`);
  }

  async #expectPaid(owed: Owed): Promise<void> {
    await this.#untilBalance(owed);
    await this.#stage.chain.blocks(QUIET_BLOCKS);
    await this.#untilBalance(owed);
  }

  async #kill(): Promise<void> {
    await this.#serving.program.end("SIGKILL");
    this.#serving.worker.close();
  }

  async #restart(): Promise<void> {
    await sleep(this.#random.between(0, 1_000));
    this.#serving = await start(this.#stage.site);
    this.#track(this.#serving.program);
    this.#listen();
    this.#restarts.add(`case ${this.#cases + 1}`, this.#serving.startMs);
  }
}

async function within<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`not done after ${timeoutMs} ms`)), timeoutMs);
  return await Promise.race([work, late.promise]).finally(() => clearTimeout(timer));
}
