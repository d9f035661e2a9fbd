/**
 * The `payment_*` methods: what an extrinsic would cost.
 *
 * Source: substrate `frame/transaction-payment/rpc/src/lib.rs#TransactionPaymentApi`
 *
 * @module
 */
import { type Codec, compact, option, struct, u128, u32, unit, type Variant, variant } from "../../codec/codec.ts";
import type { BlockHash } from "../../primitives/branded.ts";
import { concatBytes } from "../../primitives/bytes.ts";
import type { RpcRequest } from "../../transport/message.ts";
import { hexParam, positional } from "../../transport/params.ts";
import { RpcError } from "../../transport/rpc_error.ts";
import { MAX_EXTRINSIC_BYTES } from "../node.ts";
import { defineAliases, type DevMethod, numberHex, optionalHashParam, type RpcNode, stateAt } from "./rpc_node.ts";

/** Code of "Unable to query dispatch info" and of fee details. */
export const PAYMENT_QUERY_FAILED = 1;

interface DispatchInfo {
  readonly weight: { readonly refTime: bigint; readonly proofSize: bigint };
  readonly class: Variant<{ normal: undefined; operational: undefined; mandatory: undefined }>;
  readonly partialFee: bigint;
}

const dispatchInfo: Codec<DispatchInfo> = struct<DispatchInfo>({
  weight: struct<DispatchInfo["weight"]>({ refTime: compact, proofSize: compact }),
  class: variant({ normal: [0, unit], operational: [1, unit], mandatory: [2, unit] }),
  partialFee: u128,
});

interface InclusionFee {
  readonly baseFee: bigint;
  readonly lenFee: bigint;
  readonly adjustedWeightFee: bigint;
}

const feeDetails: Codec<{ readonly inclusionFee: InclusionFee | undefined; readonly tip: bigint }> = struct({
  inclusionFee: option(struct<InclusionFee>({ baseFee: u128, lenFee: u128, adjustedWeightFee: u128 })),
  tip: u128,
});

interface ExtrinsicAt {
  readonly extrinsic: Uint8Array;
  readonly at: BlockHash | undefined;
}

/** The rows of the `payment_*` methods. */
export function paymentMethods<Block>(rpc: RpcNode<Block>): DevMethod[] {
  const query = (name: string, failure: string, { extrinsic, at }: ExtrinsicAt) => {
    const { state, hash } = stateAt(rpc, at);
    const args = concatBytes(extrinsic, u32.encode(extrinsic.length));
    const answer = rpc.node.chain.runtime.call(`TransactionPaymentApi_${name}`, args, state, hash);
    if (!answer.ok) throw new RpcError(PAYMENT_QUERY_FAILED, failure, answer.error.code);
    return answer.value;
  };
  return [
    ...defineAliases(["payment_queryInfo"], {
      summary: "Weight and fee of an extrinsic",
      paramNames: ["extrinsic", "at"],
      decode: decodeExtrinsicAt,
      handle: (params) => {
        const info = dispatchInfo.decode(query("query_info", "Unable to query dispatch info.", params));
        return {
          weight: { ref_time: Number(info.weight.refTime), proof_size: Number(info.weight.proofSize) },
          class: info.class.type,
          partialFee: info.partialFee.toString(),
        };
      },
    }),
    ...defineAliases(["payment_queryFeeDetails"], {
      summary: "Parts of the fee of an extrinsic",
      paramNames: ["extrinsic", "at"],
      decode: decodeExtrinsicAt,
      handle: (params) => {
        const { inclusionFee } = feeDetails.decode(query("query_fee_details", "Unable to query fee details.", params));
        if (inclusionFee === undefined) return { inclusionFee: null };
        const { baseFee, lenFee, adjustedWeightFee } = inclusionFee;
        return {
          inclusionFee: {
            baseFee: numberHex(baseFee),
            lenFee: numberHex(lenFee),
            adjustedWeightFee: numberHex(adjustedWeightFee),
          },
        };
      },
    }),
  ];
}

function decodeExtrinsicAt(params: RpcRequest["params"]): ExtrinsicAt {
  const [extrinsic, at] = positional(params, 1, 2);
  return { extrinsic: hexParam(extrinsic, MAX_EXTRINSIC_BYTES), at: optionalHashParam(at) };
}
