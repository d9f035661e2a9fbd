/**
 * The work itself, the same inline and in a nested worker.
 *
 * @module
 */
import { tryDecode } from "../../codec/codec.ts";
import { rsaDecrypt } from "../../crypto/rsa_oaep.ts";
import { verifyTrustedCallSignature, verifyTrustedGetterSignature } from "../../stf/verify_signature.ts";
import { trustedOperation } from "../../types/trusted_operation.ts";
import type { CryptoAnswer, CryptoJob, CryptoKeys } from "./crypto_job.ts";

/** Does one job. */
export async function runCryptoJob(job: CryptoJob, keys: CryptoKeys): Promise<CryptoAnswer> {
  switch (job.type) {
    case "open":
      return await open(job.value, keys);
    case "getter":
      return { type: "verified", value: verifyTrustedGetterSignature(job.value) };
    case "call":
      return { type: "verified", value: verifyTrustedCallSignature(job.value, keys.fingerprint, keys.shard) };
  }
}

async function open(cyphertext: Uint8Array, keys: CryptoKeys): Promise<CryptoAnswer> {
  const plaintext = await rsaDecrypt(keys.shieldingKey, cyphertext);
  if (!plaintext.ok) return { type: "undecipherable", value: undefined };
  const decoded = tryDecode(trustedOperation, plaintext.value);
  if (!decoded.ok) return { type: "undecodable", value: undefined };
  const { type, value } = decoded.value;
  const isSigned = type !== "get" && verifyTrustedCallSignature(value, keys.fingerprint, keys.shard);
  return { type: "opened", value: { operation: plaintext.value, isSigned } };
}
