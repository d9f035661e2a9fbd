/**
 * Headers, blocks and transaction statuses as JSON, in the form of a Substrate node.
 *
 * @module
 */
import { type Hex, toHex } from "../../primitives/hex.ts";
import { digestItem, GRANDPA_ENGINE } from "../../parentchain/digest.ts";
import { type ParentchainHeader, parentchainHeader } from "../../parentchain/header.ts";
import type { StoredBlock } from "../chain_store.ts";
import type { TransactionStatus } from "../node_event.ts";
import { numberHex } from "./rpc_node.ts";

/** JSON of a header. */
export interface HeaderJson {
  readonly parentHash: Hex;
  /** In hexadecimal without leading zeros. */
  readonly number: Hex;
  readonly stateRoot: Hex;
  readonly extrinsicsRoot: Hex;
  readonly digest: { readonly logs: readonly Hex[] };
}

/** A header as JSON. */
export function headerToJson(header: ParentchainHeader): HeaderJson {
  return {
    parentHash: toHex(header.parentHash),
    number: numberHex(header.number),
    stateRoot: toHex(header.stateRoot),
    extrinsicsRoot: toHex(header.extrinsicsRoot),
    digest: { logs: header.digest.map((item) => toHex(digestItem.encode(item))) },
  };
}

/** JSON of a block with its proof of finality. */
export interface SignedBlockJson {
  readonly block: { readonly header: HeaderJson; readonly extrinsics: readonly Hex[] };
  /** Pairs of engine id and proof, both as lists of numbers. */
  readonly justifications: readonly (readonly [engine: readonly number[], proof: readonly number[]])[] | null;
}

/** A block as JSON. */
export function blockToJson(block: StoredBlock, justification: Uint8Array | undefined): SignedBlockJson {
  return {
    block: {
      header: headerToJson(parentchainHeader.decode(block.header)),
      extrinsics: block.extrinsics.map(toHex),
    },
    justifications: justification === undefined ? null : [[[...GRANDPA_ENGINE], [...justification]]],
  };
}

/** The status of a transaction as JSON: a word, or an object with one member. */
export function statusToJson(status: TransactionStatus): string | Readonly<Record<string, Hex | readonly string[]>> {
  switch (status.type) {
    case "usurped":
      return { usurped: status.by };
    case "broadcast":
      return { broadcast: status.peers };
    case "retracted":
    case "finalityTimeout":
    case "inBlock":
    case "finalized":
      return { [status.type]: toHex(status.block) };
    case "ready":
    case "future":
    case "dropped":
    case "invalid":
      return status.type;
  }
}
