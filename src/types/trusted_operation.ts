/**
 * What travels encrypted to an enclave (TOP): a signed call, direct or indirect, or a getter.
 *
 * Source: worker `core-primitives/stf-primitives/src/types.rs#TrustedOperation` (839eda024)
 *
 * @module
 */
import { type Codec, type Variant, variant } from "../codec/codec.ts";
import { type Getter, getter } from "./getter.ts";
import { type TrustedCallSigned, trustedCallSigned } from "./trusted_call_signed.ts";

/** A trusted operation: through the parentchain (`indirect_call`), through the RPC (`direct_call`), or a question. */
export type TrustedOperation = Variant<{
  indirect_call: TrustedCallSigned;
  direct_call: TrustedCallSigned;
  get: Getter;
}>;

/** SCALE codec of {@linkcode TrustedOperation}. */
export const trustedOperation: Codec<TrustedOperation> = variant<{
  indirect_call: TrustedCallSigned;
  direct_call: TrustedCallSigned;
  get: Getter;
}>({
  indirect_call: [0, trustedCallSigned],
  direct_call: [1, trustedCallSigned],
  get: [2, getter],
});
