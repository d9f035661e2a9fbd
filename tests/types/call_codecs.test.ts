import * as fc from "fast-check";
import { describe } from "vitest";
import { blockHash, h256 } from "../../src/primitives/branded.ts";
import { accountInfo, NEW_LOGIC_FLAG } from "../../src/types/account_info.ts";
import { getter, publicGetter, trustedGetter, trustedGetterSigned } from "../../src/types/getter.ts";
import { accountIdCodec, h256Codec } from "../../src/types/ids.ts";
import { enclaveSignature, multiSignature } from "../../src/types/multi_signature.ts";
import { parentchainId } from "../../src/types/parentchain_id.ts";
import { parentchainInfo, parentchainsInfo } from "../../src/types/parentchains_info.ts";
import { shardVault } from "../../src/types/shard_vault.ts";
import { trustedCall } from "../../src/types/trusted_call.ts";
import { trustedCallSigned } from "../../src/types/trusted_call_signed.ts";
import { trustedOperation } from "../../src/types/trusted_operation.ts";
import * as any from "./arbitraries.ts";
import { codecCase, describeCodec } from "./codec_suite.ts";
import { ALICE, BOB, fill, hex, ONE_U128, plain, SHARD, SIGNATURE } from "./golden.ts";

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

describe("codecs of calls and getters", () => {
  for (const one of [...ids, ...calls, ...getters]) describeCodec(one);
});
