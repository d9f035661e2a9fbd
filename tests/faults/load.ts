/**
 * Load on a validateer whose outcome is known exactly: each account pays one sink of its own, every amount follows from
 * the nonce, and every report of a sidechain block is noted. After a restart the nonce alone says what the balances must be.
 *
 * @module
 */
import type { TrustedClient } from "../../src/client/trusted_client.ts";
import { type SigningDomain, sr25519Signer, type TrustedSigner } from "../../src/client/trusted_signer.ts";
import { WorkerRpcError } from "../../src/client/worker_rpc_error.ts";
import { pairFromSuri } from "../../src/crypto/suri.ts";
import { type AccountId, accountId } from "../../src/primitives/branded.ts";
import { toHex } from "../../src/primitives/hex.ts";
import { unwrap } from "../../src/primitives/result.ts";
import { computeCallFee } from "../../src/stf/fees.ts";
import type { TrustedCall } from "../../src/types/trusted_call.ts";
import { UNIT } from "../e2e/harness.ts";

/** Calls of an account that wait for their block at a time, unless said otherwise. */
const CALLS_IN_FLIGHT = 4;
/** Balance with which an account begins: enough for all calls of a run. */
export const ENDOWMENT: bigint = 1_000n * UNIT;
/** Least amount: above the existential deposit, so that the first payment makes the sink. */
const LEAST_AMOUNT = 1_000n;
/** A prime: amounts repeat after so many calls. */
const AMOUNT_PERIOD = 999_983n;
/** Another: neighbours differ widely. */
const AMOUNT_STEP = 7_919n;

/** One payer of the load and all that is known of its calls. */
export class Payer {
  readonly signer: TrustedSigner;
  /** Account that is paid; its owner for transfers, an account of the parentchain for payouts. */
  readonly sink: TrustedSigner;
  /** Makes the call of an amount. */
  readonly call: (amount: bigint) => TrustedCall;
  readonly fee: bigint;
  /** Calls that were made and not forgotten. */
  made = 0;
  /** Hashes of the blocks that calls were reported to be in, by nonce. */
  readonly reported = new Map<number, string>();
  #most = 0;

  /** A payer of the shard, or one whose sink is paid on the parentchain. */
  constructor(name: string, kind: "transfer" | "unshield", { shard }: SigningDomain) {
    this.signer = sr25519Signer(pairFromSuri(`//${name}`));
    this.sink = sr25519Signer(pairFromSuri(`//${name}//sink`));
    const { account: from } = this.signer;
    const { account: to } = this.sink;
    this.call = kind === "transfer"
      ? (amount) => ({ type: "balance_transfer", value: { from, to, amount } })
      : (amount) => ({ type: "balance_unshield", value: { from, beneficiary: to, amount, shard } });
    this.fee = computeCallFee(this.call(1n), UNIT);
  }

  /** What a call pays: the same whenever it is made again. */
  amountAt(nonce: number): bigint {
    return LEAST_AMOUNT + BigInt(nonce) * AMOUNT_STEP % AMOUNT_PERIOD;
  }

  /** What the calls below a nonce paid. */
  paidBelow(nonce: number): bigint {
    let sum = 0n;
    for (let i = 0; i < nonce; i++) sum += this.amountAt(i);
    return sum;
  }

  /** The nonce of the next call. */
  takeNonce(): number {
    const nonce = this.made++;
    this.#most = Math.max(this.#most, this.made);
    return nonce;
  }

  /** Most calls that were ever made, forgotten or not. */
  get most(): number {
    return this.#most;
  }

  /** Highest nonce that was reported, but not as of a block to be left out; -1 if there is none. */
  highestReported(except?: string): number {
    return Math.max(-1, ...[...this.reported].filter(([, block]) => block !== except).map(([nonce]) => nonce));
  }

  /** Goes on at a nonce: the calls from there on did not run, and their nonces are used again. */
  goOnAt(nonce: number): void {
    this.made = nonce;
    for (const reported of [...this.reported.keys()]) if (reported >= nonce) this.reported.delete(reported);
  }
}

/** How much load. */
export interface LoadOptions {
  /** Calls of each payer; without an end if not given. */
  readonly calls?: number;
  /** Calls of a payer that wait for their block at a time. */
  readonly inFlight?: number;
}

/** Load that is on. */
export interface RunningLoad {
  /** Ends it; resolves when no call is under way any more. */
  readonly stop: () => Promise<void>;
  /** What went wrong other than the loss of the connection. */
  readonly anomalies: readonly string[];
}

/** Lets each payer make calls, several at a time, until the load is stopped or the connection is lost. */
export function startLoad(
  clients: readonly TrustedClient[],
  payers: readonly Payer[],
  domain: SigningDomain,
  { calls = Infinity, inFlight = CALLS_IN_FLIGHT }: LoadOptions = {},
): RunningLoad {
  let isStopped = false;
  const anomalies: string[] = [];
  const pay = async (payer: Payer, client: TrustedClient): Promise<void> => {
    const under: Set<Promise<void>> = new Set();
    try {
      for (let count = 0; count < calls && !isStopped; count++) {
        const nonce = payer.takeNonce();
        const call = payer.call(payer.amountAt(nonce));
        const watched = unwrap(await client.submitCall(call, domain, payer.signer, { nonce }));
        const done = watched.final.then((status) => {
          if (status.ok && status.value.type === "InSidechainBlock") {
            payer.reported.set(nonce, toHex(status.value.value));
          } else if (status.ok) anomalies.push(`call ${nonce} ended as ${status.value.type}`);
          else if (status.error.code !== "WatchLost") anomalies.push(`call ${nonce}: ${status.error.code}`);
        }).finally(() => under.delete(done));
        under.add(done);
        if (under.size >= inFlight) await Promise.race(under);
      }
    } catch (error) {
      if (!(error instanceof WorkerRpcError)) anomalies.push(String(error));
    }
    await Promise.all(under);
  };
  const all = payers.map((payer, i) => pay(payer, clients[i % clients.length] as TrustedClient));
  const stop = async (): Promise<void> => {
    isStopped = true;
    await Promise.all(all);
  };
  return { stop, anomalies };
}

/** Compares a payer's nonce and balances with what they must be; gives its nonce and what is wrong. */
export async function auditPayer(
  client: TrustedClient,
  payer: Payer,
  domain: SigningDomain,
  except?: string,
): Promise<{ readonly nonce: number; readonly wrong: readonly string[] }> {
  const wrong: string[] = [];
  const info = unwrap(await client.accountInfo(domain.shard, payer.signer));
  const { nonce } = info;
  const highest = payer.highestReported(except);
  if (nonce <= highest) wrong.push(`call ${highest} was reported and is missing: the nonce is ${nonce}`);
  if (nonce > payer.most) wrong.push(`nonce ${nonce} after ${payer.most} calls`);
  const paid = payer.paidBelow(nonce);
  const free = ENDOWMENT - paid - BigInt(nonce) * payer.fee;
  if (info.data.free !== free) wrong.push(`the payer has ${info.data.free}, want ${free} at nonce ${nonce}`);
  if (payer.call(1n).type === "balance_transfer") {
    const sink = unwrap(await client.accountInfo(domain.shard, payer.sink)).data.free;
    if (sink !== paid) wrong.push(`the sink has ${sink}, want ${paid}`);
  }
  return { nonce, wrong };
}

/** Gives accounts of a development shard their first balance. */
export async function endow(
  client: TrustedClient,
  domain: SigningDomain,
  accounts: readonly AccountId[],
): Promise<void> {
  const alice = sr25519Signer(pairFromSuri("//Alice"));
  const root = accountId(alice.account);
  const { nonce: first } = unwrap(await client.accountInfo(domain.shard, alice));
  const ends = [];
  for (const [i, who] of accounts.entries()) {
    const call: TrustedCall = { type: "balance_set_balance", value: { root, who, free: ENDOWMENT, reserved: 0n } };
    ends.push(unwrap(await client.submitCall(call, domain, alice, { nonce: first + i })).final);
  }
  for (const end of ends) {
    const status = unwrap(await end);
    if (status.type !== "InSidechainBlock") throw new TypeError(`Cannot endow an account: ${status.type}`);
  }
}
