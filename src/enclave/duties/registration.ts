/**
 * Duty: be registered on the parentchain, and stay so.
 *
 * Source: worker `enclave-runtime/src/attestation.rs#generate_dcap_ra_extrinsic`, `service/src/main_impl.rs` (839eda024)
 * Differs: a sidechain worker of the reference does not renew its registration
 *
 * @module
 */
import { equalBytes, utf8 } from "../../primitives/bytes.ts";
import { type DutyChain, type DutyFinding, type DutyIdentity, NOTHING_TO_DO, SETUP_ERA } from "./duty.ts";

/** Longest URL that the pallet takes, in bytes. */
export const MAX_WORKER_URL_BYTES = 256;
/** Longest proof that the pallet takes, in bytes. */
export const MAX_PROOF_BYTES = 5_000;
/** Age from which a registration is renewed, in ms: half of the 48 h after which anybody may remove it. */
export const RENEW_REGISTRATION_AFTER_MS = 86_400_000n;

/** How the enclave is attested. */
export type RegistrationProof =
  /** Not at all: the chain takes the fingerprint on trust, where it allows that. */
  | { readonly type: "Skip" }
  /** By a DCAP quote whose report data begin with the signer. */
  | { readonly type: "Dcap"; readonly quote: Uint8Array };

/** What is registered. */
export interface Registration {
  /** How the enclave is attested. */
  readonly proof: RegistrationProof;
  /** Where it serves, e.g. `wss://host:port`. */
  readonly url: string;
}

/** Registers if the enclave is not, or with another measurement or address, or long ago. */
export function registrationDuty(
  { metadata, view }: DutyChain,
  { fingerprint }: DutyIdentity,
  { proof, url }: Registration,
): DutyFinding {
  if (!metadata.hasCall("Teerex", "register_sgx_enclave")) return NOTHING_TO_DO;
  const encodedUrl = utf8(url);
  if (encodedUrl.length > MAX_WORKER_URL_BYTES) {
    return { wishes: [], alerts: [{ code: "WorkerUrlTooLong", fields: { length: String(encodedUrl.length) } }] };
  }
  const { enclave, nowMs } = view;
  const isCurrent = enclave !== undefined && equalBytes(enclave.mrEnclave, fingerprint) &&
    enclave.url !== undefined && equalBytes(enclave.url, encodedUrl) &&
    enclave.attestationMethod.type === proof.type &&
    (nowMs === undefined || nowMs - enclave.timestamp < RENEW_REGISTRATION_AFTER_MS);
  if (isCurrent) return NOTHING_TO_DO;
  const evidence = proof.type === "Skip" ? fingerprint : proof.quote;
  if (evidence.length > MAX_PROOF_BYTES) {
    return { wishes: [], alerts: [{ code: "QuoteTooLong", fields: { length: String(evidence.length) } }] };
  }
  const call = metadata.encodeCall("Teerex", "register_sgx_enclave", {
    proof: evidence,
    worker_url: encodedUrl,
    attestation_method: { type: proof.type, value: { proxied: false } },
  });
  return {
    wishes: [{ purpose: "register_sgx_enclave", key: "", call, eraPeriod: SETUP_ERA, by: "enclave" }],
    alerts: [],
  };
}
