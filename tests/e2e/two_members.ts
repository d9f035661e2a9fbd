/**
 * Two validateers with a node each, shared by all tests of a file.
 *
 * @module
 */
import { afterAll, beforeAll } from "vitest";
import type { ShardIdentifier } from "../../src/primitives/branded.ts";
import { unwrap } from "../../src/primitives/result.ts";
import { Chain } from "../faults/chain.ts";
import { ROOT } from "./harness.ts";
import type { Member } from "./member.ts";
import { ValidateerNetwork } from "./validateer_network.ts";

/** How long the set-up may take: nodes, registration, and the keys handed over. */
const SET_UP_TIMEOUT_MS = 300_000;

/** The validateer that founded the shard. */
export let first: Member;
/** The one that joined it. */
export let second: Member;
/** The parentchain at the second one's node. */
export let chain: Chain;
/** Their shard. */
export let shard: ShardIdentifier;

/** Starts both before the first test of the file that calls this, and ends them after its last; `options` are the first one's. */
export function withTwoMembers(...options: readonly string[]): void {
  let network: ValidateerNetwork | undefined;

  beforeAll(async () => {
    network = await ValidateerNetwork.start(2);
    // The command line keeps its keys in the current folder.
    Deno.chdir(network.folder);
    first = await network.add(...options);
    second = await network.add();
    chain = await Chain.connect(network.nodePort(1));
    shard = unwrap(await second.client.shard());
  }, SET_UP_TIMEOUT_MS);

  afterAll(async () => {
    await chain?.close();
    Deno.chdir(ROOT);
    await network?.stop();
  });
}
