/**
 * The runtime APIs, as `state_call` answers them.
 *
 * @module
 */
import type { Variant } from "../../../codec/codec.ts";
import type { CallCost } from "../dispatch/call.ts";
import { BlockExecution } from "../executive/block_execution.ts";
import { validateTransaction } from "../executive/executive.ts";
import { decodeExtrinsic, type Extrinsic } from "../executive/extrinsic.ts";
import { auraAuthorities } from "../pallets/consensus/aura_storage.ts";
import { currentSetId, grandpaAuthorities } from "../pallets/consensus/grandpa.ts";
import { account } from "../pallets/system/storage.ts";
import { encodedVersion } from "../pallets/system/system.ts";
import { runtimeVersion } from "../pallets/system/types.ts";
import {
  computeFee,
  computeInclusionFee,
  type InclusionFee,
  lengthToFee,
  weightToFee,
} from "../pallets/transaction_payment.ts";
import { byteVec, newtypeOf, optionOf, resultOf, structOf, u128, u32, u64, vecOf } from "../types/builders.ts";
import { accountId32, auraAuthorityId, grandpaAuthorityList, h256 } from "../types/common.ts";
import { type DispatchClass, dispatchClass, refTime, type Weight, weight } from "../types/dispatch_types.ts";
import type { RuntimeType } from "../types/runtime_type.ts";
import type { TransactionValidityError, ValidTransaction } from "../validity.ts";
import { type ApiContext, defineMethod, type RuntimeApi } from "./api_definition.ts";
import { opaqueExtrinsic, transactionSource, transactionValidityError, validTransaction } from "./validity_types.ts";

const opaqueMetadata = newtypeOf("sp_core::OpaqueMetadata", byteVec());
const versions = vecOf(u32);

const core: RuntimeApi = {
  name: "Core",
  methods: [
    defineMethod("version", {}, runtimeVersion, ({ model }) => encodedVersion(model.definition.parameters)),
  ],
};

const metadataApi: RuntimeApi = {
  name: "Metadata",
  methods: [
    defineMethod("metadata", {}, opaqueMetadata, (ctx) => ctx.metadata.get(14) ?? new Uint8Array(0)),
    defineMethod(
      "metadata_at_version",
      { version: u32 },
      optionOf(opaqueMetadata),
      (ctx, { version }) => ctx.metadata.get(version),
    ),
    defineMethod("metadata_versions", {}, versions, (ctx) => [...ctx.metadata.keys()]),
  ],
};

const slotDuration: RuntimeType<bigint> = newtypeOf("sp_consensus_slots::SlotDuration", u64);

const aura: RuntimeApi = {
  name: "AuraApi",
  methods: [
    defineMethod("slot_duration", {}, slotDuration, ({ model }) => BigInt(model.definition.parameters.slotDurationMs)),
    defineMethod("authorities", {}, vecOf(auraAuthorityId), (ctx) => auraAuthorities.get(storeOf(ctx))),
  ],
};

const grandpa: RuntimeApi = {
  name: "GrandpaApi",
  methods: [
    defineMethod(
      "grandpa_authorities",
      {},
      grandpaAuthorityList,
      (ctx) => grandpaAuthorities.get(storeOf(ctx)),
    ),
    defineMethod("current_set_id", {}, u64, (ctx) => currentSetId.get(storeOf(ctx))),
  ],
};

const accountNonce: RuntimeApi = {
  name: "AccountNonceApi",
  methods: [
    defineMethod(
      "account_nonce",
      { account: accountId32 },
      u32,
      (ctx, args) => account.get(storeOf(ctx), args.account).nonce,
    ),
  ],
};

function storeOf({ model, state }: ApiContext) {
  return new BlockExecution(model, state).store;
}

interface FeeInfo {
  readonly weight: Weight;
  readonly class: DispatchClass;
  readonly partial_fee: bigint;
}
const runtimeDispatchInfo: RuntimeType<FeeInfo> = structOf(
  "pallet_transaction_payment::types::RuntimeDispatchInfo",
  { weight, class: dispatchClass, partial_fee: u128 },
  { params: [{ name: "Balance", type: u128 }, { name: "Weight", type: weight }] },
);
const inclusionFee: RuntimeType<InclusionFee> = structOf(
  "pallet_transaction_payment::types::InclusionFee",
  { base_fee: u128, len_fee: u128, adjusted_weight_fee: u128 },
  { params: [{ name: "Balance", type: u128 }] },
);

interface FeeDetails {
  readonly inclusion_fee: InclusionFee | undefined;
  readonly tip: bigint;
}
const feeDetails: RuntimeType<FeeDetails> = structOf("pallet_transaction_payment::types::FeeDetails", {
  inclusion_fee: optionOf(inclusionFee),
  tip: u128,
}, { params: [{ name: "Balance", type: u128 }] });

/** Cost of an extrinsic; an unsigned one pays nothing. */
function feeCost({ model }: ApiContext, extrinsic: Extrinsic): CallCost {
  const cost = model.costOf(extrinsic.call);
  return extrinsic.signature === undefined ? { ...cost, paysFee: false } : cost;
}

const paymentArgs = { uxt: opaqueExtrinsic, len: u32 };

/** A failed decoding is misuse by the caller of the API, as a trap is in a wasm runtime. */
function extrinsicOf(ctx: ApiContext, uxt: Uint8Array): Extrinsic {
  const decoded = decodeExtrinsic(ctx.model, opaqueExtrinsic.codec.encode(uxt));
  if (!decoded.ok) throw new TypeError(decoded.error.message, { cause: decoded.error });
  return decoded.value;
}

const transactionPayment: RuntimeApi = {
  name: "TransactionPaymentApi",
  methods: [
    defineMethod("query_info", paymentArgs, runtimeDispatchInfo, (ctx, { uxt, len }) => {
      const cost = feeCost(ctx, extrinsicOf(ctx, uxt));
      const partialFee = computeFee(ctx.model.definition.parameters, cost, len, 0n);
      return { weight: refTime(cost.refTime), class: cost.class, partial_fee: partialFee };
    }),
    defineMethod("query_fee_details", paymentArgs, feeDetails, (ctx, { uxt, len }) => {
      const cost = feeCost(ctx, extrinsicOf(ctx, uxt));
      return { inclusion_fee: computeInclusionFee(ctx.model.definition.parameters, cost, len), tip: 0n };
    }),
    defineMethod("query_weight_to_fee", { weight }, u128, (_ctx, args) => weightToFee(args.weight.ref_time)),
    defineMethod(
      "query_length_to_fee",
      { length: u32 },
      u128,
      (ctx, { length }) => lengthToFee(ctx.model.definition.parameters, length),
    ),
  ],
};

const validity: RuntimeType<Variant<{ Ok: ValidTransaction; Err: TransactionValidityError }>> = resultOf(
  validTransaction,
  transactionValidityError,
);

const taggedTransactionQueue: RuntimeApi = {
  name: "TaggedTransactionQueue",
  methods: [
    defineMethod(
      "validate_transaction",
      { source: transactionSource, tx: opaqueExtrinsic, block_hash: h256 },
      validity,
      (ctx, { source, tx, block_hash }) => {
        extrinsicOf(ctx, tx);
        const bytes = opaqueExtrinsic.codec.encode(tx);
        const verdict = validateTransaction(ctx.model, ctx.state, block_hash, source, bytes);
        return verdict.ok
          ? { type: "Ok" as const, value: verdict.value }
          : { type: "Err" as const, value: verdict.error };
      },
    ),
  ],
};

/** All APIs of the runtime, in the order of their ids in the version. */
export const RUNTIME_APIS: readonly RuntimeApi[] = [
  core,
  metadataApi,
  taggedTransactionQueue,
  aura,
  grandpa,
  accountNonce,
  transactionPayment,
];
