/**
 * Types of the enclave registry.
 *
 * Source: pallets `primitives/teerex/src/lib.rs`, `primitives/common/src/lib.rs` (c3ac6c1)
 *
 * @module
 */
import type { Variant } from "../../../../codec/codec.ts";
import { concatBytes } from "../../../../primitives/bytes.ts";
import {
  bool,
  boundedBytes,
  byteArray,
  byteVec,
  enumOf,
  namesOf,
  optionOf,
  plainVariant,
  structOf,
  structVariant,
  tupleVariant,
  u16,
  u64,
  vecOf,
} from "../../types/builders.ts";
import { accountId32, h256, type MultiSigner, multiSigner } from "../../types/common.ts";
import type { RuntimeType } from "../../types/runtime_type.ts";

/** Longest URL of an enclave, as in the original pallet. */
export const MAX_URL_LENGTH = 256;
/** Longest attestation proof, as in the original pallet: a DCAP quote fits. */
export const MAX_RA_PROOF_LENGTH = 5000;
/** Longest opaque signer: 64 bytes of report data and room for a key's type. */
const MAX_OPAQUE_SIGNER = 66;
/** Most TCB levels of a platform, far above what Intel publishes. */
const MAX_TCB_LEVELS = 1024;

/** How the enclave was built. */
export type SgxBuildMode = "Debug" | "Production";
/** `SgxBuildMode`. */
export const sgxBuildMode: RuntimeType<SgxBuildMode> = namesOf("teerex_primitives::SgxBuildMode", [
  "Debug",
  "Production",
]);

/** What the quote's verification said of the platform. */
export type SgxStatus = "Invalid" | "Ok" | "GroupOutOfDate" | "GroupRevoked" | "ConfigurationNeeded";
/** `SgxStatus`. */
export const sgxStatus: RuntimeType<SgxStatus> = namesOf("teerex_primitives::SgxStatus", [
  "Invalid",
  "Ok",
  "GroupOutOfDate",
  "GroupRevoked",
  "ConfigurationNeeded",
]);

/** How the enclave proved what it is. */
export type SgxAttestationMethod = Variant<{
  Skip: { readonly proxied: boolean };
  Ias: undefined;
  Dcap: { readonly proxied: boolean };
}>;
/** `SgxAttestationMethod`. */
export const sgxAttestationMethod: RuntimeType<SgxAttestationMethod> = enumOf(
  "teerex_primitives::SgxAttestationMethod",
  {
    Skip: structVariant<{ readonly proxied: boolean }>(0, { proxied: bool }),
    Ias: plainVariant(1),
    Dcap: structVariant<{ readonly proxied: boolean }>(2, { proxied: bool }),
  },
);

const sgxReportData: RuntimeType<{ readonly d: Uint8Array }> = structOf("teerex_primitives::SgxReportData", {
  d: byteArray(64),
});

/** A registered enclave. */
export interface SgxEnclave {
  readonly report_data: { readonly d: Uint8Array };
  readonly mr_enclave: Uint8Array;
  readonly mr_signer: Uint8Array;
  /** When it was attested, in milliseconds since 1970. */
  readonly timestamp: bigint;
  readonly url: Uint8Array | undefined;
  readonly build_mode: SgxBuildMode;
  readonly attestation_method: SgxAttestationMethod;
  readonly status: SgxStatus;
}

const url = byteVec();

/** `SgxEnclave<Vec<u8>>`. */
export const sgxEnclave: RuntimeType<SgxEnclave> = structOf("teerex_primitives::SgxEnclave", {
  report_data: sgxReportData,
  mr_enclave: byteArray(32),
  mr_signer: byteArray(32),
  timestamp: u64,
  url: optionOf(url),
  build_mode: sgxBuildMode,
  attestation_method: sgxAttestationMethod,
  status: sgxStatus,
}, { params: [{ name: "Url", type: url }] });

/** An enclave of any kind; there is one kind. */
export type MultiEnclave = Variant<{ Sgx: SgxEnclave }>;
/** `MultiEnclave<Vec<u8>>`. */
export const multiEnclave: RuntimeType<MultiEnclave> = enumOf("teerex_primitives::MultiEnclave", {
  Sgx: tupleVariant(0, sgxEnclave),
}, { params: [{ name: "Url", type: url }] });

/** Who signs for an enclave. */
export type AnySigner = Variant<{ Opaque: Uint8Array; Known: MultiSigner }>;
/** `AnySigner`. */
export const anySigner: RuntimeType<AnySigner> = enumOf("teerex_primitives::AnySigner", {
  Opaque: tupleVariant(0, boundedBytes(MAX_OPAQUE_SIGNER)),
  Known: tupleVariant(1, multiSigner),
});

/** Name of an enclave that another account registered. */
export interface EnclaveInstanceAddress {
  readonly fingerprint: Uint8Array;
  readonly registrar: Uint8Array;
  readonly signer: AnySigner;
}
/** `EnclaveInstanceAddress<AccountId32>`. */
export const enclaveInstanceAddress: RuntimeType<EnclaveInstanceAddress> = structOf(
  "teerex_primitives::EnclaveInstanceAddress",
  { fingerprint: h256, registrar: accountId32, signer: anySigner },
  { params: [{ name: "AccountId", type: accountId32 }] },
);

interface QeTcb {
  readonly isvsvn: number;
}
const qeTcb: RuntimeType<QeTcb> = structOf("teerex_primitives::QeTcb", { isvsvn: u16 });

/** Identity of Intel's quoting enclave. */
export interface SgxQuotingEnclave {
  readonly issue_date: bigint;
  readonly next_update: bigint;
  readonly miscselect: Uint8Array;
  readonly miscselect_mask: Uint8Array;
  readonly attributes: Uint8Array;
  readonly attributes_mask: Uint8Array;
  readonly mrsigner: Uint8Array;
  readonly isvprodid: number;
  readonly tcb: readonly QeTcb[];
}
/** `SgxQuotingEnclave`. */
export const sgxQuotingEnclave: RuntimeType<SgxQuotingEnclave> = structOf("teerex_primitives::SgxQuotingEnclave", {
  issue_date: u64,
  next_update: u64,
  miscselect: byteArray(4),
  miscselect_mask: byteArray(4),
  attributes: byteArray(16),
  attributes_mask: byteArray(16),
  mrsigner: byteArray(32),
  isvprodid: u16,
  tcb: vecOf(qeTcb, MAX_TCB_LEVELS),
});
/** No quoting enclave known. */
export const EMPTY_QUOTING_ENCLAVE: SgxQuotingEnclave = {
  issue_date: 0n,
  next_update: 0n,
  miscselect: new Uint8Array(4),
  miscselect_mask: new Uint8Array(4),
  attributes: new Uint8Array(16),
  attributes_mask: new Uint8Array(16),
  mrsigner: new Uint8Array(32),
  isvprodid: 0,
  tcb: [],
};

/** How good a platform's patch level is. */
export type TcbStatus =
  | "Unknown"
  | "UpToDate"
  | "SWHardeningNeeded"
  | "ConfigurationAndSWHardeningNeeded"
  | "OutOfDate"
  | "OutOfDateConfigurationNeeded"
  | "Revoked";
const tcbStatus: RuntimeType<TcbStatus> = namesOf("teerex_primitives::TcbStatus", [
  "Unknown",
  "UpToDate",
  "SWHardeningNeeded",
  "ConfigurationAndSWHardeningNeeded",
  "OutOfDate",
  "OutOfDateConfigurationNeeded",
  "Revoked",
]);

interface TcbVersionStatus {
  readonly cpusvn: Uint8Array;
  readonly pcesvn: number;
  readonly tcb_status: TcbStatus;
}
const tcbVersionStatus: RuntimeType<TcbVersionStatus> = structOf("teerex_primitives::TcbVersionStatus", {
  cpusvn: byteArray(16),
  pcesvn: u16,
  tcb_status: tcbStatus,
});

/** Patch levels of a kind of platform. */
export interface SgxTcbInfoOnChain {
  readonly issue_date: bigint;
  readonly next_update: bigint;
  readonly tcb_levels: readonly TcbVersionStatus[];
}
/** `SgxTcbInfoOnChain`. */
export const sgxTcbInfoOnChain: RuntimeType<SgxTcbInfoOnChain> = structOf("teerex_primitives::SgxTcbInfoOnChain", {
  issue_date: u64,
  next_update: u64,
  tcb_levels: vecOf(tcbVersionStatus, MAX_TCB_LEVELS),
});

/** Kind of a platform. */
export const fmspc: RuntimeType<Uint8Array> = byteArray(6);
/** Measurement of an enclave. */
export const enclaveFingerprint: RuntimeType<Uint8Array> = h256;

/** Whether the enclave was registered by another account than its own. */
export function isProxied(enclave: SgxEnclave): boolean {
  const { attestation_method: method } = enclave;
  return method.type !== "Ias" && method.value.proxied;
}

/** Who signs for the enclave: the key in its report, unless another registered it. */
export function instanceSigner(enclave: SgxEnclave): AnySigner {
  const data = enclave.report_data.d;
  return isProxied(enclave)
    ? { type: "Opaque", value: concatBytes(data, new Uint8Array(2)) }
    : { type: "Known", value: { type: "Ed25519", value: data.slice(0, 32) } };
}
