/**
 * The parentchain as the command line sees it, through its own metadata.
 *
 * @module
 */
import { ApiPromise, WsProvider } from "@polkadot/api";
import type { ApiOptions, SubmittableExtrinsic } from "@polkadot/api/types";
import type { ISubmittableResult } from "@polkadot/types/types";
import { type AccountId, type BlockHash, blockHash } from "../../primitives/branded.ts";
import { type Sr25519Pair, sr25519Sign } from "../../crypto/sr25519.ts";
import { encodeSs58, SS58_PREFIX_SUBSTRATE } from "../../crypto/ss58.ts";
import { CliError, type CliErrorCode } from "./cli_error.ts";
import { messageOf } from "../../primitives/message_of.ts";

/** How long the node may take to answer the first time; a node far away needs a few seconds. */
export const CONNECT_TIMEOUT_MS = 20_000;
/** How long an extrinsic may take into a block: twenty blocks of six seconds. */
export const INCLUSION_TIMEOUT_MS = 120_000;
/** First byte of an sr25519 signature in a MultiSignature. */
const SR25519_SIGNATURE_INDEX = 1;

/** A connection to a parentchain node. */
export interface Parentchain {
  /** The API; types come from the node's metadata. */
  readonly api: ApiPromise;
  /** Address of the node. */
  readonly url: string;
  /** Hash of the first block. */
  readonly genesisHash: BlockHash;
  /** Whether this is for development: chain type Development on this machine. */
  readonly isDevelopment: boolean;
  /** Ends the connection. */
  readonly close: () => Promise<void>;
}

/** Connects to a node. @throws {CliError} `Parentchain` */
export async function connectParentchain(nodeUrl: string, port: number): Promise<Parentchain> {
  const url = `${nodeUrl}:${port}`;
  const provider = new WsProvider(url, false);
  try {
    await within(CONNECT_TIMEOUT_MS, openProvider(provider));
    const api = await within(
      CONNECT_TIMEOUT_MS,
      // The provider's own types do not fit exactOptionalPropertyTypes.
      ApiPromise.create({
        provider: provider as unknown as NonNullable<ApiOptions["provider"]>,
        noInitWarn: true,
        throwOnConnect: true,
      }),
    );
    return {
      api,
      url,
      genesisHash: blockHash(api.genesisHash.toU8a()),
      isDevelopment: isLoopback(nodeUrl) && await chainType(api) === "Development",
      close: () => api.disconnect(),
    };
  } catch (cause) {
    await provider.disconnect().catch(() => undefined);
    throw new CliError("Parentchain", `Cannot reach the parentchain node at "${url}"`, { cause });
  }
}

/** Free balance of an account, 0 if it does not exist. */
export async function freeBalance(chain: Parentchain, account: AccountId): Promise<bigint> {
  const info = await query(chain, "system", "account", account) as unknown as {
    data: { free: { toBigInt(): bigint } };
  };
  return info.data.free.toBigInt();
}

/** Reads one storage value. @throws {CliError} `Parentchain` if the runtime has no such item. */
export function query(chain: Parentchain, pallet: string, item: string, ...keys: readonly unknown[]): Promise<unknown> {
  const entry = chain.api.query[pallet]?.[item];
  if (entry === undefined) {
    throw new CliError("Parentchain", `Cannot read "${pallet}.${item}": the runtime of "${chain.url}" lacks it`);
  }
  return entry(...keys);
}

/** Builds a call. @throws {CliError} `Parentchain` if the runtime has no such call. */
export function buildCall(
  chain: Parentchain,
  pallet: string,
  call: string,
  ...args: readonly unknown[]
): SubmittableExtrinsic<"promise"> {
  const entry = chain.api.tx[pallet]?.[call];
  if (entry === undefined) {
    throw new CliError("Parentchain", `Cannot call "${pallet}.${call}": the runtime of "${chain.url}" lacks it`);
  }
  return entry(...args);
}

/** An extrinsic that is in a block. */
export interface Inclusion {
  readonly blockHash: BlockHash;
  readonly extrinsicHash: string;
}

/** Signs, sends and waits until the extrinsic is in a block and succeeded. @throws {CliError} `Extrinsic` or `Timeout` */
export function submitAndWait(
  chain: Parentchain,
  call: SubmittableExtrinsic<"promise">,
  signer: Sr25519Pair,
): Promise<Inclusion> {
  const included = new Promise<Inclusion>((resolve, reject) => {
    const onResult = (result: ISubmittableResult): void => {
      const { status, dispatchError } = result;
      if (dispatchError !== undefined) {
        reject(new CliError("Extrinsic", `The extrinsic failed: ${describeDispatchError(chain, dispatchError)}`));
      } else if (status.isInBlock || status.isFinalized) {
        const hash = status.isInBlock ? status.asInBlock : status.asFinalized;
        resolve({ blockHash: blockHash(hash.toU8a()), extrinsicHash: result.txHash.toHex() });
      } else if (result.isError) {
        reject(new CliError("Extrinsic", `The node gave the extrinsic up: ${status.type}`));
      }
    };
    call.signAndSend(extrinsicSigner(signer), onResult).catch((cause: unknown) =>
      reject(new CliError("Extrinsic", `The node refused the extrinsic: ${messageOf(cause)}`, { cause }))
    );
  });
  return within(INCLUSION_TIMEOUT_MS, included, "The extrinsic did not get into a block");
}

/** Signs and sends without waiting. @throws {CliError} `Extrinsic` */
export async function submit(
  call: SubmittableExtrinsic<"promise">,
  signer: Sr25519Pair,
  nonce: number,
): Promise<void> {
  try {
    await call.signAndSend(extrinsicSigner(signer), { nonce });
  } catch (cause) {
    throw new CliError("Extrinsic", `The node refused the extrinsic: ${messageOf(cause)}`, { cause });
  }
}

/** The next nonce of an account, with what waits in the node's pool counted. */
export async function nextNonce(chain: Parentchain, account: AccountId): Promise<number> {
  return (await chain.api.rpc.system.accountNextIndex(account)).toNumber();
}

/** Address text of an account, with Substrate's own prefix 42 as the original prints it. */
export function addressOf(account: Uint8Array): string {
  return encodeSs58(account, SS58_PREFIX_SUBSTRATE);
}

/** Resolves as the promise does, or rejects with `Timeout` or the code that is given. */
export async function within<T>(
  ms: number,
  promise: Promise<T>,
  what = "No answer",
  code: CliErrorCode = "Timeout",
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new CliError(code, `${what} within ${ms / 1_000} s`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function openProvider(provider: WsProvider): Promise<void> {
  return new Promise((resolve, reject) => {
    provider.on("connected", () => resolve());
    provider.on("error", () => reject(new Error("the connection was refused")));
    provider.connect().catch(reject);
  });
}

async function chainType(api: ApiPromise): Promise<string> {
  try {
    return (await api.rpc.system.chainType()).type;
  } catch {
    return "unknown";
  }
}

function isLoopback(url: string): boolean {
  try {
    return ["127.0.0.1", "localhost", "[::1]"].includes(new URL(url).hostname);
  } catch {
    return false;
  }
}

function extrinsicSigner(pair: Sr25519Pair) {
  const address = addressOf(pair.publicKey);
  const sign = (data: Uint8Array, options?: { withType?: boolean }): Uint8Array => {
    const signature = sr25519Sign(pair, data);
    return options?.withType ? new Uint8Array([SR25519_SIGNATURE_INDEX, ...signature]) : signature;
  };
  // A key pair as the API uses one; the rest of its interface is for key management.
  return { address, addressRaw: pair.publicKey, publicKey: pair.publicKey, sign } as never;
}

function describeDispatchError(chain: Parentchain, error: NonNullable<ISubmittableResult["dispatchError"]>): string {
  if (!error.isModule) {
    const json: unknown = error.toJSON();
    return typeof json === "object" && json !== null ? Object.entries(json).flat().join(".") : error.type;
  }
  const { section, name } = chain.api.registry.findMetaError(error.asModule);
  return `${section}.${name}`;
}
