import * as fc from "fast-check";
import { describe } from "vitest";
import { blockHash, topHash } from "../../src/primitives/branded.ts";
import { directRequestStatus } from "../../src/types/direct_request_status.ts";
import { payout, payoutStatus } from "../../src/types/payout.ts";
import { prologueItem, prologueItems } from "../../src/types/prologue_item.ts";
import { callOutcome, receipt, receipts } from "../../src/types/receipt.ts";
import { request } from "../../src/types/request.ts";
import { rpcReturnValue } from "../../src/types/rpc_return_value.ts";
import { trustedOperationStatus } from "../../src/types/trusted_operation_status.ts";
import * as any from "./arbitraries.ts";
import { codecCase, describeCodec } from "./codec_suite.ts";
import { BOB, fill, hex, ONE_U128, plain, SHARD } from "./golden.ts";

const PLAIN_STATUSES = [
  "Submitted",
  "Future",
  "Ready",
  "Broadcast",
  "Retracted",
  "FinalityTimeout",
  "Finalized",
  "Usurped",
  "Dropped",
  "Invalid",
] as const;
const anyStatus = fc.oneof(
  fc.constantFrom(...PLAIN_STATUSES.map((name) => plain(name))),
  any.anyBlockHash.map((value) => ({ type: "InSidechainBlock" as const, value })),
);
const anyRequestStatus = fc.oneof(
  fc.constantFrom(plain("Ok"), plain("Error")),
  anyStatus.map((value) => ({ type: "TrustedOperationStatus" as const, value })),
);

const envelopes = [
  codecCase({
    name: "request",
    codec: request,
    any: fc.record({ shard: any.anyShard, cyphertext: any.bytesUpTo(800) }),
    golden: [{ shard: SHARD, cyphertext: fill(1, 3) }, `${hex("55")} 0c 010101`],
    compactAt: [32],
  }),
  codecCase({
    name: "trustedOperationStatus",
    codec: trustedOperationStatus,
    any: anyStatus,
    golden: [{ type: "InSidechainBlock", value: blockHash(fill(8)) }, `04 ${hex("08")}`],
    variantAt: [0],
  }),
  codecCase({
    name: "trustedOperationStatus Invalid",
    codec: trustedOperationStatus,
    any: anyStatus,
    golden: [plain("Invalid"), "0a"],
  }),
  codecCase({
    name: "directRequestStatus",
    codec: directRequestStatus,
    any: anyRequestStatus,
    golden: [{ type: "TrustedOperationStatus", value: plain("Submitted") }, "01 00"],
    variantAt: [0, 1],
  }),
  codecCase({
    name: "rpcReturnValue",
    codec: rpcReturnValue,
    any: fc.record({ value: any.bytesUpTo(100), doWatch: fc.boolean(), status: anyRequestStatus }),
    // The answer to `some_value` as the worker encodes it.
    golden: [
      { value: Uint8Array.of(1, 0x10, 0x2a, 0, 0, 0), doWatch: false, status: plain("Ok") },
      "18 01102a000000 00 00",
    ],
    compactAt: [0],
    flagAt: [7],
    variantAt: [8],
  }),
];

const anyOutcome = fc.constantFrom(
  ...[
    "Success",
    "InvalidSignature",
    "MissingPrivileges",
    "InvalidNonce",
    "MissingFunds",
    "InsufficientBalance",
    "ExistentialDeposit",
    "Overflow",
    "WrongShard",
    "NoShardVaultAssigned",
    "TooManyPayouts",
  ] as const,
);
const anyPayoutStatus = fc.oneof(
  fc.constantFrom(plain("queued"), plain("done")),
  fc.record({ blockNumber: any.anyU64 }).map((value) => ({ type: "failed" as const, value })),
);
const TIMESTAMP = { type: "timestamp" as const, parentchain: "Integritee" as const, blockNumber: 3, nowMs: 5n };
const DEPOSIT = {
  type: "deposit" as const,
  parentchain: "TargetA" as const,
  blockNumber: 3,
  itemIndex: 4,
  from: BOB,
  amount: 1n,
};
const DEPOSIT_HEX = `01 01 03000000 04000000 ${hex("b0")} ${ONE_U128}`;
const TIMESTAMP_HEX = "00 00 03000000 0500000000000000";

const ownTypes = [
  codecCase({
    name: "prologueItem deposit",
    codec: prologueItem,
    any: any.anyPrologueItem,
    golden: [DEPOSIT, DEPOSIT_HEX],
    variantAt: [0, 1],
  }),
  codecCase({
    name: "prologueItem timestamp",
    codec: prologueItem,
    any: any.anyPrologueItem,
    golden: [TIMESTAMP, TIMESTAMP_HEX],
  }),
  codecCase({
    name: "prologueItems",
    codec: prologueItems,
    any: fc.array(any.anyPrologueItem, { maxLength: 5 }),
    golden: [[TIMESTAMP, DEPOSIT], `08 ${TIMESTAMP_HEX} ${DEPOSIT_HEX}`],
    compactAt: [0],
  }),
  codecCase({ name: "callOutcome", codec: callOutcome, any: anyOutcome, golden: ["WrongShard", "08"], variantAt: [0] }),
  codecCase({
    name: "receipt",
    codec: receipt,
    any: fc.record({ topHash: any.anyTopHash, outcome: anyOutcome }),
    golden: [{ topHash: topHash(fill(1)), outcome: "InvalidNonce" }, `${hex("01")} 03`],
    variantAt: [32],
  }),
  codecCase({
    name: "receipts",
    codec: receipts,
    any: fc.array(fc.record({ topHash: any.anyTopHash, outcome: anyOutcome }), { maxLength: 5 }),
    golden: [[{ topHash: topHash(fill(1)), outcome: "Success" }], `04 ${hex("01")} 00`],
    compactAt: [0],
  }),
  codecCase({
    name: "payoutStatus",
    codec: payoutStatus,
    any: anyPayoutStatus,
    golden: [{ type: "failed", value: { blockNumber: 2n } }, "03 0200000000000000"],
    variantAt: [0],
  }),
  codecCase({
    name: "payout",
    codec: payout,
    any: fc.record({
      id: any.anyU64,
      chain: any.anyParentchain,
      beneficiary: any.anyAccount,
      amount: any.anyU128,
      blockNumber: any.anyU64,
      status: anyPayoutStatus,
    }),
    golden: [
      { id: 1n, chain: "TargetA", beneficiary: BOB, amount: 1n, blockNumber: 2n, status: plain("queued") },
      `0100000000000000 01 ${hex("b0")} ${ONE_U128} 0200000000000000 00`,
    ],
    variantAt: [8, 65],
  }),
];

describe("codecs of envelopes and of our own types", () => {
  for (const one of [...envelopes, ...ownTypes]) describeCodec(one);
});
