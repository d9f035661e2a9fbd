/**
 * The parentchain as the fault tests look at it: with an unmodified `@polkadot/api`.
 *
 * @module
 */
import { ApiPromise, Keyring, WsProvider } from "@polkadot/api";
import type { SubmittableExtrinsic } from "@polkadot/api/types";
import { equalBytes } from "../../src/primitives/bytes.ts";
import { toHex } from "../../src/primitives/hex.ts";
import { sleep } from "./processes.ts";

/** A transfer on the parentchain, as its event tells it. */
export interface Transfer {
  readonly block: number;
  readonly amount: bigint;
}

/** An extrinsic as far as it is looked at. */
export interface DecodedExtrinsic {
  readonly method: { readonly section: string; readonly method: string };
  readonly era: { readonly toHex: () => string };
}

/** A connection to the parentchain. */
export class Chain {
  readonly api: ApiPromise;
  readonly #keyring = new Keyring({ type: "sr25519" });

  private constructor(api: ApiPromise) {
    this.api = api;
  }

  /** Connects to a node on this machine. */
  static async connect(port: number): Promise<Chain> {
    const provider = new WsProvider(`ws://127.0.0.1:${port}`);
    // Declared looser ("ttl") than the interface that it implements, which exactOptionalPropertyTypes minds.
    return new Chain(await ApiPromise.create({ provider: provider as never, noInitWarn: true }));
  }

  /** Pays an account and waits until that is in a block. */
  async pay(payer: string, to: Uint8Array, amount: bigint): Promise<void> {
    await this.#send(payer, this.api.tx["balances"]?.["transferAllowDeath"]?.(toHex(to), amount));
  }

  /** Sets the free balance of an account by root, and waits until that is in a block. */
  async setBalance(address: string, balance: bigint): Promise<void> {
    const call = this.api.tx["balances"]?.["forceSetBalance"]?.(address, balance);
    if (call === undefined) throw new TypeError("no pallet balances");
    await this.#send("//Alice", this.api.tx["sudo"]?.["sudo"]?.(call));
  }

  async #send(signer: string, call: SubmittableExtrinsic<"promise"> | undefined): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (call === undefined) throw new TypeError("the chain has no such call");
    const stop = await call.signAndSend(this.#keyring.addFromUri(signer), { nonce: -1 }, (result) => {
      if (result.isError || result.dispatchError !== undefined) {
        reject(new Error(`Cannot send: ${result.dispatchError ?? result.status}`));
      } else if (result.isInBlock || result.isFinalized) resolve();
    });
    await promise.finally(stop);
  }

  /** Free balance of an account. */
  async balance(account: Uint8Array): Promise<bigint> {
    const info = await this.api.query["system"]?.["account"]?.(toHex(account));
    return BigInt((info as unknown as { data: { free: { toString(): string } } }).data.free.toString());
  }

  /** Addresses of those who may send in the name of an account. */
  async delegates(account: Uint8Array): Promise<readonly string[]> {
    const found = await this.api.query["proxy"]?.["proxies"]?.(toHex(account));
    const [list] = found?.toJSON() as unknown as [{ delegate: string }[]];
    return list.map(({ delegate }) => delegate);
  }

  /** Reads an extrinsic. */
  decode(extrinsic: string): DecodedExtrinsic {
    return this.api.createType("Extrinsic", extrinsic) as unknown as DecodedExtrinsic;
  }

  /** Hands an extrinsic to the node; gives what the node says. */
  async submit(extrinsic: string): Promise<string> {
    try {
      return (await this.api.rpc.author.submitExtrinsic(extrinsic)).toHex();
    } catch (error) {
      return String(error);
    }
  }

  /** Number of the newest block. */
  async head(): Promise<number> {
    return (await this.api.rpc.chain.getHeader()).number.toNumber();
  }

  /** Number of the sidechain block that is confirmed; 0 if none is. */
  async confirmed(shard: Uint8Array): Promise<bigint> {
    const latest = await this.api.query["sidechain"]?.["latestSidechainBlockConfirmation"]?.(toHex(shard));
    const json = latest?.toJSON() as { blockNumber?: number | string } | null;
    return BigInt(json?.blockNumber ?? 0);
  }

  /** All transfers to an account in a range of blocks, by their events. */
  async transfersTo(account: Uint8Array, from: number, to: number): Promise<Transfer[]> {
    const found: Transfer[] = [];
    for (let number = from; number <= to; number++) {
      const at = await this.api.at(await this.api.rpc.chain.getBlockHash(number));
      const records = await at.query["system"]?.["events"]?.() as unknown as Iterable<{
        event: { section: string; method: string; data: { toU8a(): Uint8Array; toString(): string }[] };
      }>;
      for (const { event: { section, method, data } } of records) {
        if (section !== "balances" || method !== "Transfer" || !equalBytes(data[1]?.toU8a() ?? account, account)) {
          continue;
        }
        found.push({ block: number, amount: BigInt(data[2]?.toString() ?? "0") });
      }
    }
    return found;
  }

  /** Waits until so many more blocks are there. */
  async blocks(count: number): Promise<void> {
    const target = await this.head() + count;
    while (await this.head() < target) await sleep(100);
  }

  /** Ends the connection. */
  async close(): Promise<void> {
    await this.api.disconnect();
  }
}

/** Reads until the value is there or the time is over; gives the last value. */
export async function settle<T>(read: () => Promise<T>, wanted: T, timeoutMs: number): Promise<T> {
  for (const deadline = Date.now() + timeoutMs;;) {
    const value = await read();
    if (value === wanted || Date.now() > deadline) return value;
    await sleep(250);
  }
}
