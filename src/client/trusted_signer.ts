/**
 * Signing of trusted calls and getters.
 *
 * Source: worker `app-libs/stf/src/trusted_call.rs#TrustedCallSigning` (839eda024)
 *
 * @module
 */
import { type Sr25519Pair, sr25519Sign } from "../crypto/sr25519.ts";
import { type AccountId, accountId, type EnclaveFingerprint, type ShardIdentifier } from "../primitives/branded.ts";
import { equalBytes } from "../primitives/bytes.ts";
import { type Getter, type TrustedGetter, trustedGetterOwner, trustedGetterPayload } from "../types/getter.ts";
import type { MultiSignature } from "../types/multi_signature.ts";
import { type TrustedCall, trustedCallSender } from "../types/trusted_call.ts";
import { trustedCallPayload, type TrustedCallSigned } from "../types/trusted_call_signed.ts";

/** An account that can sign: a key pair, or a wallet that asks its owner. */
export interface TrustedSigner {
  /** The account whose signatures these are. */
  readonly account: AccountId;
  /** Signs the bytes as they are, whatever their length. */
  readonly sign: (payload: Uint8Array) => MultiSignature | Promise<MultiSignature>;
}

/** What a call is signed for, besides itself. */
export interface SigningDomain {
  /** Measurement of the enclave that shall execute the call. */
  readonly fingerprint: EnclaveFingerprint;
  /** Shard on which the call shall execute. */
  readonly shard: ShardIdentifier;
}

/** A signer that holds an sr25519 pair. */
export function sr25519Signer(pair: Sr25519Pair): TrustedSigner {
  return {
    account: accountId(pair.publicKey),
    sign: (payload) => ({ type: "Sr25519", value: sr25519Sign(pair, payload) }),
  };
}

/** Signs a call; a signer other than the call's sender becomes its delegate. @throws {RangeError} On a wrong nonce. */
export async function signTrustedCall(
  call: TrustedCall,
  nonce: number,
  { fingerprint, shard }: SigningDomain,
  signer: TrustedSigner,
): Promise<TrustedCallSigned> {
  const signature = await signer.sign(trustedCallPayload(call, nonce, fingerprint, shard));
  return { call, nonce, delegate: delegateFor(trustedCallSender(call), signer), signature };
}

/** Signs a getter; a signer other than the owner becomes its delegate. */
export async function signTrustedGetter(trusted: TrustedGetter, signer: TrustedSigner): Promise<Getter> {
  const signature = await signer.sign(trustedGetterPayload(trusted));
  const delegate = delegateFor(trustedGetterOwner(trusted), signer);
  return { type: "trusted", value: { getter: trusted, delegate, signature } };
}

function delegateFor(owner: AccountId, signer: TrustedSigner): AccountId | undefined {
  return equalBytes(owner, signer.account) ? undefined : signer.account;
}
