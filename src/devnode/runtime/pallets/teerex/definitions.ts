/**
 * Storage, events and errors of the Teerex pallet.
 *
 * Source: pallets `teerex/src/lib.rs` (c3ac6c1)
 *
 * @module
 */
import { defineErrors, defineEvents } from "../../dispatch/event.ts";
import {
  blake2Concat,
  defaultMap,
  defaultValue,
  optionalMap,
  type StorageMap,
  type StorageValue,
} from "../../storage/storage_item.ts";
import { bool, byteVec, optionOf, structVariant, tupleVariant } from "../../types/builders.ts";
import { accountId32 } from "../../types/common.ts";
import {
  EMPTY_QUOTING_ENCLAVE,
  type EnclaveInstanceAddress,
  enclaveInstanceAddress,
  fmspc,
  type MultiEnclave,
  multiEnclave,
  sgxAttestationMethod,
  type SgxQuotingEnclave,
  sgxQuotingEnclave,
  sgxStatus,
  type SgxTcbInfoOnChain,
  sgxTcbInfoOnChain,
} from "./types.ts";

const PALLET = "Teerex";

/** Enclaves by the account that registered them, which is their own. */
export const sovereignEnclaves: StorageMap<Uint8Array, MultiEnclave, undefined> = optionalMap(
  PALLET,
  "SovereignEnclaves",
  blake2Concat(accountId32),
  multiEnclave,
);
/** Enclaves that another account registered. */
export const proxiedEnclaves: StorageMap<EnclaveInstanceAddress, MultiEnclave, undefined> = optionalMap(
  PALLET,
  "ProxiedEnclaves",
  blake2Concat(enclaveInstanceAddress),
  multiEnclave,
);
/** Intel's quoting enclave. */
export const quotingEnclave: StorageValue<SgxQuotingEnclave, never> = defaultValue(
  PALLET,
  "SgxQuotingEnclaveRegistry",
  sgxQuotingEnclave,
  EMPTY_QUOTING_ENCLAVE,
);
/** Patch levels by kind of platform. */
export const tcbInfo: StorageMap<Uint8Array, SgxTcbInfoOnChain, never> = defaultMap(
  PALLET,
  "SgxTcbInfo",
  blake2Concat(fmspc),
  sgxTcbInfoOnChain,
  { issue_date: 0n, next_update: 0n, tcb_levels: [] },
);
/** Whether enclaves of debug builds may register. */
export const allowDebugMode: StorageValue<boolean, never> = defaultValue(PALLET, "SgxAllowDebugMode", bool, false);
/** Whether enclaves may register without proof. */
export const allowSkippingAttestation: StorageValue<boolean, never> = defaultValue(
  PALLET,
  "AllowSkippingAttestation",
  bool,
  false,
);

/** Events of the Teerex pallet. */
export const teerexEvents = defineEvents(PALLET, {
  AddedSgxEnclave: structVariant(0, {
    registered_by: accountId32,
    worker_url: optionOf(byteVec()),
    tcb_status: optionOf(sgxStatus),
    attestation_method: sgxAttestationMethod,
  }),
  RemovedSovereignEnclave: tupleVariant(1, accountId32),
  RemovedProxiedEnclave: tupleVariant(2, enclaveInstanceAddress),
  SgxTcbInfoRegistered: structVariant(3, { fmspc, on_chain_info: sgxTcbInfoOnChain }),
  SgxQuotingEnclaveRegistered: structVariant(4, { quoting_enclave: sgxQuotingEnclave }),
  UpdatedSecurityFlags: structVariant(5, { allow_skipping_attestation: bool, sgx_allow_debug_mode: bool }),
});

/**
 * Errors of the Teerex pallet; from 15 on those of quote verification, in the order of their names.
 *
 * Differs: the detail inside OtherSgxVerifyError is left out; nothing here raises it.
 */
export const teerexErrors = defineErrors(PALLET, {
  EnclaveSignerDecodeError: 0,
  SenderIsNotAttestedEnclave: 1,
  RemoteAttestationVerificationFailed: 2,
  RemoteAttestationIsTooOld: 3,
  SgxModeIsNotAllowed: 4,
  EnclaveIsNotRegistered: 5,
  EnclaveUrlIsTooLong: 6,
  RaProofIsTooLong: 7,
  EmptyEnclaveRegistry: 8,
  CollateralIsInvalid: 9,
  UnregisterActiveEnclaveIsNotAllowed: 10,
  SkippingAttestationIsNotAllowed: 11,
  MissingTcbInfoForFmspc: 12,
  TcbInfoIsOutdated: 13,
  OtherSgxVerifyError: 14,
  CaVerificationFailed: 15,
  CertificateChainIsInvalid: 16,
  CertificateChainIsTooShort: 17,
  CpuSvnDecodingError: 18,
  CpuSvnLengthMismatch: 19,
  CpuSvnOidIsMissing: 20,
  DcapKeyTypeMismatch: 21,
  DcapQuoteDecodingError: 22,
  DcapQuoteIsTooLong: 23,
  DcapQuoteVersionMismatch: 24,
  DerEncodingError: 25,
  EnclaveIdentityDecodingError: 26,
  EnclaveIdentitySignatureIsInvalid: 27,
  FmspcDecodingError: 28,
  FmspcLengthMismatch: 29,
  FmspcOidIsMissing: 30,
  IntelExtensionAmbiguity: 31,
  IntelExtensionCertificateDecodingError: 32,
  IsvEnclaveReportSignatureIsInvalid: 33,
  KeyLengthIsInvalid: 34,
  LeafCertificateParsingError: 35,
  NetscapeDecodingError: 36,
  NetscapeDerError: 37,
  PceSvnDecodingError: 38,
  PceSvnLengthMismatch: 39,
  PceSvnOidIsMissing: 40,
  PckCertFormatMismatch: 41,
  PublicKeyIsInvalid: 42,
  QeHasRejectedEnclave: 43,
  QeReportHashMismatch: 44,
  QuoteBodyDecodingError: 45,
  QuoteBodyIsInvalid: 46,
  QuoteBodyMissing: 47,
  QuoteStatusMissing: 48,
  RsaSignatureIsInvalid: 49,
  SgxReportParsingError: 50,
  TcbInfoIsInvalid: 51,
  TimestampIsInvalid: 52,
  TimestampIsMissing: 53,
});
