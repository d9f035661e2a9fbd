/**
 * P5: the reference benchmark, 20 clients with 100 transfers each that wait for their block, through a whole service.
 *
 * @module
 */
import type { TestService } from "../tests/e2e/harness.ts";
import type { Figure } from "./measure.ts";

/** Slot of a development shard in milliseconds. */
export const SLOT_MS = 300;

/** Runs the command line's benchmark and compares each iteration with a slot. */
export async function closedLoop(service: Pick<TestService, "ask">, clients = 20, iterations = 100): Promise<Figure[]> {
  const output = await service.ask("trusted", "--direct", "benchmark", `${clients}`, `${iterations}`, "-w");
  const elapsedMs = Number(/transactions in ([0-9]+) ms/u.exec(output)?.[1]);
  const median = /^50 percent .*$/mu.exec(output)?.[0] ?? "";
  const perSecond = clients * iterations * 1_000 / elapsedMs;
  return [{
    name: "p5_slots_per_iteration",
    value: elapsedMs / iterations / SLOT_MS,
    detail: `${clients} × ${iterations} in ${elapsedMs} ms, ${perSecond.toFixed(0)} calls/s, ${median}`,
  }];
}
