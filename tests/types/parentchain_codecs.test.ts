import * as fc from "fast-check";
import { describe } from "vitest";
import { blockHash, enclaveFingerprint } from "../../src/primitives/branded.ts";
import {
  multiEnclave,
  sgxAttestationMethod,
  sgxBuildMode,
  type SgxEnclave,
  sgxStatus,
} from "../../src/types/multi_enclave.ts";
import { shardConfig, upgradableShardConfig } from "../../src/types/shard_config.ts";
import { shardSignerStatus, shardStatus } from "../../src/types/shard_signer_status.ts";
import { sidechainBlockConfirmation } from "../../src/types/sidechain_block_confirmation.ts";
import * as any from "./arbitraries.ts";
import { codecCase, describeCodec } from "./codec_suite.ts";
import { ALICE, fill, hex, plain } from "./golden.ts";

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

describe("codecs of parentchain types", () => {
  for (const one of [...parentchainTypes]) describeCodec(one);
});
