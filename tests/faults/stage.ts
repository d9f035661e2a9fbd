/**
 * What all fault tests play on: a parentchain in a process of its own, the place of a validateer, and its accounts.
 *
 * @module
 */
import type { SigningDomain } from "../../src/client/trusted_signer.ts";
import type { AccountId } from "../../src/primitives/branded.ts";
import { unwrap } from "../../src/primitives/result.ts";
import { vaultOf } from "../e2e/harness.ts";
import { Chain } from "./chain.ts";
import { endow, type Payer } from "./load.ts";
import { type MemberSite, type Program, type Serving, siteAt, start, startParentchain } from "./processes.ts";

/** How a run goes. */
export interface FaultOptions {
  /** How many faults. */
  readonly count: number;
  /** Seed of everything that is drawn. */
  readonly seed: number;
  /** Told how far it is. */
  readonly note: (line: string) => void;
}

/** Settings of a stage. */
export interface StageOptions {
  readonly blockTimeMs: number;
  readonly slotDurationMs: number;
  /** Port that the validateer is told instead of the node's; given the node's. */
  readonly nodePort?: (port: number) => Promise<number>;
}

/** A stage with a validateer that serves. */
export interface Stage {
  readonly site: MemberSite;
  readonly chain: Chain;
  readonly domain: SigningDomain;
  /** Vault of the shard on the parentchain. */
  readonly vault: AccountId;
  readonly first: Serving;
}

/** Runs on a stage and takes everything down afterwards, also validateers that `track` was told of. */
export async function onStage<T>(
  options: StageOptions,
  run: (stage: Stage, track: (program: Program) => void) => Promise<T>,
): Promise<T> {
  const programs: Program[] = [];
  const closers: (() => Promise<void>)[] = [];
  const folder = await Deno.makeTempDir({ prefix: "integritee-faults-" });
  try {
    const { node, port } = await startParentchain(options.blockTimeMs);
    programs.push(node);
    const chain = await Chain.connect(port);
    closers.push(() => chain.close());
    const nodePort = await options.nodePort?.(port) ?? port;
    const site = siteAt(`${folder}/data`, nodePort, options.slotDurationMs);
    const first = await start(site);
    programs.push(first.program);
    const client = await first.worker.connect();
    const shard = unwrap(await client.shard());
    const domain = { shard, fingerprint: unwrap(await client.fingerprint()) };
    const vault = await vaultOf(client);
    return await run({ site, chain, domain, vault, first }, (program) => programs.push(program));
  } finally {
    for (const close of closers) await close();
    for (const program of programs) await program.end("SIGKILL");
    await Deno.remove(folder, { recursive: true });
  }
}

/** Endows payers of the shard. */
export async function endowPayers({ first, domain }: Stage, payers: readonly Payer[]): Promise<void> {
  await endow(await first.worker.connect(), domain, payers.map(({ signer }) => signer.account));
}
