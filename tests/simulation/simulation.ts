/**
 * One simulation: a seed decides everything. First faults of all kinds, then calm, in which all validateers must come to
 * one chain again. Every invariant is looked at after every step.
 *
 * @module
 */
import { fromHex, type Hex, toHex } from "../../src/primitives/hex.ts";
import { computeHeaderHash } from "../../src/types/sidechain_header.ts";
import { computeSlot } from "../../src/sidechain/slots.ts";
import { accountId } from "../../src/primitives/branded.ts";
import { BlockChecks } from "./blocks.ts";
import { ChainChecks } from "./chains.ts";
import { Clients } from "./clients.ts";
import { ConfirmedBlocks, ParentchainChecks } from "./confirmed.ts";
import { Faults } from "./faults.ts";
import { isAncestor, type ParentBlock } from "./parentchain.ts";
import { decodeOrNothing } from "./peers.ts";
import { useRandom } from "./platform.ts";
import { Random } from "./random.ts";
import { Scheduler, settle } from "./scheduler.ts";
import { type Shape, shardSigners, type Stage, stageOf } from "./stage.ts";
import { Counts, Trace, Violation } from "./trace.ts";
import { World } from "./world.ts";

/** How long faults are injected: mostly short, so that many seeds fit in a minute, now and then longer. */
const CHAOS_MS = [4000, 5000, 5000, 6000, 6000, 8000, 8000, 24_000] as const;
/** How long faults are injected where simulations run over the change of the payer: up to before it, or beyond it. */
const CHAOS_WITH_NEXT_PAYER_MS = [26_000, 48_000] as const;
/** Calm in which the next payer pays all that was owed before. */
const CALM_WITH_NEXT_PAYER_MS = 36_000;
/** Simulations from this parentchain block on have payouts before block 64 and after it, where another enclave pays. */
const FROM_BLOCK_WITH_NEXT_PAYER = 44;
/** How long nothing disturbs any more: in this time all come to one chain again. */
const CALM_MS = 7000;
/** Numbers of validateers and levels of finality; not all pairs, since each needs a stage of its own. */
const SHAPES: readonly (Pick<Shape, "validateers" | "level"> & Partial<Shape>)[] = [
  { validateers: 1, level: "proven" },
  { validateers: 2, level: "proven" },
  { validateers: 2, level: "trusted" },
  { validateers: 3, level: "proven" },
  { validateers: 3, level: "sealed" },
  { validateers: 3, level: "sealed" },
  { validateers: 4, level: "proven" },
  { validateers: 4, level: "sealed" },
  { validateers: 5, level: "sealed" },
  { validateers: 7, level: "trusted" },
  { validateers: 2, level: "sealed", fromBlock: FROM_BLOCK_WITH_NEXT_PAYER },
];
/** When nodes take the first confirmation: late enough that it covers what clients did first, and payouts follow. */
const FIRST_CONFIRMATION_MS = 2500;
/** Slots of the sidechain. */
const SLOT_MS = 300;
/** Blocks in which all heads may differ at the end. */
const HEADS_APART = 3n;

/** What to run. */
export interface SimulationOptions {
  readonly seed: number;
  /** 1 to 7; drawn from the seed by default. */
  readonly validateers?: number;
  /** Gets each line of the trace. */
  readonly print?: (line: string) => void;
  /** Without faults: to see what the machinery costs. */
  readonly calm?: boolean;
}

/** What came of a run. */
export interface SimulationResult {
  readonly seed: number;
  readonly shape: Shape;
  readonly violation: Violation | undefined;
  readonly traceHash: string;
  readonly virtualMs: number;
  readonly wallMs: number;
  readonly steps: number;
  readonly counts: Counts;
}

/** The shape that a seed has. */
export function shapeOf({ seed, validateers }: SimulationOptions): Shape {
  const random = new Random(`shape ${seed}`);
  const shape = random.pick(SHAPES);
  return {
    ...{ fromBlock: 0, blockMs: 2000, slotDurationMs: SLOT_MS },
    ...shape,
    validateers: validateers ?? shape.validateers,
  };
}

/** Runs a seed. */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const shape = shapeOf(options);
  const stage = await stageOf(shape);
  const run = new Run(stage, options);
  const startedMs = performance.now();
  const violation = await run.run();
  return {
    seed: options.seed,
    shape,
    violation,
    traceHash: run.trace.digest(),
    virtualMs: run.scheduler.nowMs - stage.startMs,
    wallMs: performance.now() - startedMs,
    steps: run.steps,
    counts: run.counts,
  };
}

/** One run. */
class Run {
  readonly scheduler: Scheduler;
  readonly trace: Trace;
  readonly counts = new Counts();
  steps = 0;
  readonly #stage: Stage;
  readonly #random: Random;
  readonly #world: World;
  readonly #blocks: BlockChecks;
  readonly #chains: ChainChecks;
  readonly #parentchain: ParentchainChecks;
  readonly #clients: Clients;
  readonly #faults: Faults;
  /** Block by author and slot. */
  readonly #signed = new Map<string, Hex>();
  readonly #authors: readonly Hex[];
  #violation: Violation | undefined;
  #finalSeen: ParentBlock;
  readonly #calmOnly: boolean;
  readonly #chaosMs: number;
  readonly #endsBeforeNextPayer: boolean;

  constructor(stage: Stage, { seed, print, calm = false }: SimulationOptions) {
    this.#stage = stage;
    this.#calmOnly = calm;
    this.#random = new Random(`seed ${seed}`);
    const isLong = stage.shape.fromBlock > 0;
    this.#chaosMs = this.#random.fork("length").pick(isLong ? CHAOS_WITH_NEXT_PAYER_MS : CHAOS_MS);
    this.#endsBeforeNextPayer = isLong && this.#chaosMs === CHAOS_WITH_NEXT_PAYER_MS[0];
    this.scheduler = new Scheduler(stage.startMs);
    this.trace = new Trace(print);
    const { shape, keys, vault } = stage;
    this.#authors = shardSigners(stage.chain).map((signer) => toHex(signer));
    const chain = stage.chain.fork();
    this.#world = new World({
      ...{ scheduler: this.scheduler, random: this.#random.fork("world"), trace: this.trace, counts: this.counts },
      ...{
        chain,
        disks: stage.disks.map((disk) => disk.copy()),
        level: shape.level,
        slotDurationMs: shape.slotDurationMs,
      },
      contentFrom: stage.contentFrom,
      finalityLag: this.#random.between(1, 2),
      onFatal: (index, code, detail) => this.#fatal(index, code, detail),
      onLog: (index, level, code, detail) => this.#log({ index, level, code, detail }),
      onBroadcast: (index, block) => this.#broadcast(index, block),
      onSubmit: (index, purpose, bytes) => {
        if (purpose !== "confirm_imported_sidechain_block") return true;
        this.#confirmationSent(index, bytes);
        return this.scheduler.nowMs >= stage.startMs + FIRST_CONFIRMATION_MS;
      },
    });
    this.#blocks = new BlockChecks({
      enclaveAccount: toHex(accountId((keys[0] as Stage["keys"][number]).enclaveAccount.publicKey)),
      vault: toHex(vault.account),
      signers: new Set(this.#authors),
      authorsAt: memoized((block: ParentBlock) => shardSigners(chain, block).map((signer) => toHex(signer))),
      slotDurationMs: shape.slotDurationMs,
      nowMs: () => this.scheduler.nowMs,
      start: chain.genesis,
      parentBlock: (id) => this.#world.blocks.get(id),
      callOf: (topHash) => this.#clients.callOf(topHash),
    });
    const confirmed = new ConfirmedBlocks();
    this.#chains = new ChainChecks(this.#blocks, confirmed);
    this.#chains.isFinal = (hash) => {
      const block = this.#world.blocks.get(toHex(hash));
      return block !== undefined && isAncestor(block, chain.final);
    };
    this.#chains.onHead = (index, head) =>
      this.trace.note(this.scheduler.nowMs, `head v${index} ${head.number} ${toHex(head.hash).slice(2, 10)}`);
    this.#parentchain = new ParentchainChecks(this.#blocks, confirmed, vault.account);
    this.#finalSeen = chain.genesis;
    const parts = { world: this.#world, stage, counts: this.counts };
    this.#clients = new Clients({ ...parts, random: this.#random.fork("clients"), checks: this.#chains });
    this.#faults = new Faults({
      ...parts,
      random: this.#random.fork("faults"),
      scheduler: this.scheduler,
      trace: this.trace,
    });
  }

  async run(): Promise<Violation | undefined> {
    useRandom(this.#random.fork("enclaves"));
    try {
      await this.#start();
      const { startMs } = this.#stage;
      await this.#until(startMs + this.#chaosMs);
      await this.#faults.heal();
      const promised = this.#parentchain.promise();
      const calmMs = this.#endsBeforeNextPayer ? CALM_WITH_NEXT_PAYER_MS : CALM_MS;
      await this.#until(startMs + this.#chaosMs + calmMs);
      this.#checkEnd();
      if (this.#endsBeforeNextPayer && this.#hasEverywhere(promised.upTo)) {
        promised.check();
        this.counts.add("payouts looked for");
      }
    } catch (error) {
      // Nothing may throw, whatever happens to it.
      const violation = error instanceof Violation
        ? error
        : new Violation("NoException", String(error), { cause: error });
      this.trace.note(this.scheduler.nowMs, `violation ${violation.invariant}`);
      return violation;
    } finally {
      for (const validateer of this.#world.validateers) validateer.crash();
    }
    return undefined;
  }

  async #start(): Promise<void> {
    const { validateers, chain } = this.#world;
    this.#blocks.begin(this.#stage.genesis);
    for (const block of this.#stage.founding) this.#blocks.check(block, "the founder");
    for (let at: ParentBlock[] = pathTo(chain.tip); at.length > 0; at = at.slice(1)) {
      this.#parentchain.made(at[0] as ParentBlock);
    }
    for (const validateer of validateers) await this.#started(validateer);
    await this.#clients.begin();
    this.#every(this.#stage.shape.blockMs, "parentchain", () => this.#world.authorParentBlock());
    this.#randomly(250, "client", () => this.#clients.act());
    if (!this.#calmOnly) this.#faults.begin(this.#stage.startMs + this.#chaosMs);
  }

  async #started(validateer: World["validateers"][number]): Promise<void> {
    await validateer.start();
    await settle();
    if (validateer.shard === undefined) throw new TypeError(`Cannot simulate: v${validateer.index} does not start`);
  }

  #every(ms: number, name: string, run: () => void): void {
    const again = () => {
      run();
      this.scheduler.after(ms, name, again);
    };
    this.scheduler.after(ms - this.scheduler.nowMs % ms, name, again);
  }

  #randomly(meanMs: number, name: string, run: () => Promise<void>): void {
    const random = this.#random.fork(name);
    const again = async () => {
      this.scheduler.after(random.between(1, 2 * meanMs), name, again);
      await run();
    };
    this.scheduler.after(random.between(1, 2 * meanMs), name, again);
  }

  async #until(endMs: number): Promise<void> {
    while (await this.scheduler.step(endMs) !== undefined) {
      await settle();
      this.steps++;
      this.#look();
    }
  }

  /** Every invariant, after every step. */
  #look(): void {
    if (this.#violation !== undefined) throw this.#violation;
    const { validateers, chain } = this.#world;
    for (const validateer of validateers) this.#chains.look(validateer);
    for (const block of this.#world.takeMade()) this.#parentchain.made(block);
    if (chain.final !== this.#finalSeen) this.#parentchain.final(this.#finalSeen = chain.final);
  }

  #broadcast(index: number, bytes: Uint8Array): void {
    const signed = decodeOrNothing(bytes);
    if (signed === undefined) return this.#fail("Broadcast", `v${index} sends a block that nobody can read`);
    const { header, blockData } = signed.block;
    const hash = computeHeaderHash(header);
    const id = toHex(hash);
    const slot = `${index} ${computeSlot(blockData.timestamp, BigInt(SLOT_MS))}`;
    const other = this.#signed.get(slot);
    if (other !== undefined && other !== id) this.#fail("OneBlockPerSlot", `v${index} signed two blocks for one slot`);
    this.#signed.set(slot, id);
    const row = this.#world.validateers[index]?.disk.byHash(hash);
    if (row?.bytes.length !== bytes.length) this.#fail("StoredFirst", `v${index} sends a block that it has not stored`);
    this.#faults.onBroadcast(index, signed);
  }

  /** What is to be confirmed must be a full rotation deep, so that it is not abandoned while it becomes final. */
  #confirmationSent(index: number, extrinsic: Uint8Array): void {
    // The hash of the candidate is the last argument of the call, and the call the last part of the extrinsic.
    const candidate = this.#blocks.ledgerOf(toHex(extrinsic.subarray(extrinsic.length - 32)));
    const head = this.#world.validateers[index]?.shard?.chain.head.number ?? 0n;
    const depth = BigInt(this.#authors.length);
    if (candidate === undefined || candidate.number + depth > head) {
      this.#fail("ConfirmsDeep", `v${index} confirms block ${candidate?.number} with its head at ${head}`);
    }
  }

  #fatal(index: number, code: string, detail: string): void {
    this.trace.note(this.scheduler.nowMs, `fatal v${index} ${code}`);
    this.#fail("NoFatal", `v${index} stopped: ${code} ${detail}`);
  }

  #log({ index, level, code, detail }: { index: number; level: string; code: string; detail: string }): void {
    if (level === "error" || level === "warn") {
      this.counts.add(`log ${code}`);
      this.trace.note(this.scheduler.nowMs, `log v${index} ${code} ${detail}`);
    }
    if (code === "InternalError" || code === "RpcHandlerFailed") this.#fail("NoInternalError", `v${index}: ${code}`);
  }

  #fail(invariant: string, detail: string): void {
    this.#violation ??= new Violation(invariant, detail);
  }

  /** Whether a confirmed block is not lost: if all disks are of before it, nobody can pay what it owes. */
  #hasEverywhere(confirmed: bigint): boolean {
    return this.#world.validateers.every(({ shard }) => shard !== undefined && shard.chain.base.number >= confirmed);
  }

  /**
   * Whether old disks have taken the newest confirmed block from everybody. Then nobody may author: a second history would
   * begin.
   */
  #isConfirmedBlockLost(): boolean {
    const { confirmed } = this.#parentchain;
    if (confirmed === undefined) return false;
    return this.#world.validateers.every(({ disk }) => disk.byHash(fromHex(confirmed.id)) === undefined);
  }

  /** After the calm all validateers are on one chain, and all of them author. */
  #checkEnd(): void {
    const { validateers } = this.#world;
    const chains = validateers.map(({ shard, index }) => {
      if (shard === undefined) throw new Violation("Recovers", `v${index} is down after the calm`);
      return shard.chain;
    });
    const heads = chains.map(({ head }) => head.number);
    const highest = heads.reduce((a, b) => (a > b ? a : b));
    const lowest = heads.reduce((a, b) => (a < b ? a : b));
    if (highest - lowest > HEADS_APART) throw new Violation("OneHead", `heads are ${heads.join(", ")}`);
    const { final } = this.#world.chain;
    for (const { head } of chains) {
      const ground = this.#blocks.ledgerOf(toHex(head.hash))?.layerOne;
      if (ground !== undefined && (isAncestor(ground, final) || isAncestor(final, ground))) continue;
      throw new Violation("GroundLost", `block ${head.number} rests on a parentchain block that was abandoned`);
    }
    const common = lowest - HEADS_APART;
    const ids = new Set(chains.map((chain) => this.#idAt(chain.head, common)));
    if (ids.size !== 1) throw new Violation("OneHead", `block ${common} is another one at some validateers`);
    const authors = new Set<Hex>();
    let at = this.#blocks.ledgerOf(
      [...chains][0] === undefined ? "0x" : toHex((chains[0] as typeof chains[number]).head.hash),
    );
    for (let i = 0; i < 4 * validateers.length && at !== undefined; i++, at = at.parent) {
      authors.add(this.#authors[Number(at.slot % BigInt(this.#authors.length))] as Hex);
    }
    if (this.#isConfirmedBlockLost()) {
      this.counts.add("confirmed block on no disk any more");
    } else if (authors.size !== validateers.length) {
      throw new Violation(
        "AllAuthor",
        `${validateers.length - authors.size} validateers make no blocks after the calm`,
      );
    }
    const { counts } = this;
    counts.add("blocks", this.#blocks.size);
    counts.add("calls executed", this.#blocks.executed);
    counts.add("confirmations", this.#parentchain.confirmations);
    counts.add("payouts", this.#parentchain.payouts);
    counts.add("deposits", this.#parentchain.deposits);
    counts.add("switches of fork", this.#chains.switches);
    counts.add("calls of abandoned blocks", this.#chains.returned);
  }

  #idAt(head: { readonly hash: Uint8Array }, number: bigint): Hex | undefined {
    let at = this.#blocks.ledgerOf(toHex(head.hash));
    while (at !== undefined && at.number > number) at = at.parent;
    return at?.id;
  }
}

function pathTo(tip: ParentBlock): ParentBlock[] {
  const path: ParentBlock[] = [];
  for (let at: ParentBlock | undefined = tip; at !== undefined; at = at.parent) path.push(at);
  return path.reverse();
}

function memoized<K extends object, V>(compute: (key: K) => V): (key: K) => V {
  const known = new WeakMap<K, V>();
  return (key) => {
    let value = known.get(key);
    if (value === undefined) known.set(key, value = compute(key));
    return value;
  };
}
