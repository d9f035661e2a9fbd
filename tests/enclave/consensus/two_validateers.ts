/**
 * Two validateers in memory, made anew for each test of a file.
 *
 * @module
 */
import { beforeEach } from "vitest";
import { Network, type NetworkHost } from "./network.ts";

/** How long the set-up may take: the first of a file draws keys and hands them over. */
const SET_UP_TIMEOUT_MS = 120_000;

/** The network of the present test. */
export let network: Network;
/** Its first validateer, also if the test has replaced it since. */
export let first: NetworkHost;
/** Its second validateer, which the first has provisioned, also if the test has replaced it since. */
export let second: NetworkHost;

/** Before each test of the file that calls this: two validateers, after so many slots in which both author. */
export function eachWithTwoValidateers({ slots }: { readonly slots: number }): void {
  beforeEach(async () => {
    network = await Network.ofTwo();
    ({ first, second } = network);
    await network.slots(slots);
  }, SET_UP_TIMEOUT_MS);
}
