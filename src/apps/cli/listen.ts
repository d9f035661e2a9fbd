/**
 * Printing the events of the parentchain as its blocks come.
 *
 * @module
 */
import { streamBlocks } from "./block_events.ts";
import type { Parentchain } from "./parentchain.ts";
import type { Terminal } from "./terminal.ts";

/** When to stop; forever if neither is given. */
export interface ListenLimits {
  /** Stop after this number of events. */
  readonly exitAfter?: number;
  /** Stop after this number of blocks. */
  readonly awaitBlocks?: number;
}

/** Prints the events of each block until a limit is reached. @throws {CliError} `Parentchain` */
export async function listenToEvents(chain: Parentchain, terminal: Terminal, limits: ListenLimits): Promise<void> {
  const maxEvents = limits.exitAfter ?? Infinity;
  const maxBlocks = limits.awaitBlocks ?? Infinity;
  const stream = await streamBlocks(chain);
  try {
    for (let events = 0, blocks = 0; events < maxEvents && blocks < maxBlocks; blocks++) {
      const block = await stream.next();
      for (const { phase, event } of block.events) {
        terminal.print(
          `block ${block.number} phase ${phase} event ${event.section}.${event.method} ${
            JSON.stringify(event.data.toHuman())
          }`,
        );
        events += 1;
      }
    }
  } finally {
    stream.stop();
  }
}
