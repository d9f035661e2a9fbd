/**
 * Where simulations begin: a parentchain on which all validateers are registered and delegates of the vault, their disks
 * with the founder's first snapshot as provisioned, and a first deposit of each client. Made once for each shape; the same
 * shape gives the same stage.
 *
 * @module
 */
import { KEYS_FILE } from "../../src/enclave/api/ecall_values.ts";
import type { EnclaveKeys } from "../../src/enclave/keys.ts";
import { ed25519Sign } from "../../src/crypto/ed25519.ts";
import type { Vault } from "../../src/crypto/vault.ts";
import { signExtrinsic } from "../../src/parentchain/extrinsic.ts";
import { type AccountId, accountId } from "../../src/primitives/branded.ts";
import type { ChainBlock } from "../../src/sidechain/chain_block.ts";
import { readFreeBalance } from "../../src/stf/pallets/balances.ts";
import type { StateSnapshot } from "../../src/state/snapshot.ts";
import { trieGet } from "../../src/trie/trie.ts";
import { CLIENT_ACCOUNTS, CLIENT_PAIRS, createValidateerKeys, vaultOf } from "./accounts.ts";
import { SimulatedDisk } from "./disk.ts";
import { createRules, type ParentBlock, Parentchain, type ParentchainRules } from "./parentchain.ts";
import { installPlatform, useRandom } from "./platform.ts";
import { Random } from "./random.ts";
import { Scheduler, settle } from "./scheduler.ts";
import { Counts, Trace } from "./trace.ts";
import { World } from "./world.ts";

/** What stages differ in. */
export interface Shape {
  readonly validateers: number;
  readonly level: "proven" | "sealed" | "trusted";
  /** Time between two parentchain blocks. */
  readonly blockMs: number;
  readonly slotDurationMs: number;
  /** Parentchain block before which simulations do not begin; 0 for as early as they can. */
  readonly fromBlock: number;
}

/** A stage. */
export interface Stage {
  readonly shape: Shape;
  readonly chain: Parentchain;
  readonly disks: readonly SimulatedDisk[];
  readonly keys: readonly EnclaveKeys[];
  readonly vault: Vault;
  /** When simulations begin. */
  readonly startMs: number;
  readonly contentFrom: number;
  /** The shard's first state, and the blocks upon it, ascending. */
  readonly genesis: StateSnapshot;
  readonly founding: readonly ChainBlock[];
}

/** Begin of virtual time. */
const EPOCH_MS = 1_700_000_000_000;
/** Blocks after which a stage that is not ready never will be. */
const MAX_BLOCKS = 60;
/** Tokens of 12 decimals. */
const TOKEN = 10n ** 12n;
/** What each client has deposited when simulations begin. */
export const FIRST_DEPOSIT = 1000n * TOKEN;

const stages = new Map<string, Promise<Stage>>();
const rulesOf = new Map<number, ParentchainRules>();

/** The stage of a shape. */
export async function stageOf(shape: Shape): Promise<Stage> {
  await installPlatform();
  const name = JSON.stringify(shape);
  const known = stages.get(name) ?? createStage(shape);
  stages.set(name, known);
  return await known;
}

async function createStage(shape: Shape): Promise<Stage> {
  const rules = rulesOf.get(shape.blockMs) ?? createRules(shape.blockMs);
  rulesOf.set(shape.blockMs, rules);
  const made = [];
  for (let i = 0; i < shape.validateers; i++) made.push(await createValidateerKeys(i));
  const keys = made.map((each) => each.keys);
  const signers = keys.map(({ signer }) => accountId(signer.publicKey));
  const random = new Random(`stage ${JSON.stringify(shape)}`);
  useRandom(random.fork("enclaves"));
  const balances = [...signers, ...CLIENT_ACCOUNTS].map((
    account,
  ): [AccountId, bigint] => [account, 1_000_000n * TOKEN]);
  const chain = Parentchain.create(rules, balances);
  const disks = made.map(({ sealed }) => new SimulatedDisk(new Map([[KEYS_FILE, sealed]])));
  const world = new World({
    scheduler: new Scheduler(EPOCH_MS),
    random,
    trace: new Trace(),
    counts: new Counts(),
    chain,
    disks,
    level: shape.level,
    slotDurationMs: shape.slotDurationMs,
    contentFrom: 1,
    finalityLag: 1,
    onFatal: (index, code, detail) => {
      throw new TypeError(`Cannot set the stage: v${index} ${code} ${detail}`);
    },
    onLog: () => {},
    // The first confirmation is left to the simulations.
    onSubmit: (_index, purpose) => purpose !== "confirm_imported_sidechain_block",
    onBroadcast: () => {},
  });
  const vault = vaultOf(keys[0] as EnclaveKeys);
  const founded = await found(world, shape, vault, signers);
  for (const validateer of world.validateers) validateer.crash();
  const { nowMs } = world.parts.scheduler;
  const disksNow = world.validateers.map(({ disk }) => disk);
  return { shape, chain, disks: disksNow, keys, vault, startMs: nowMs, contentFrom: 1, ...founded };
}

/**
 * Runs until the founder authors, gives what it has to the others, as provisioning would, then until
 * all are registered and delegates and have authored. Gives the shard's first state and all blocks upon it.
 */
async function found(
  world: World,
  shape: Shape,
  vault: Vault,
  signers: readonly AccountId[],
): Promise<Pick<Stage, "genesis" | "founding">> {
  const { chain, validateers: [founder, ...others] } = world;
  if (founder === undefined) throw new TypeError("Cannot set the stage: nobody is there");
  // It has started when the parentchain shows that it founded the shard, which takes blocks.
  const started = founder.start();
  await Promise.all([started, runUntil(world, shape, () => founder.disk.rows.length > 0)]);
  founder.crash();
  const snapshot = [...founder.disk.files].filter(([name]) => name.startsWith("snapshots/"));
  if (snapshot.length === 0) throw new TypeError("Cannot set the stage: the founder has no snapshot");
  for (const other of others) {
    other.disk = new SimulatedDisk(new Map([...other.disk.files, ...snapshot]), founder.disk.rows);
  }
  for (const validateer of world.validateers) await validateer.start(false);
  await runUntil(world, shape, () => proxiesOf(chain, vault).length >= 1);
  let nonce = accountNonce(chain, vault.account);
  for (const peer of signers.slice(1)) submitAs(chain, vault.pair, addProxy(chain, peer), nonce++);
  for (const pair of CLIENT_PAIRS) submitAs(chain, pair, transferCall(chain, vault.account, FIRST_DEPOSIT), 0);
  await runUntil(
    world,
    shape,
    () => proxiesOf(chain, vault).length === signers.length && shardSigners(chain).length === signers.length,
  );
  // All of it becomes final, and every nonce is used up before the simulation takes over; then all take their turns, until
  // the deposits are credited.
  for (let i = 0; i < 4; i++) await oneBlock(world, shape);
  await runUntil(world, shape, () => chain.final.number >= shape.fromBlock);
  for (const validateer of world.validateers) validateer.crash();
  for (const validateer of world.validateers) await validateer.start();
  for (let i = 0; i < 2; i++) await oneBlock(world, shape);
  const founding = [...founder.shard?.chain.ancestors() ?? []].reverse();
  const genesis = founder.shard?.chain.base;
  const [client] = CLIENT_ACCOUNTS as [AccountId];
  const credited = founding.at(-1)?.snapshot;
  if (genesis?.type !== "genesis" || credited === undefined || readFreeBalance(credited, client) === 0n) {
    throw new TypeError("Cannot set the stage: deposits are not credited, or the first block is known no more");
  }
  return { genesis: genesis.snapshot, founding };
}

async function runUntil(world: World, shape: Shape, isDone: () => boolean): Promise<void> {
  for (let i = 0; i < MAX_BLOCKS; i++) {
    if (isDone()) return;
    await oneBlock(world, shape);
  }
  throw new TypeError("Cannot set the stage: nothing came of it");
}

async function oneBlock(world: World, { blockMs }: Shape): Promise<void> {
  const { scheduler } = world.parts;
  const until = scheduler.nowMs + blockMs;
  scheduler.at(until - 500, "parentchain", () => world.authorParentBlock());
  while (await scheduler.step(until) !== undefined) await settle();
}

/** Signs a call with a client's or the vault's key and hands it to the chain. */
export function submitAs(
  chain: Parentchain,
  pair: { readonly publicKey: Uint8Array; readonly seed: Uint8Array },
  call: Uint8Array,
  nonce: number,
): boolean {
  const { metadata } = chain.rules;
  const signer = { account: accountId(pair.publicKey), sign: (payload: Uint8Array) => ed25519Sign(pair, payload) };
  const { bytes } = signExtrinsic(call, signer, {
    metadata,
    genesisHash: chain.genesis.hash,
    era: { type: "immortal" },
    checkpoint: chain.genesis.hash,
    nonce,
  });
  return chain.submit(bytes);
}

/** `Balances.transfer_keep_alive`. */
export function transferCall({ rules: { metadata } }: Parentchain, to: AccountId, amount: bigint): Uint8Array {
  return metadata.encodeCall("Balances", "transfer_keep_alive", {
    dest: metadata.address("Balances", "transfer_keep_alive", "dest", to),
    value: amount,
  });
}

function addProxy({ rules: { metadata } }: Parentchain, delegate: AccountId): Uint8Array {
  return metadata.encodeCall("Proxy", "add_proxy", {
    delegate: metadata.address("Proxy", "add_proxy", "delegate", delegate),
    proxy_type: { type: "Any", value: undefined },
    delay: 0,
  });
}

function valueAt(
  chain: Parentchain,
  pallet: string,
  item: string,
  key: Uint8Array,
  { state }: ParentBlock = chain.final,
): unknown {
  const found = chain.rules.metadata.storage(pallet, item);
  const bytes = found && trieGet(state, found.key(key));
  return bytes === undefined ? undefined : found?.value.decode(bytes);
}

function proxiesOf(chain: Parentchain, vault: Vault): readonly unknown[] {
  return (valueAt(chain, "Proxy", "Proxies", vault.account) as [unknown[], bigint] | undefined)?.[0] ?? [];
}

/** Signers in the status of the shard at a block, in storage order; default the newest final one. */
export function shardSigners(chain: Parentchain, at: ParentBlock = chain.final): readonly AccountId[] {
  const entries = valueAt(chain, "EnclaveBridge", "ShardStatus", new Uint8Array(32).fill(0x4d), at);
  return (entries as { signer: Uint8Array }[] | undefined ?? []).map(({ signer }) => accountId(signer));
}

/** Nonce of an account at a block; default the newest final one. */
export function accountNonce(chain: Parentchain, account: AccountId, at: ParentBlock = chain.final): number {
  return (valueAt(chain, "System", "Account", account, at) as { nonce: number } | undefined)?.nonce ?? 0;
}
