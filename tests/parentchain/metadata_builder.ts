/**
 * Metadata of a small runtime for tests: the pallets that the follower and the duties name, with indices at will.
 *
 * @module
 */
import { concatBytes, utf8 } from "../../src/primitives/bytes.ts";
import { compactU32, u128, u16, u32 } from "../../src/codec/codec.ts";
import { encodeMetadata, map, type PalletSpec, plain, type TestRuntimeOptions } from "./metadata_encode.ts";
import { type Field, toField, type TypeEntry, Types, variantDef, type Variants } from "./metadata_types.ts";

export type { TestRuntimeOptions };

/** Encoded metadata of the test runtime. */
export function buildTestMetadata(options: TestRuntimeOptions = {}): Uint8Array {
  const { version = 14, permuted = false, specVersion = 410, grandpa = true } = options;
  const t = new Types();
  const at = (index: number): number => permuted ? (index * 7 + 3) % 256 : index;
  const ix = (index: number): number => permuted ? 40 - index : index;
  const u8 = t.primitive("u8");
  const U32 = t.primitive("u32");
  const U64 = t.primitive("u64");
  const U128 = t.primitive("u128");
  const bool = t.primitive("bool");
  const str = t.primitive("str");
  const bytes = t.sequence(u8);
  const b32 = t.array(u8, 32);
  const account = t.struct(["sp_core", "crypto", "AccountId32"], [undefined, b32]);
  const h256 = t.struct(["primitive_types", "H256"], [undefined, b32]);
  const unit = t.tuple();
  const address = t.variants(["sp_runtime", "multiaddress", "MultiAddress"], {
    Id: [0, [undefined, account]],
    Index: [1, [undefined, t.compact(U32)]],
    Raw: [2, [undefined, bytes]],
  });
  const signature = t.variants(["sp_runtime", "MultiSignature"], {
    Ed25519: [0, [undefined, t.array(u8, 64)]],
    Sr25519: [1, [undefined, t.array(u8, 64)]],
    Ecdsa: [2, [undefined, t.array(u8, 65)]],
  });
  const moduleError = t.struct(["sp_runtime", "ModuleError"], ["index", u8], ["error", t.array(u8, 4)]);
  const dispatchError = t.variants(["sp_runtime", "DispatchError"], {
    Other: [0],
    CannotLookup: [1],
    BadOrigin: [2],
    Module: [3, [undefined, moduleError]],
  });
  const result = t.add("Result", variantDef({ Ok: [0, [undefined, unit]], Err: [1, [undefined, dispatchError]] }), [
    "Result",
  ], [{ name: "T", type: unit }, { name: "E", type: dispatchError }]);
  const proxyType = t.variants(["ProxyType"], { Any: [0], NonTransfer: [1], Governance: [2], CancelProxy: [3] });
  const shardConfig = t.struct(
    ["ShardConfig"],
    ["enclave_fingerprint", h256],
    ["max_instances", t.option(U32)],
    ["authorities", t.option(t.sequence(account))],
    ["maintenance_mode", bool],
  );
  const upgradable = t.struct(
    ["UpgradableShardConfig"],
    ["active_config", shardConfig],
    ["pending_upgrade", t.option(shardConfig)],
    ["upgrade_at", t.option(U32)],
  );
  const attestation = t.variants(["SgxAttestationMethod"], {
    Skip: [0, ["proxied", bool]],
    Ias: [1],
    Dcap: [2, ["proxied", bool]],
  });
  const reportData = t.struct(["SgxReportData"], ["d", t.array(u8, 64)]);
  const sgxEnclave = t.struct(
    ["SgxEnclave"],
    ["report_data", reportData],
    ["mr_enclave", h256],
    ["mr_signer", h256],
    ["timestamp", U64],
    ["url", t.option(bytes)],
    ["build_mode", t.variants(["SgxBuildMode"], { Debug: [0], Production: [1] })],
    ["attestation_method", attestation],
    ["status", t.variants(["SgxStatus"], { Invalid: [0], Ok: [1] })],
  );
  const multiEnclave = t.variants(["MultiEnclave"], { Sgx: [0, [undefined, sgxEnclave]] });
  const signer = t.struct(["ShardSignerStatus"], ["signer", account], ["fingerprint", h256], ["last_activity", U32]);
  const confirmation = t.struct(["SidechainBlockConfirmation"], ["block_number", U64], ["block_header_hash", h256]);
  const request = t.struct(["Request"], ["shard", h256], ["cyphertext", bytes]);
  const accountData = t.struct(
    ["AccountData"],
    ["free", U128],
    ["reserved", U128],
    ["frozen", U128],
    ["flags", U128],
  );
  const accountInfo = t.struct(
    ["AccountInfo"],
    ["nonce", U32],
    ["consumers", U32],
    ["providers", U32],
    ["sufficients", U32],
    ["data", accountData],
  );
  const runtimeVersion = t.struct(
    ["RuntimeVersion"],
    ["spec_name", str],
    ["impl_name", str],
    ["authoring_version", U32],
    ["spec_version", U32],
    ["impl_version", U32],
    ["apis", t.sequence(t.tuple(t.array(u8, 8), U32))],
    ["transaction_version", U32],
    ["system_version", u8],
  );
  const upgradeInfo = t.struct(["LastRuntimeUpgradeInfo"], ["spec_version", t.compact(U32)], ["spec_name", str]);
  const scheme = options.auraEd25519 === true ? "ed25519" : "sr25519";
  const auraId = t.struct(["sp_consensus_aura", scheme, `app_${scheme}`, "Public"], [undefined, b32]);
  const boundedAura = t.struct(["bounded_collections", "BoundedVec"], [undefined, t.sequence(auraId)]);
  const grandpaId = t.struct(["sp_consensus_grandpa", "app", "Public"], [undefined, b32]);
  const proxyDefinition = t.struct(
    ["ProxyDefinition"],
    ["delegate", account],
    ["proxy_type", proxyType],
    ["delay", U32],
  );
  // Calls contain calls: the id must be known before the body is.
  const runtimeCall = t.add("RuntimeCall", undefined, ["runtime", "RuntimeCall"]);
  const compact128 = t.compact(U128);
  const empty = new Uint8Array([0]);
  const versionValue = concatBytes(
    text("integritee-solo"),
    text("test"),
    u32.encode(1),
    u32.encode(specVersion),
    u32.encode(1),
    empty,
    u32.encode(8),
    new Uint8Array([1]),
  );
  const pallets: PalletSpec[] = [
    {
      name: "System",
      index: at(0),
      storage: [
        map("Account", account, accountInfo, new Uint8Array(80)),
        plain("LastRuntimeUpgrade", upgradeInfo),
      ],
      calls: { remark: [ix(0), ["remark", bytes]] },
      events: {
        ExtrinsicSuccess: [ix(0), ["dispatch_info", U32]],
        ExtrinsicFailed: [ix(1), ["dispatch_error", dispatchError]],
      },
      constants: [["Version", runtimeVersion, versionValue], ["SS58Prefix", t.primitive("u16"), u16.encode(13)]],
    },
    {
      name: "Timestamp",
      index: at(3),
      storage: [plain("Now", U64, new Uint8Array(8))],
      calls: { set: [ix(0), ["now", t.compact(U64)]] },
    },
    { name: "Aura", index: at(23), storage: [plain("Authorities", boundedAura, empty)] },
    ...(grandpa
      ? [{
        name: "Grandpa",
        index: at(24),
        storage: [
          plain("CurrentSetId", U64, new Uint8Array(8)),
          plain("Authorities", t.sequence(t.tuple(grandpaId, U64)), empty),
        ],
      }]
      : []),
    {
      name: "Balances",
      index: at(10),
      calls: { transfer_keep_alive: [ix(3), ["dest", address], ["value", compact128]] },
      events: { Transfer: [ix(2), ["from", account], ["to", account], ["amount", U128]] },
      errors: { InsufficientBalance: [2] },
      constants: [["ExistentialDeposit", U128, u128.encode(500n)]],
    },
    {
      name: "Proxy",
      index: at(7),
      storage: [map("Proxies", account, t.tuple(t.sequence(proxyDefinition), U128), new Uint8Array(17))],
      calls: {
        proxy: [ix(0), ["real", address], ["force_proxy_type", t.option(proxyType)], ["call", runtimeCall]],
        add_proxy: [ix(1), ["delegate", address], ["proxy_type", proxyType], ["delay", U32]],
      },
      events: { ProxyExecuted: [ix(0), ["result", result]] },
      constants: [
        ["ProxyDepositBase", U128, u128.encode(20_008_000_000_000n)],
        ["ProxyDepositFactor", U128, u128.encode(33_000_000_000n)],
      ],
    },
    { name: "Utility", index: at(9), calls: { batch: [ix(0), ["calls", t.sequence(runtimeCall)]] } },
    {
      name: "Teerex",
      index: at(50),
      storage: [map("SovereignEnclaves", account, multiEnclave)],
      calls: {
        register_sgx_enclave: [
          ix(0),
          ["proof", bytes],
          ["worker_url", t.option(bytes)],
          ["attestation_method", attestation],
        ],
      },
      constants: [["MaxAttestationRenewalPeriod", U64, new Uint8Array(8)]],
    },
    {
      name: "Sidechain",
      index: at(53),
      storage: [map("LatestSidechainBlockConfirmation", h256, confirmation)],
      calls: {
        confirm_imported_sidechain_block: [
          ix(0),
          ["shard", h256],
          ["latest_finalized_ancestor", t.option(confirmation)],
          ["finalization_candidate", confirmation],
        ],
      },
    },
    {
      name: "EnclaveBridge",
      index: at(54),
      storage: [
        map("ShardStatus", h256, t.struct(["BoundedVec"], [undefined, t.sequence(signer)])),
        map("ShardConfigRegistry", h256, upgradable),
      ],
      calls: {
        invoke: [ix(0), ["request", request]],
        confirm_processed_parentchain_block: [
          ix(1),
          ["shard", h256],
          ["block_hash", h256],
          ["block_number", U32],
          ["trusted_calls_merkle_root", h256],
        ],
        shield_funds: [ix(2), ["shard", h256], ["incognito_account_encrypted", bytes], ["amount", U128]],
        update_shard_config: [ix(5), ["shard", h256], ["shard_config", shardConfig], ["enactment_delay", U32]],
      },
    },
  ];
  const outer = (kind: "calls" | "events" | "errors"): Variants =>
    Object.fromEntries(
      pallets.filter((pallet) => pallet[kind] !== undefined).map((pallet) => {
        const type = t.variants([`pallet_${pallet.name}`, "pallet", kind], pallet[kind] as Variants);
        return [pallet.name, [pallet.index, [undefined, type]]];
      }),
    );
  (t.entries[runtimeCall] as TypeEntry).def = variantDef(outer("calls"));
  const runtimeEvent = t.variants(["runtime", "RuntimeEvent"], outer("events"));
  const runtimeError = t.variants(["runtime", "RuntimeError"], outer("errors"));
  const phase = t.variants(["Phase"], {
    ApplyExtrinsic: [0, [undefined, U32]],
    Finalization: [1],
    Initialization: [2],
  });
  const recordFields: Field[] = [["phase", phase], ["event", runtimeEvent], ["topics", t.sequence(h256)]];
  const record = t.add(
    "EventRecord",
    { tag: "composite", value: recordFields.map(toField) },
    ["frame_system", "EventRecord"],
    [{ name: "E", type: runtimeEvent }, { name: "T", type: h256 }],
  );
  (pallets[0]?.storage as unknown[]).push(plain("Events", t.sequence(record), empty));
  return encodeMetadata(t, pallets, { version, address, signature, runtimeCall, runtimeEvent, runtimeError }, options);
}

function text(value: string): Uint8Array {
  return concatBytes(compactU32.encode(value.length), utf8(value));
}
