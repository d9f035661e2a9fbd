/**
 * Pays the enclave's account on a development chain, or waits until somebody has.
 *
 * Source: worker `service/src/account_funding.rs` (839eda024)
 *
 * @module
 */
import { ApiPromise, Keyring, WsProvider } from "@polkadot/api";
import { encodeSs58 } from "../../crypto/ss58.ts";
import { enclaveFunds } from "../../parentchain/funding.ts";
import { unlessAborted } from "../interruption.ts";
import type { Log } from "../log.ts";
import type { NodeLink } from "./link.ts";
import { LinkError } from "./link_error.ts";

/** Pause between two looks at the balance of an account that somebody else has to pay. */
const FUNDING_INTERVAL_MS = 10_000;
/** Longest wait until //Alice's transfer is in a block, with the connection to the node: ten blocks of six seconds. */
export const TRANSFER_TIMEOUT_MS = 60_000;

/** Who is paid, from where, and how. */
export interface FundingRequest {
  readonly link: Pick<NodeLink, "facts" | "freeBalance">;
  readonly url: string;
  readonly account: Uint8Array;
  /** On a development chain //Alice pays. */
  readonly development: boolean;
  /**
   * Whether nothing can begin without funds. A validateer that has taken part goes on without: it serves its clients and makes
   * blocks, and what needs a fee is tried again.
   */
  readonly waits: boolean;
  readonly signal: AbortSignal;
  readonly log: Log;
}

/** Resolves when the account can pay for its registration, its shard and its vault, or is not to be waited for. @throws {LinkError} */
export async function fundEnclaveAccount(request: FundingRequest): Promise<void> {
  const { link, account, development, waits, signal, log } = request;
  const { metadata } = link.facts;
  const address = encodeSs58(account, metadata.ss58Prefix);
  // A quarter is left when the vault has been paid; an account that ever had the whole sum has founded its shard.
  const wanted = enclaveFunds(metadata, true);
  const enough = enclaveFunds(metadata, false) / 4n;
  for (let warned = false; !signal.aborted; warned = true) {
    const balance = await link.freeBalance(account);
    if (balance >= enough) return;
    if (development) return await payByAlice(request, address, wanted);
    if (!warned) log("warn", "EnclaveAccountUnfunded", { address, balance, wanted, waits });
    if (!waits) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, FUNDING_INTERVAL_MS);
      signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
    });
  }
}

async function payByAlice({ url, log, signal }: FundingRequest, address: string, amount: bigint): Promise<void> {
  const late = new AbortController();
  const seconds = TRANSFER_TIMEOUT_MS / 1_000;
  const message =
    `//Alice has not paid the enclave's account within ${seconds} s: the node at "${url}" does not answer, ` +
    "or takes the transfer into no block";
  const timer = setTimeout(() => late.abort(new LinkError("BadAnswer", message)), TRANSFER_TIMEOUT_MS);
  const ended = AbortSignal.any([signal, late.signal]);
  const provider = new WsProvider(url);
  const send: typeof provider.send = provider.send.bind(provider);
  // What is asked when the connection is cut stays open: the library would print each answer that does not come.
  provider.send = (...question) => untilAborted(ended, send<never>(...question));
  try {
    await unlessAborted(ended, transferByAlice(provider, address, amount));
  } finally {
    clearTimeout(timer);
    await provider.disconnect();
  }
  log("info", "EnclaveAccountFunded", { address, amount });
}

/** What the work gives; neither value nor failure if it comes after the signal. */
function untilAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    work.then((value) => !signal.aborted && resolve(value), (error) => !signal.aborted && reject(error));
  });
}

async function transferByAlice(provider: WsProvider, address: string, amount: bigint): Promise<void> {
  // Declared looser ("ttl") than the interface that it implements, which exactOptionalPropertyTypes minds.
  const api = await ApiPromise.create({ provider: provider as never, noInitWarn: true });
  const alice = new Keyring({ type: "sr25519" }).addFromUri("//Alice");
  const transfer = api.tx["balances"]?.["transferAllowDeath"];
  if (transfer === undefined) throw new LinkError("BadAnswer", "The parentchain has no call to transfer balances");
  const included = Promise.withResolvers<void>();
  const unsubscribe = await transfer(address, amount).signAndSend(alice, { nonce: -1 }, (result) => {
    if (result.dispatchError !== undefined || result.isError) {
      included.reject(new LinkError("BadAnswer", "//Alice cannot pay the enclave's account"));
    } else if (result.isInBlock || result.isFinalized) included.resolve();
  });
  await included.promise.finally(unsubscribe);
}
