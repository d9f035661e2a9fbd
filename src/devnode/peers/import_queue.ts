/**
 * Blocks of peers that wait to be executed, one after another.
 *
 * @module
 */
import type { CandidateBlock } from "../block_import.ts";

/** Blocks that may wait: two answers to questions for blocks. Others are asked for again later. */
export const MAX_QUEUED_BLOCKS = 256;

/** A block that waits. */
export interface QueuedBlock {
  readonly block: CandidateBlock;
  /** Called when it is its turn. */
  readonly run: () => void;
  /** Called instead if what it waits for has failed, which says nothing about the block. */
  readonly fail: () => void;
}

/** What the queue needs of the outside. */
export interface ImportPorts {
  /** What must be awaited before an extrinsic can be executed; usually nothing. */
  readonly prepare: (extrinsic: Uint8Array) => Promise<void> | undefined;
  /** Lets everything else have its turn between two blocks. */
  readonly pause: () => Promise<void>;
  /** Told of a failure of this node, not of the block. */
  readonly onError: (error: unknown) => void;
}

/** A queue that empties itself. */
export class ImportQueue {
  readonly #ports: ImportPorts;
  #waiting: QueuedBlock[] = [];
  #isRunning = false;

  /** Makes an empty queue. */
  constructor(ports: ImportPorts) {
    this.#ports = ports;
  }

  /** Blocks that wait or are being executed. */
  get size(): number {
    return this.#waiting.length + (this.#isRunning ? 1 : 0);
  }

  /** Takes a block; the answer is false if there is no room. */
  push(queued: QueuedBlock): boolean {
    if (this.#waiting.length >= MAX_QUEUED_BLOCKS) return false;
    this.#waiting.push(queued);
    void this.#drain();
    return true;
  }

  /** Forgets all that waits. */
  clear(): void {
    this.#waiting = [];
  }

  async #drain(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      let isPrepared = false;
      try {
        for (const extrinsic of next.block.extrinsics) {
          const prepared = this.#ports.prepare(extrinsic);
          if (prepared !== undefined) await prepared;
        }
        isPrepared = true;
        next.run();
        if (this.#waiting.length > 0) await this.#ports.pause();
      } catch (error) {
        this.#ports.onError(error);
        if (!isPrepared) this.#fail(next);
      }
    }
    this.#isRunning = false;
  }

  #fail({ fail }: QueuedBlock): void {
    try {
      fail();
    } catch (error) {
      this.#ports.onError(error);
    }
  }
}
