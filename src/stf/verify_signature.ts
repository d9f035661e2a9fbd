/**
 * Who has signed a call or a getter.
 *
 * Source: worker `app-libs/stf/src/helpers.rs#wrap_bytes`, `trusted_call.rs#TrustedCallVerification` (839eda024)
 * Vectors: `tests/types/vectors/wire.json` (V1, V2)
 *
 * @module
 */
import { verifyMultiSignature } from "../crypto/multi_signature.ts";
import type { AccountId, EnclaveFingerprint, ShardIdentifier } from "../primitives/branded.ts";
import { concatBytes, utf8 } from "../primitives/bytes.ts";
import { trustedGetterOwner, trustedGetterPayload, type TrustedGetterSigned } from "../types/getter.ts";
import type { MultiSignature } from "../types/multi_signature.ts";
import { trustedCallPayload, type TrustedCallSigned, trustedCallSigner } from "../types/trusted_call_signed.ts";

const OPENING = utf8("<Bytes>");
const CLOSING = utf8("</Bytes>");

/** Whether the account signed the payload, as it is or as browser wallets wrap it: `<Bytes>` ‖ payload ‖ `</Bytes>`. */
export function verifyRawOrWrapped(signature: MultiSignature, payload: Uint8Array, account: AccountId): boolean {
  return verifyMultiSignature(signature, payload, account) ||
    verifyMultiSignature(signature, concatBytes(OPENING, payload, CLOSING), account);
}

/** Whether a call carries the signature of its delegate, or else of its sender, for this enclave and shard. */
export function verifyTrustedCallSignature(
  signed: TrustedCallSigned,
  fingerprint: EnclaveFingerprint,
  shard: ShardIdentifier,
): boolean {
  const payload = trustedCallPayload(signed.call, signed.nonce, fingerprint, shard);
  return verifyRawOrWrapped(signed.signature, payload, trustedCallSigner(signed));
}

/** Whether a getter carries the signature of its delegate, or else of its owner. */
export function verifyTrustedGetterSignature(signed: TrustedGetterSigned): boolean {
  const signer = signed.delegate ?? trustedGetterOwner(signed.getter);
  return verifyRawOrWrapped(signed.signature, trustedGetterPayload(signed.getter), signer);
}
