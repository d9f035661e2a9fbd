/**
 * Notices a connection to a node that is dead without having been closed, as after a power cut or behind a router that forgot
 * it: a link that only listens would wait for ever.
 *
 * @module
 */
import type { SlotTimer } from "../slot_clock.ts";

/** How long a node may tell of no final block before it is asked whether it has one, in ms: five blocks of 6 s. */
export const NODE_SILENCE_TIMEOUT_MS = 30_000;
/** How long it may take over that answer, in ms. */
export const NODE_ANSWER_TIMEOUT_MS = 10_000;

/** Why a connection is taken for dead. */
export type SilenceReason = "NoAnswer" | "NotTold";

/** What the watch works with. */
export interface SilencePorts {
  readonly timer: SlotTimer;
  /** Asks the node whether it has a final block that it has not told of. @throws {Error} If there is no connection anyway. */
  readonly hasMore: () => Promise<boolean>;
  /** Called when the connection is dead. */
  readonly onSilent: (reason: SilenceReason) => void;
}

/** Watches one link from {@linkcode SilenceWatch.start} on. */
export class SilenceWatch {
  readonly #ports: SilencePorts;
  readonly #stopped = Promise.withResolvers<void>();
  #heardMs: number;
  #isStopped = false;

  constructor(ports: SilencePorts) {
    this.#ports = ports;
    this.#heardMs = ports.timer.now();
  }

  /** The node has told something. */
  heard(): void {
    this.#heardMs = this.#ports.timer.now();
  }

  /** Begins; resolves when it was stopped. */
  async start(): Promise<void> {
    const { timer, onSilent } = this.#ports;
    while (!this.#isStopped) {
      await this.#within(this.#heardMs + NODE_SILENCE_TIMEOUT_MS - timer.now(), new Promise<never>(() => {}));
      if (this.#isStopped || timer.now() - this.#heardMs < NODE_SILENCE_TIMEOUT_MS) continue;
      const reason = await this.#ask();
      this.heard();
      if (reason !== undefined && !this.#isStopped) onSilent(reason);
    }
  }

  /** Ends it. */
  stop(): void {
    this.#isStopped = true;
    this.#stopped.resolve();
  }

  async #ask(): Promise<SilenceReason | undefined> {
    try {
      const hasMore = await this.#within(NODE_ANSWER_TIMEOUT_MS, this.#ports.hasMore());
      if (hasMore === undefined) return "NoAnswer";
      return hasMore ? "NotTold" : undefined;
    } catch {
      // It is closed, and being dialled again.
      return undefined;
    }
  }

  /** What a promise comes to; `undefined` if that takes longer, or it is over. */
  async #within<T>(limitMs: number, promise: Promise<T>): Promise<T | undefined> {
    const late = Promise.withResolvers<undefined>();
    const cancel = this.#ports.timer.after(Math.max(0, limitMs), () => late.resolve(undefined));
    try {
      return await Promise.race([promise, late.promise, this.#stopped.promise as Promise<undefined>]);
    } finally {
      cancel();
    }
  }
}
