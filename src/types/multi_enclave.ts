/**
 * A registered enclave: value of `Teerex.SovereignEnclaves`.
 *
 * Source: pallets `primitives/teerex/src/lib.rs#MultiEnclave`, `#SgxEnclave`
 *
 * @module
 */
import { bool, bytes, bytesOf, type Codec, option, struct, u64, unit, type Variant, variant } from "../codec/codec.ts";
import { type AccountId, accountId, type EnclaveFingerprint } from "../primitives/branded.ts";
import { enumeration } from "../codec/enumeration.ts";
import { enclaveFingerprintCodec } from "./ids.ts";

/** Most bytes of an enclave's url: the pallet's own bound. */
export const MAX_ENCLAVE_URL_BYTES = 256;

/** Whether an enclave can be debugged. */
export type SgxBuildMode = "Debug" | "Production";

/** What the attestation said of the platform. */
export type SgxStatus = "Invalid" | "Ok" | "GroupOutOfDate" | "GroupRevoked" | "ConfigurationNeeded";

/** Whether somebody else registered the enclave. */
export interface Proxied {
  /** True if the registrar is not the enclave. */
  readonly proxied: boolean;
}

/** How an enclave was attested. */
export type SgxAttestationMethod = Variant<{ Skip: Proxied; Ias: undefined; Dcap: Proxied }>;

/** A registered SGX enclave; the fields are in wire order. */
export interface SgxEnclave {
  /** 64 bytes of the quote; the first 32 are the enclave's Ed25519 key. */
  readonly reportData: Uint8Array;
  /** Measurement of the enclave. */
  readonly mrEnclave: EnclaveFingerprint;
  /** 32 bytes that name who signed the enclave's binary. */
  readonly mrSigner: Uint8Array;
  /** When the quote was made, ms since the epoch. */
  readonly timestamp: bigint;
  /** Where its trusted RPC listens, as UTF-8; at most {@linkcode MAX_ENCLAVE_URL_BYTES}. */
  readonly url: Uint8Array | undefined;
  /** Whether it can be debugged. */
  readonly buildMode: SgxBuildMode;
  /** How it was attested. */
  readonly attestationMethod: SgxAttestationMethod;
  /** What the attestation said. */
  readonly status: SgxStatus;
}

/** A registered enclave. */
export type MultiEnclave = Variant<{ Sgx: SgxEnclave }>;

/** SCALE codec of {@linkcode SgxBuildMode}. */
export const sgxBuildMode: Codec<SgxBuildMode> = enumeration({ Debug: 0, Production: 1 });

/** SCALE codec of {@linkcode SgxStatus}. */
export const sgxStatus: Codec<SgxStatus> = enumeration({
  Invalid: 0,
  Ok: 1,
  GroupOutOfDate: 2,
  GroupRevoked: 3,
  ConfigurationNeeded: 4,
});

const proxied = struct<Proxied>({ proxied: bool });

/** SCALE codec of {@linkcode SgxAttestationMethod}. */
export const sgxAttestationMethod: Codec<SgxAttestationMethod> = variant<
  { Skip: Proxied; Ias: undefined; Dcap: Proxied }
>({
  Skip: [0, proxied],
  Ias: [1, unit],
  Dcap: [2, proxied],
});

/** SCALE codec of {@linkcode SgxEnclave}. */
export const sgxEnclave: Codec<SgxEnclave> = struct<SgxEnclave>({
  reportData: bytesOf(64),
  mrEnclave: enclaveFingerprintCodec,
  mrSigner: bytesOf(32),
  timestamp: u64,
  url: option(bytes(MAX_ENCLAVE_URL_BYTES)),
  buildMode: sgxBuildMode,
  attestationMethod: sgxAttestationMethod,
  status: sgxStatus,
});

/** SCALE codec of {@linkcode MultiEnclave}. */
export const multiEnclave: Codec<MultiEnclave> = variant<{ Sgx: SgxEnclave }>({ Sgx: [0, sgxEnclave] });

/** The account of a sovereign enclave, or undefined if it was registered by somebody else. */
export function sovereignEnclaveAccount(enclave: SgxEnclave): AccountId | undefined {
  const method = enclave.attestationMethod;
  if (method.type !== "Ias" && method.value.proxied) return undefined;
  return accountId(enclave.reportData.slice(0, 32));
}
