/**
 * What has been started, to be ended in reverse order.
 *
 * @module
 */
import type { Log } from "../../host/log.ts";

/** Longest time that one part may take to end; then the next is ended all the same. */
const RELEASE_TIMEOUT_MS = 1_000;

/** Collects what to end. */
export class Releases {
  readonly #log: Log;
  readonly #steps: (readonly [name: string, run: () => void | Promise<void>])[] = [];
  #hasRun = false;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Adds a part that has been started; one that comes when the others have been ended is ended at once. */
  add(name: string, run: () => void | Promise<void>): void {
    this.#steps.push([name, run]);
    if (this.#hasRun) void this.run();
  }

  /** Ends all parts, the last first. A part that fails or hangs is logged and does not keep the others. */
  async run(): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      const [name, run] = step;
      let late: ReturnType<typeof setTimeout> | undefined;
      try {
        const timeout = new Promise<never>((_, reject) => {
          late = setTimeout(() => reject(new Error("it takes too long")), RELEASE_TIMEOUT_MS);
        });
        await Promise.race([run(), timeout]);
      } catch (error) {
        this.#log("warn", "NotEndedCleanly", {
          part: name,
          reason: error instanceof Error ? error.message : "unknown",
        });
      } finally {
        clearTimeout(late);
      }
    }
    this.#hasRun = true;
  }
}
