import * as fc from "fast-check";
import { describe } from "vitest";
import {
  accountId,
  blockHash,
  enclaveFingerprint,
  h256,
  shardIdentifier,
  topHash,
} from "../../src/primitives/branded.ts";
import { accountInfo, NEW_LOGIC_FLAG } from "../../src/types/account_info.ts";
import { directRequestStatus } from "../../src/types/direct_request_status.ts";
import { getter, publicGetter, trustedGetter, trustedGetterSigned } from "../../src/types/getter.ts";
import { accountIdCodec, h256Codec } from "../../src/types/ids.ts";
import {
  multiEnclave,
  sgxAttestationMethod,
  sgxBuildMode,
  type SgxEnclave,
  sgxStatus,
} from "../../src/types/multi_enclave.ts";
import { enclaveSignature, multiSignature } from "../../src/types/multi_signature.ts";
import { parentchainId } from "../../src/types/parentchain_id.ts";
import { parentchainInfo, parentchainsInfo } from "../../src/types/parentchains_info.ts";
import { payout, payoutStatus } from "../../src/types/payout.ts";
import { prologueItem, prologueItems } from "../../src/types/prologue_item.ts";
import { callOutcome, receipt, receipts } from "../../src/types/receipt.ts";
import { request } from "../../src/types/request.ts";
import { rpcReturnValue } from "../../src/types/rpc_return_value.ts";
import { shardConfig, upgradableShardConfig } from "../../src/types/shard_config.ts";
import { shardSignerStatus, shardStatus } from "../../src/types/shard_signer_status.ts";
import { shardVault } from "../../src/types/shard_vault.ts";
import { sidechainBlockConfirmation } from "../../src/types/sidechain_block_confirmation.ts";
import { trustedCall } from "../../src/types/trusted_call.ts";
import { trustedCallSigned } from "../../src/types/trusted_call_signed.ts";
import { trustedOperation } from "../../src/types/trusted_operation.ts";
import { trustedOperationStatus } from "../../src/types/trusted_operation_status.ts";
import * as any from "./arbitraries.ts";
import { codecCase, describeCodec } from "./codec_suite.ts";

const fill = (byte: number, length = 32) => new Uint8Array(length).fill(byte);
const hex = (byte: string, length = 32) => byte.repeat(length);
const plain = <Name extends string>(type: Name) => ({ type, value: undefined });
const ONE_U128 = "01" + hex("00", 15);
const ALICE = accountId(fill(0xa1));
const BOB = accountId(fill(0xb0));
const SHARD = shardIdentifier(fill(0x55));
const SIGNATURE = { type: "Sr25519" as const, value: fill(0x77, 64) };

const ids = [
  codecCase({ name: "h256Codec", codec: h256Codec, any: any.anyH256, golden: [h256(fill(3)), hex("03")] }),
  codecCase({ name: "accountIdCodec", codec: accountIdCodec, any: any.anyAccount, golden: [ALICE, hex("a1")] }),
  codecCase({
    name: "parentchainId",
    codec: parentchainId,
    any: any.anyParentchain,
    golden: ["TargetB", "02"],
    variantAt: [0],
  }),
  codecCase({
    name: "multiSignature",
    codec: multiSignature,
    any: any.anySignature,
    golden: [{ type: "Ecdsa", value: fill(9, 65) }, "02" + hex("09", 65)],
    variantAt: [0],
  }),
  codecCase({
    name: "enclaveSignature",
    codec: enclaveSignature,
    any: any.anyEnclaveSignature,
    golden: [{ type: "Ed25519", value: fill(9, 64) }, "00" + hex("09", 64)],
    variantAt: [0],
  }),
];

const SIGNED_CALL = {
  call: { type: "balance_transfer" as const, value: { from: ALICE, to: BOB, amount: 1n } },
  nonce: 258,
  delegate: undefined,
  signature: SIGNATURE,
};
const SIGNED_CALL_HEX = `02 ${hex("a1")} ${hex("b0")} ${ONE_U128} 02010000 00 01 ${hex("77", 64)}`;

const calls = [
  codecCase({
    name: "trustedCall noop",
    codec: trustedCall,
    any: any.anyCall,
    golden: [{ type: "noop", value: { sender: ALICE } }, `00 ${hex("a1")}`],
    variantAt: [0],
  }),
  codecCase({
    name: "trustedCall balance_transfer",
    codec: trustedCall,
    any: any.anyCall,
    golden: [SIGNED_CALL.call, `02 ${hex("a1")} ${hex("b0")} ${ONE_U128}`],
  }),
  codecCase({
    name: "trustedCall balance_unshield",
    codec: trustedCall,
    any: any.anyCall,
    golden: [
      { type: "balance_unshield", value: { from: ALICE, beneficiary: BOB, amount: 1n, shard: SHARD } },
      `03 ${hex("a1")} ${hex("b0")} ${ONE_U128} ${hex("55")}`,
    ],
  }),
  codecCase({
    name: "trustedCall balance_set_balance",
    codec: trustedCall,
    any: any.anyCall,
    golden: [
      { type: "balance_set_balance", value: { root: ALICE, who: BOB, free: 1n, reserved: 256n } },
      `ff ${hex("a1")} ${hex("b0")} ${ONE_U128} 0001${hex("00", 14)}`,
    ],
  }),
  codecCase({
    name: "trustedCallSigned",
    codec: trustedCallSigned,
    any: any.anySignedCall,
    golden: [SIGNED_CALL, SIGNED_CALL_HEX],
    variantAt: [0, 86],
    flagAt: [85],
  }),
  codecCase({
    name: "trustedOperation indirect_call",
    codec: trustedOperation,
    any: fc.oneof(
      any.anySignedCall.map((value) => ({ type: "indirect_call" as const, value })),
      any.anySignedCall.map((value) => ({ type: "direct_call" as const, value })),
      any.anyGetter.map((value) => ({ type: "get" as const, value })),
    ),
    golden: [{ type: "indirect_call", value: SIGNED_CALL }, `00 ${SIGNED_CALL_HEX}`],
    variantAt: [0, 1],
  }),
  codecCase({
    name: "trustedOperation direct_call",
    codec: trustedOperation,
    any: any.anySignedCall.map((value) => ({ type: "direct_call" as const, value })),
    golden: [{ type: "direct_call", value: SIGNED_CALL }, `01 ${SIGNED_CALL_HEX}`],
  }),
  codecCase({
    name: "trustedOperation get",
    codec: trustedOperation,
    any: any.anyGetter.map((value) => ({ type: "get" as const, value })),
    golden: [{ type: "get", value: { type: "public", value: plain("total_issuance") } }, "02 00 01"],
    variantAt: [0, 1, 2],
  }),
];

const SIGNED_GETTER = {
  getter: { type: "account_info" as const, value: { owner: ALICE } },
  delegate: BOB,
  signature: SIGNATURE,
};
const SIGNED_GETTER_HEX = `00 ${hex("a1")} 01 ${hex("b0")} 01 ${hex("77", 64)}`;
const anyTrustedGetter = any.anySignedGetter.map((signed) => signed.getter);

const getters = [
  codecCase({
    name: "publicGetter",
    codec: publicGetter,
    any: fc.constantFrom(plain("some_value"), plain("total_issuance"), plain("parentchains_info")),
    golden: [plain("parentchains_info"), "0a"],
    variantAt: [0],
  }),
  codecCase({
    name: "trustedGetter",
    codec: trustedGetter,
    any: anyTrustedGetter,
    golden: [SIGNED_GETTER.getter, `00 ${hex("a1")}`],
    variantAt: [0],
  }),
  codecCase({
    name: "trustedGetterSigned",
    codec: trustedGetterSigned,
    any: any.anySignedGetter,
    golden: [SIGNED_GETTER, SIGNED_GETTER_HEX],
    variantAt: [0, 66],
    flagAt: [33],
  }),
  codecCase({
    name: "getter",
    codec: getter,
    any: any.anyGetter,
    golden: [{ type: "trusted", value: SIGNED_GETTER }, `01 ${SIGNED_GETTER_HEX}`],
    variantAt: [0],
  }),
  codecCase({
    name: "accountInfo",
    codec: accountInfo,
    any: fc.record({
      nonce: any.anyU32,
      consumers: any.anyU32,
      providers: any.anyU32,
      sufficients: any.anyU32,
      data: fc.record({ free: any.anyU128, reserved: any.anyU128, frozen: any.anyU128, flags: any.anyU128 }),
    }),
    golden: [
      {
        nonce: 1,
        consumers: 2,
        providers: 3,
        sufficients: 4,
        data: { free: 1n, reserved: 0n, frozen: 0n, flags: NEW_LOGIC_FLAG },
      },
      `01000000 02000000 03000000 04000000 ${ONE_U128} ${hex("00")} ${hex("00", 15)}80`,
    ],
  }),
  codecCase({
    name: "parentchainInfo",
    codec: parentchainInfo,
    any: any.anyParentchainInfo,
    golden: [
      {
        id: "TargetA",
        genesisHash: blockHash(fill(1)),
        blockNumber: 5,
        now: undefined,
        creationBlockNumber: undefined,
        creationTimestamp: 6n,
      },
      `01 01${hex("01")} 01 05000000 00 00 01 0600000000000000`,
    ],
    variantAt: [0],
    flagAt: [1, 34, 39, 40, 41],
  }),
  codecCase({
    name: "parentchainsInfo",
    codec: parentchainsInfo,
    any: fc.record({
      integritee: any.anyParentchainInfo,
      targetA: any.anyParentchainInfo,
      targetB: any.anyParentchainInfo,
      shieldingTarget: any.anyParentchain,
    }),
    golden: [
      {
        integritee: emptyInfo("Integritee"),
        targetA: emptyInfo("TargetA"),
        targetB: emptyInfo("TargetB"),
        shieldingTarget: "TargetA",
      },
      `00 0000000000 01 0000000000 02 0000000000 01`,
    ],
    variantAt: [0, 6, 12, 18],
  }),
  codecCase({
    name: "shardVault",
    codec: shardVault,
    any: fc.record({ account: any.anyAccount, parentchain: any.anyParentchain }),
    golden: [{ account: ALICE, parentchain: "Integritee" }, `${hex("a1")} 00`],
    variantAt: [32],
  }),
];

function emptyInfo(id: "Integritee" | "TargetA" | "TargetB") {
  const none = undefined;
  return { id, genesisHash: none, blockNumber: none, now: none, creationBlockNumber: none, creationTimestamp: none };
}

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
    // The answer to `some_value` as PROTOCOL.md §3.6 shows it.
    golden: [
      { value: Uint8Array.of(1, 0x10, 0x2a, 0, 0, 0), doWatch: false, status: plain("Ok") },
      "18 01102a000000 00 00",
    ],
    compactAt: [0],
    flagAt: [7],
    variantAt: [8],
  }),
];

const SIGNER = { signer: ALICE, fingerprint: enclaveFingerprint(fill(2)), lastActivity: 7 };
const SIGNER_HEX = `${hex("a1")} ${hex("02")} 07000000`;
const anySigner = fc.record({ signer: any.anyAccount, fingerprint: any.anyFingerprint, lastActivity: any.anyU32 });
const anyConfig = fc.record({
  enclaveFingerprint: any.anyFingerprint,
  maxInstances: any.optional(any.anyU32),
  authorities: any.optional(fc.array(any.anyAccount, { maxLength: 3 })),
  maintenanceMode: fc.boolean(),
});
const CONFIG = {
  enclaveFingerprint: enclaveFingerprint(fill(2)),
  maxInstances: 3,
  authorities: [ALICE],
  maintenanceMode: true,
};
const CONFIG_HEX = `${hex("02")} 01 03000000 01 04 ${hex("a1")} 01`;
const ENCLAVE: SgxEnclave = {
  reportData: fill(6, 64),
  mrEnclave: enclaveFingerprint(fill(2)),
  mrSigner: fill(4),
  timestamp: 9n,
  url: new TextEncoder().encode("ws"),
  buildMode: "Production",
  attestationMethod: { type: "Skip", value: { proxied: false } },
  status: "Ok",
};
const anyMethod = fc.oneof(
  fc.constant(plain("Ias")),
  fc.record({ proxied: fc.boolean() }).map((value) => ({ type: "Skip" as const, value })),
  fc.record({ proxied: fc.boolean() }).map((value) => ({ type: "Dcap" as const, value })),
);
const anyBuildMode = fc.constantFrom("Debug" as const, "Production" as const);
const anySgxStatus = fc.constantFrom(
  ...["Invalid", "Ok", "GroupOutOfDate", "GroupRevoked", "ConfigurationNeeded"] as const,
);

const parentchainTypes = [
  codecCase({
    name: "sgxAttestationMethod",
    codec: sgxAttestationMethod,
    any: anyMethod,
    golden: [{ type: "Dcap", value: { proxied: true } }, "02 01"],
    variantAt: [0],
    flagAt: [1],
  }),
  codecCase({
    name: "sgxBuildMode",
    codec: sgxBuildMode,
    any: anyBuildMode,
    golden: ["Production", "01"],
    variantAt: [0],
  }),
  codecCase({ name: "sgxStatus", codec: sgxStatus, any: anySgxStatus, golden: ["GroupRevoked", "03"], variantAt: [0] }),
  codecCase({
    name: "multiEnclave",
    codec: multiEnclave,
    any: fc.record({
      reportData: any.bytesOfLength(64),
      mrEnclave: any.anyFingerprint,
      mrSigner: any.bytesOfLength(32),
      timestamp: any.anyU64,
      url: any.optional(any.bytesUpTo(64)),
      buildMode: anyBuildMode,
      attestationMethod: anyMethod,
      status: anySgxStatus,
    }).map((value) => ({ type: "Sgx" as const, value })),
    golden: [
      { type: "Sgx", value: ENCLAVE },
      `00 ${hex("06", 64)} ${hex("02")} ${hex("04")} 0900000000000000 01 08 7773 01 0000 01`,
    ],
    variantAt: [0, 141, 142, 144],
    flagAt: [137, 143],
    compactAt: [138],
  }),
  codecCase({
    name: "shardSignerStatus",
    codec: shardSignerStatus,
    any: anySigner,
    golden: [SIGNER, SIGNER_HEX],
  }),
  codecCase({
    name: "shardStatus",
    codec: shardStatus,
    any: fc.array(anySigner, { maxLength: 10 }),
    golden: [[SIGNER, SIGNER], `08 ${SIGNER_HEX} ${SIGNER_HEX}`],
    compactAt: [0],
  }),
  codecCase({
    name: "shardConfig",
    codec: shardConfig,
    any: anyConfig,
    golden: [CONFIG, CONFIG_HEX],
    flagAt: [32, 37, 71],
    compactAt: [38],
  }),
  codecCase({
    name: "upgradableShardConfig",
    codec: upgradableShardConfig,
    any: fc.record({
      activeConfig: anyConfig,
      pendingUpgrade: any.optional(anyConfig),
      upgradeAt: any.optional(any.anyU32),
    }),
    golden: [
      { activeConfig: CONFIG, pendingUpgrade: undefined, upgradeAt: 1 },
      `${CONFIG_HEX} 00 01 01000000`,
    ],
    flagAt: [72, 73],
  }),
  codecCase({
    name: "sidechainBlockConfirmation",
    codec: sidechainBlockConfirmation,
    any: fc.record({ blockNumber: any.anyU64, blockHeaderHash: any.anyBlockHash }),
    golden: [{ blockNumber: 256n, blockHeaderHash: blockHash(fill(5)) }, `0001000000000000 ${hex("05")}`],
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
  fc.record({ payer: any.anyAccount, eraEnd: any.anyU32 }).map((value) => ({ type: "assigned" as const, value })),
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
    golden: [{ type: "assigned", value: { payer: ALICE, eraEnd: 2 } }, `01 ${hex("a1")} 02000000`],
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

describe("wire codecs", () => {
  for (const one of [...ids, ...calls, ...getters, ...envelopes, ...parentchainTypes, ...ownTypes]) describeCodec(one);
});
