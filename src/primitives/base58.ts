/**
 * Base58 with the Bitcoin alphabet and without checksum: the text form of shards and fingerprints.
 *
 * Source: worker `cli/src/trusted_cli.rs` and `service/src/main_impl.rs` (839eda024) use the `base58` crate
 *
 * @module
 */

const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/** Longest text that is decoded: decoding is quadratic, and nothing here is longer than 64 bytes. */
export const MAX_BASE58_LENGTH = 128;

/** Encodes bytes as base58. */
export function encodeBase58(bytes: Uint8Array): string {
  const digits: number[] = [];
  for (const byte of bytes) {
    let carry = byte;
    for (let i = 0; i < digits.length; i++) {
      carry += (digits[i] as number) << 8;
      digits[i] = carry % 58;
      carry = (carry / 58) | 0;
    }
    while (carry > 0) {
      digits.push(carry % 58);
      carry = (carry / 58) | 0;
    }
  }
  let text = "";
  for (let i = 0; i < bytes.length && bytes[i] === 0; i++) text += ALPHABET[0];
  for (let i = digits.length - 1; i >= 0; i--) text += ALPHABET[digits[i] as number];
  return text;
}

/**
 * Decodes base58 text.
 *
 * @throws {TypeError} If a character is outside the alphabet.
 * @throws {RangeError} If the text is longer than {@linkcode MAX_BASE58_LENGTH}.
 */
export function decodeBase58(text: string): Uint8Array {
  if (text.length > MAX_BASE58_LENGTH) {
    throw new RangeError(`Cannot decode base58: ${text.length} characters, at most ${MAX_BASE58_LENGTH}`);
  }
  const bytes: number[] = [];
  for (const character of text) {
    let carry = ALPHABET.indexOf(character);
    if (carry < 0) throw new TypeError(`Cannot decode base58: character "${character}" is not in the alphabet`);
    for (let i = 0; i < bytes.length; i++) {
      carry += (bytes[i] as number) * 58;
      bytes[i] = carry & 0xff;
      carry >>= 8;
    }
    while (carry > 0) {
      bytes.push(carry & 0xff);
      carry >>= 8;
    }
  }
  for (let i = 0; i < text.length && text[i] === ALPHABET[0]; i++) bytes.push(0);
  return new Uint8Array(bytes.reverse());
}
