/**
 * Where a trusted operation is on its way.
 *
 * Source: worker `core-primitives/types/src/lib.rs#TrustedOperationStatus` (839eda024)
 *
 * @module
 */
import { type Codec, unit, type Variant, variant } from "../codec/codec.ts";
import type { BlockHash } from "../primitives/branded.ts";
import { blockHashCodec } from "./ids.ts";

/**
 * State of a trusted operation. States: Submitted → Future (nonce gap) or Ready → InSidechainBlock (block hash) →
 * Retracted (its block was abandoned; Ready again) or Finalized; ends are Finalized, Usurped (replaced), Dropped (limit
 * or age) and Invalid (will never execute). Broadcast and FinalityTimeout are part of the wire type only.
 */
export type TrustedOperationStatus = Variant<{
  Submitted: undefined;
  Future: undefined;
  Ready: undefined;
  Broadcast: undefined;
  InSidechainBlock: BlockHash;
  Retracted: undefined;
  FinalityTimeout: undefined;
  Finalized: undefined;
  Usurped: undefined;
  Dropped: undefined;
  Invalid: undefined;
}>;

/** SCALE codec of {@linkcode TrustedOperationStatus}. */
export const trustedOperationStatus: Codec<TrustedOperationStatus> = variant<{
  Submitted: undefined;
  Future: undefined;
  Ready: undefined;
  Broadcast: undefined;
  InSidechainBlock: BlockHash;
  Retracted: undefined;
  FinalityTimeout: undefined;
  Finalized: undefined;
  Usurped: undefined;
  Dropped: undefined;
  Invalid: undefined;
}>({
  Submitted: [0, unit],
  Future: [1, unit],
  Ready: [2, unit],
  Broadcast: [3, unit],
  InSidechainBlock: [4, blockHashCodec],
  Retracted: [5, unit],
  FinalityTimeout: [6, unit],
  Finalized: [7, unit],
  Usurped: [8, unit],
  Dropped: [9, unit],
  Invalid: [10, unit],
});
