/**
 * The runtime APIs this runtime answers, by id and version.
 *
 * An id is the first eight bytes of `blake2b-64` of the API's name; they stand here as numbers because wallets and
 * libraries know them as such.
 *
 * @module
 */
import { fromHex } from "../../primitives/hex.ts";

/** Id of an API and its version. */
export type ImplementedApi = readonly [id: Uint8Array, version: number];

/** The APIs by name. */
export const API_VERSIONS: Readonly<Record<string, ImplementedApi>> = {
  Core: [fromHex("0xdf6acb689907609b"), 5],
  Metadata: [fromHex("0x37e397fc7c91f5e4"), 2],
  TaggedTransactionQueue: [fromHex("0xd2bc9897eed08f15"), 3],
  AuraApi: [fromHex("0xdd718d5cc53262d4"), 1],
  GrandpaApi: [fromHex("0xed99c5acb25eedf5"), 3],
  AccountNonceApi: [fromHex("0xbc9d89904f5b923f"), 1],
  TransactionPaymentApi: [fromHex("0x37c8bb1350a9a2a8"), 4],
};

/** The same as the runtime version lists them. */
export const implementedApis: readonly ImplementedApi[] = Object.values(API_VERSIONS);
