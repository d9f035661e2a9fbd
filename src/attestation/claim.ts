/**
 * The claim that a quote is about, and its place in the report data.
 *
 * @module
 */
import { bytesOf, type Codec, mapped, struct, u8, type Variant, variant } from "../codec/codec.ts";
import { blake2_256 } from "../crypto/blake2.ts";
import type { AccountId, H256 } from "../primitives/branded.ts";
import { concatBytes, utf8 } from "../primitives/bytes.ts";
import { h256Codec } from "../types/ids.ts";
import { type KeyStatement, keyStatement } from "./key_statement.ts";

/** Which end of a provisioning connection an enclave is. */
export const PROVISIONING_ROLES = ["provider", "requester"] as const;
/** One of {@linkcode PROVISIONING_ROLES}. */
export type ProvisioningRole = (typeof PROVISIONING_ROLES)[number];

/** A claim that binds a quote to one provisioning connection. */
export interface ProvisioningClaim {
  /** SHA-256 of the SubjectPublicKeyInfo of this end's TLS certificate. */
  readonly spkiHash: H256;
  readonly role: ProvisioningRole;
  /** 32 bytes that the other end drew for this connection. */
  readonly peerNonce: Uint8Array;
}

const provisioningRole: Codec<ProvisioningRole> = mapped(u8, (index) => {
  const role = PROVISIONING_ROLES[index];
  if (role === undefined) throw new RangeError(`Cannot read provisioning role ${index}`);
  return role;
}, (role) => PROVISIONING_ROLES.indexOf(role));

/** SCALE codec of {@linkcode ProvisioningClaim}. */
export const provisioningClaim: Codec<ProvisioningClaim> = struct({
  spkiHash: h256Codec,
  role: provisioningRole,
  peerNonce: bytesOf(32),
});

/** What a quote can be about. */
export type Claim = Variant<{
  /** The enclave's keys, for clients and peers. */
  KeyStatement: KeyStatement;
  /** One provisioning connection. */
  Provisioning: ProvisioningClaim;
}>;

/** SCALE codec of {@linkcode Claim}. */
export const claim: Codec<Claim> = variant({ KeyStatement: [0, keyStatement], Provisioning: [1, provisioningClaim] });

/**
 * The 64 bytes of report data: signer, then the hash of the claim.
 *
 * Source: pallets `teerex/sgx-verify/src/lib.rs` reads the signer from the first 32 bytes
 * Differs: the other 32 bytes, empty in the reference, bind a claim: keys, certificate and validity.
 */
export function computeReportData(signer: AccountId, about: Claim): Uint8Array {
  return concatBytes(signer, blake2_256(concatBytes(utf8("integritee-edge/report/1"), claim.encode(about))));
}
