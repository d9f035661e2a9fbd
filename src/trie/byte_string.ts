/**
 * Byte strings: bytes as JavaScript text, one character a byte. An engine keeps such a text in one byte a character and
 * a header of 16 bytes, where a byte array takes about 200 bytes besides its content; a state has millions of them. They
 * are compared and ordered natively, and can be keys of a `Map`.
 *
 * @module
 */

/** Bytes turned into text by one call: all of them are its arguments, and arguments lie on the stack. */
const SLICE_BYTES = 8192;

/** The text of bytes. */
export function toByteString(bytes: Uint8Array): string {
  if (bytes.length <= SLICE_BYTES) return textOf(bytes);
  let text = "";
  for (let i = 0; i < bytes.length; i += SLICE_BYTES) text += textOf(bytes.subarray(i, i + SLICE_BYTES));
  return text;
}

function textOf(bytes: Uint8Array): string {
  return String.fromCharCode.apply(null, bytes as unknown as number[]);
}

/** The bytes of a text, from one position to another. */
export function fromByteString(text: string, from = 0, to: number = text.length): Uint8Array {
  const bytes = new Uint8Array(to - from);
  writeByteString(text, bytes, 0, from, to);
  return bytes;
}

/** Writes the bytes of a text, from one position to another, into `target` at `at`. */
export function writeByteString(text: string, target: Uint8Array, at: number, from: number, to: number): void {
  for (let i = from; i < to; i++) target[at + i - from] = text.charCodeAt(i);
}
