/**
 * Hexadecimal text, the form bytes take at the JSON edge.
 *
 * @module
 */

/** Text of bytes in lower-case hexadecimal with the `0x` prefix. */
export type Hex = `0x${string}`;

const DIGITS: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Encodes bytes as `0x` and lower-case digits. */
export function toHex(bytes: Uint8Array): Hex {
  let text = "";
  for (const byte of bytes) text += DIGITS[byte];
  return `0x${text}`;
}

/**
 * Decodes hexadecimal text of either case, with or without `0x`.
 *
 * Source: worker `core-primitives/utils/src/hex.rs#FromHexPrefixed` (839eda024)
 *
 * @throws {TypeError} If the text has an odd number of digits or another character.
 */
export function fromHex(text: string): Uint8Array {
  const start = text.startsWith("0x") ? 2 : 0;
  const digits = text.length - start;
  if (digits % 2 !== 0) throw new TypeError(`Cannot decode hex: odd number of digits ${digits}`);
  const bytes = new Uint8Array(digits / 2);
  for (let i = 0; i < bytes.length; i++) {
    const high = digitOf(text.charCodeAt(start + 2 * i));
    const low = digitOf(text.charCodeAt(start + 2 * i + 1));
    if (high < 0 || low < 0) throw new TypeError(`Cannot decode hex: no digit at position ${start + 2 * i}`);
    bytes[i] = (high << 4) | low;
  }
  return bytes;
}

function digitOf(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  if (code >= 97 && code <= 102) return code - 87;
  if (code >= 65 && code <= 70) return code - 55;
  return -1;
}
