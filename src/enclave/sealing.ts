/**
 * Sealing: what the enclave leaves in the host's hands at rest, encrypted under the platform's sealing key.
 *
 * Layout: magic (8) ‖ MRENCLAVE (32) ‖ random salt (32) ‖ AES-256-GCM ciphertext. Key and nonce are derived from the
 * salt, so none is ever used twice; the associated data name the content, so one file cannot stand in for another.
 *
 * @module
 */
import { aeadOpen, aeadSeal } from "../crypto/aead.ts";
import { hkdfSha256 } from "../crypto/hkdf.ts";
import { randomBytes } from "../crypto/random.ts";
import { concatBytes, equalBytes, startsWithBytes, utf8 } from "../primitives/bytes.ts";
import { err, ok, type Result } from "../primitives/result.ts";

const MAGIC = utf8("IESEAL/1");
const SALT_LENGTH = 32;
const FINGERPRINT_LENGTH = 32;
const HEADER_LENGTH = 8 + FINGERPRINT_LENGTH + SALT_LENGTH;
/** Bytes that sealing adds. */
export const SEALING_OVERHEAD: number = HEADER_LENGTH + 16;

/** Why sealed bytes were refused. */
export type SealError =
  /** Too short, or not sealed bytes at all. */
  | { readonly code: "SealMalformed" }
  /** Sealed by other code: the bundle has changed. `fingerprint` is that of the code that sealed them. */
  | { readonly code: "SealedByOtherCode"; readonly fingerprint: Uint8Array }
  /** Changed since, sealed on another platform, or sealed under another name. */
  | { readonly code: "SealBroken" };

/** Where sealed bytes belong. */
export interface SealContext {
  /** The platform's key for this code. */
  readonly sealingKey: Uint8Array;
  /** Measurement of this code. */
  readonly fingerprint: Uint8Array;
}

function derive(context: SealContext, salt: Uint8Array): { key: Uint8Array; nonce: Uint8Array } {
  const material = hkdfSha256(context.sealingKey, salt, utf8("integritee-edge/seal/1"), 44);
  return { key: material.slice(0, 32), nonce: material.slice(32) };
}

function associated(header: Uint8Array, name: string): Uint8Array {
  return concatBytes(header, utf8(name));
}

/** Seals bytes under a name. */
export async function seal(context: SealContext, name: string, plaintext: Uint8Array): Promise<Uint8Array> {
  const salt = randomBytes(SALT_LENGTH);
  const header = concatBytes(MAGIC, context.fingerprint, salt);
  const { key, nonce } = derive(context, salt);
  const ciphertext = await aeadSeal(key, nonce, associated(header, name), plaintext);
  key.fill(0);
  return concatBytes(header, ciphertext);
}

/** Opens bytes that were sealed under this name, by this code, on this platform. */
export async function unseal(
  context: SealContext,
  name: string,
  sealed: Uint8Array,
): Promise<Result<Uint8Array, SealError>> {
  if (sealed.length < SEALING_OVERHEAD || !startsWithBytes(sealed, MAGIC)) return err({ code: "SealMalformed" });
  const header = sealed.subarray(0, HEADER_LENGTH);
  const fingerprint = header.slice(MAGIC.length, MAGIC.length + FINGERPRINT_LENGTH);
  if (!equalBytes(fingerprint, context.fingerprint)) return err({ code: "SealedByOtherCode", fingerprint });
  const { key, nonce } = derive(context, header.subarray(MAGIC.length + FINGERPRINT_LENGTH));
  const opened = await aeadOpen(key, nonce, associated(header, name), sealed.subarray(HEADER_LENGTH));
  key.fill(0);
  return opened.ok ? ok(opened.value) : err({ code: "SealBroken" });
}
