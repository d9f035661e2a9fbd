/**
 * P5 with two validateers, each with a node of its own, and what one of them fetches that was away.
 *
 * @module
 */
import { poll } from "../tests/e2e/harness.ts";
import { untilLogged } from "../tests/e2e/provisioning_support.ts";
import { ValidateerNetwork } from "../tests/e2e/validateer_network.ts";
import { closedLoop } from "./closed_loop.ts";
import type { Figure } from "./measure.ts";

/** Blocks that one misses: half of them with the calls of the closed loop, made while it is away. */
const MISSED_BLOCKS = 150;
/** Iterations of the closed loop while one is away. */
const LOADED_ITERATIONS = 30;

/** Starts two validateers with a node each, and measures. */
export async function twoValidateers(): Promise<Figure[]> {
  const network = await ValidateerNetwork.start(2);
  const folder = Deno.cwd();
  try {
    // The command line keeps its keys in the current folder.
    Deno.chdir(network.folder);
    const [first, second] = [await network.add(), await network.add()];
    await poll("the second author", async () => {
      const height = await first.height();
      const headers = await first.headers(Math.max(1, height - 4), 5);
      return new Set(headers.map(({ digest }) => digest.blockAuthor.toHex())).size;
    }, 2);
    const [loop] = await closedLoop(first.commands, 20, 60);
    await second.end("SIGTERM");
    const from = await first.height();
    await closedLoop(first.commands, 20, LOADED_ITERATIONS);
    await poll("blocks to catch up with", async () => await first.height() >= from + MISSED_BLOCKS, true);
    await second.start();
    const [, count, ms] = await untilLogged(second.program, /BlocksFetched .*count=(\d+) ms=(\d+)/u);
    return [{
      name: "p5_slots_per_iteration_two",
      value: loop?.value ?? Number.NaN,
      detail: `${loop?.detail}; the second one, started again, fetches ${count} blocks in ${ms} ms`,
    }];
  } catch (cause) {
    throw new Error(`Cannot measure: ${cause}\n${network.logs()}`, { cause });
  } finally {
    Deno.chdir(folder);
    await network.stop();
  }
}
