/**
 * Faults of machines: crashes, also in the middle of a write, old disks put back, disks that take their time.
 *
 * @module
 */
import type { SimulatedDisk } from "./disk.ts";
import type { FaultContext } from "./faults.ts";
import type { Random } from "./random.ts";
import type { SimulatedValidateer } from "./validateer.ts";

/** Longest time that a machine is down; often it is back within the slot. */
const MAX_DOWN_MS = 8000;
const MAX_SHORT_DOWN_MS = 300;
/** Writes within which a crash hits one. */
const MAX_WRITES_LEFT = 12;
/** Slowest write. */
const MAX_WRITE_MS = 1500;

/** The machines under the validateers. */
export class Machines {
  readonly #context: FaultContext;
  readonly #random: Random;
  readonly #backups = new Map<number, SimulatedDisk>();
  /** Those that were given an old disk. */
  readonly #restored = new Set<SimulatedValidateer>();
  #isOver = false;
  /** By validateer, what its clock showed when it went down. */
  readonly #notBefore = new Map<SimulatedValidateer, number>();

  constructor(context: FaultContext) {
    this.#context = context;
    this.#random = context.random.fork("machines");
    for (const { index, disk } of context.world.validateers) this.#backups.set(index, disk.copy());
  }

  /** A machine goes down between two steps. */
  crash(): void {
    const validateer = this.#anyUp();
    if (validateer === undefined) return;
    validateer.crash();
    this.#wentDown(validateer, "crash");
  }

  /** A machine goes down in the middle of one of the next writes. */
  crashWhileWriting(): void {
    const validateer = this.#anyUp();
    const mounted = validateer?.mounted;
    if (validateer === undefined || mounted === undefined) return;
    mounted.fault = { left: this.#random.int(MAX_WRITES_LEFT), random: this.#random };
    mounted.onPowerLoss = () => {
      validateer.crash();
      this.#wentDown(validateer, "crash while writing");
    };
  }

  /** Copies the disk of a machine. */
  backup(): void {
    const validateer = this.#random.pick(this.#context.world.validateers);
    this.#backups.set(validateer.index, validateer.disk.copy());
  }

  /**
   * A machine comes up with its disk as it was at its backup. Another one, which never had an old disk, still has what it had
   * since: what no disk holds any more nobody can bring back.
   */
  restoreOldDisk(): void {
    const { world, counts } = this.#context;
    const validateer = this.#anyUp();
    const backup = validateer && this.#backups.get(validateer.index);
    const others = world.validateers.filter((other) => other !== validateer);
    const isKept = others.some((other) => other.isUp && !this.#restored.has(other));
    if (validateer === undefined || backup === undefined || !isKept) return;
    this.#restored.add(validateer);
    validateer.crash();
    validateer.disk = backup.copy();
    counts.add("old disk");
    this.#wentDown(validateer, "crash");
  }

  /** Files take their time on one machine. */
  slowDisk(): void {
    const { scheduler, counts } = this.#context;
    const mounted = this.#anyUp()?.mounted;
    if (mounted === undefined) return;
    counts.add("slow disk");
    mounted.delay = () =>
      new Promise((resolve) =>
        void scheduler.after(this.#isOver ? 0 : this.#random.int(MAX_WRITE_MS), "disk", () => resolve())
      );
  }

  /** All that is down comes up now. */
  async startAll(): Promise<void> {
    this.#isOver = true;
    for (const validateer of this.#context.world.validateers) {
      const { mounted } = validateer;
      if (mounted !== undefined) mounted.fault = undefined;
      await this.#start(validateer);
    }
  }

  #anyUp(): SimulatedValidateer | undefined {
    const up = this.#context.world.validateers.filter(({ isUp }) => isUp);
    return up.length === 0 ? undefined : this.#random.pick(up);
  }

  #wentDown(validateer: SimulatedValidateer, kind: string): void {
    const { scheduler, counts, trace } = this.#context;
    counts.add(kind);
    trace.note(scheduler.nowMs, `down v${validateer.index} ${kind}`);
    this.#notBefore.set(validateer, validateer.latestMs);
    const downMs = this.#random.chance(0.3)
      ? this.#random.between(1, MAX_SHORT_DOWN_MS)
      : this.#random.between(MAX_SHORT_DOWN_MS, MAX_DOWN_MS);
    scheduler.after(downMs, `start v${validateer.index}`, () => this.#start(validateer));
  }

  /** Starts a machine, once its clock is past all that it showed before it went down: what comes before, nobody could notice. */
  async #start(validateer: SimulatedValidateer): Promise<void> {
    if (validateer.isUp) return;
    const waitMs = (this.#notBefore.get(validateer) ?? 0) - validateer.nowMs;
    if (waitMs < 0) return await validateer.start();
    this.#context.scheduler.after(waitMs + 1, `start v${validateer.index}`, () => this.#start(validateer));
  }
}
