/**
 * P7 and P8: what a block costs on states of several sizes.
 *
 * @module
 */
import { type Figure, medianMs } from "./measure.ts";
import { propose, stateOf, transfers } from "./state_fixture.ts";

/** Size of the state in the reference's slow case, in bytes. */
const REFERENCE_STATE_BYTES = 5_350_000;
/** Calls of a block: what 300 ms hold at the reference's best rate of 1,900 a second, about half. */
const CALLS = 300;
const SMALL = 1_000;
const LARGE = 100_000;

/** An empty block on a state of 5.35 MB. */
export function emptyBlock(): Figure[] {
  const accounts = Math.ceil(REFERENCE_STATE_BYTES * SMALL / stateOf(SMALL).encodedSize);
  const state = stateOf(accounts);
  const ms = medianMs(50, () => propose(state, []));
  return [{
    name: "p7_empty_block_ms",
    value: ms,
    detail: `${(state.encodedSize / 1e6).toFixed(2)} MB, ${accounts} accounts`,
  }];
}

/** The same block on a small and on a large state. */
export function stateGrowth(): Figure[] {
  const times = [SMALL, LARGE].map((accounts) => {
    const state = stateOf(accounts);
    const calls = transfers(accounts, CALLS);
    const { receipts } = propose(state, calls);
    if (receipts.some(({ outcome }) => outcome !== "Success")) throw new Error("a call of the benchmark failed");
    return medianMs(25, () => propose(state, calls));
  });
  const [small = 0, large = 0] = times;
  return [{
    name: "p8_block_time_growth",
    value: large / small,
    detail: `${CALLS} calls: ${small.toFixed(2)} ms at ${SMALL} accounts, ${large.toFixed(2)} ms at ${LARGE}`,
  }];
}
