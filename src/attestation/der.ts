/**
 * A reader of DER, strict and just wide enough for X.509 certificates and revocation lists: one-byte tags, definite and shortest lengths.
 *
 * @module
 */

/** One element: tag, the whole of it, and its content. */
export interface DerElement {
  readonly tag: number;
  /** Tag, length and content, as a view. */
  readonly whole: Uint8Array;
  /** The content alone, as a view. */
  readonly content: Uint8Array;
}

/** The bytes are no DER of the expected form. */
export class DerError extends Error {
  override readonly name = "DerError";
  /** Always the same: a certificate is either readable or not. */
  readonly code = "DerMalformed";
}

/** Tags of the elements that certificates and revocation lists are made of. */
export const DER_TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  enumerated: 0x0a,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  explicit0: 0xa0,
  explicit3: 0xa3,
} as const;

/** Longest length that is read, in bytes of the length field: certificates are below 2^24 bytes. */
const MAX_LENGTH_BYTES = 3;

function readLength(bytes: Uint8Array, at: number): { readonly length: number; readonly start: number } {
  const first = bytes[at];
  if (first === undefined) throw new DerError("Cannot read DER: no length");
  if (first < 0x80) return { length: first, start: at + 1 };
  const size = first & 0x7f;
  if (size === 0 || size > MAX_LENGTH_BYTES) throw new DerError(`Cannot read DER: length of ${size} bytes`);
  let length = 0;
  for (let i = 1; i <= size; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) throw new DerError("Cannot read DER: length cut off");
    length = length * 256 + byte;
  }
  if (length < 0x80 || length < 256 ** (size - 1)) {
    throw new DerError("Cannot read DER: length not in its shortest form");
  }
  return { length, start: at + 1 + size };
}

function readElement(bytes: Uint8Array, at: number): { readonly element: DerElement; readonly end: number } {
  const tag = bytes[at];
  if (tag === undefined) throw new DerError("Cannot read DER: element missing");
  if ((tag & 0x1f) === 0x1f) throw new DerError("Cannot read DER: tag of several bytes");
  const { length, start } = readLength(bytes, at + 1);
  const end = start + length;
  if (end > bytes.length) throw new DerError("Cannot read DER: content cut off");
  return { element: { tag, whole: bytes.subarray(at, end), content: bytes.subarray(start, end) }, end };
}

/** The one element that fills `bytes`. @throws {DerError} If there is none, more, or one of another tag. */
export function readDer(bytes: Uint8Array, tag: number): DerElement {
  const { element, end } = readElement(bytes, 0);
  if (end !== bytes.length) throw new DerError("Cannot read DER: bytes left after the element");
  return expectTag(element, tag);
}

/** The elements inside another's content. @throws {DerError} */
export function readChildren(content: Uint8Array): readonly DerElement[] {
  const children: DerElement[] = [];
  for (let at = 0; at < content.length;) {
    const { element, end } = readElement(content, at);
    children.push(element);
    at = end;
  }
  return children;
}

/** The element, if it is there and of this tag. @throws {DerError} */
export function expectTag(element: DerElement | undefined, tag: number): DerElement {
  if (element?.tag !== tag) throw new DerError(`Cannot read DER: want tag ${tag}, got ${element?.tag ?? "nothing"}`);
  return element;
}

/** A bit string without unused bits, as bytes. @throws {DerError} */
export function readBitString(element: DerElement | undefined): Uint8Array {
  const { content } = expectTag(element, DER_TAG.bitString);
  if (content[0] !== 0) throw new DerError("Cannot read DER: bit string with unused bits");
  return content.subarray(1);
}

/** A boolean; DER knows only 0 and 255. @throws {DerError} */
export function readBoolean(element: DerElement): boolean {
  const { content } = expectTag(element, DER_TAG.boolean);
  if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)) throw new DerError("Cannot read DER: boolean");
  return content[0] === 0xff;
}

/** A non-negative integer in exactly `size` bytes, big endian. @throws {DerError} If it does not fit. */
export function readUnsigned(element: DerElement | undefined, size: number): Uint8Array {
  const { content } = expectTag(element, DER_TAG.integer);
  const [first, second] = content;
  if (first === undefined || first > 0x7f) throw new DerError("Cannot read DER: integer empty or negative");
  if (first === 0 && second !== undefined && second < 0x80) throw new DerError("Cannot read DER: integer padded");
  const digits = first === 0 ? content.subarray(1) : content;
  if (digits.length > size) throw new DerError(`Cannot read DER: integer of ${digits.length} bytes, at most ${size}`);
  const padded = new Uint8Array(size);
  padded.set(digits, size - digits.length);
  return padded;
}

/** A UTCTime or GeneralizedTime in milliseconds since 1970. @throws {DerError} */
export function readTimeMs(element: DerElement | undefined): number {
  if (element === undefined) throw new DerError("Cannot read DER: time missing");
  const text = String.fromCharCode(...element.content);
  if (element.tag === DER_TAG.utcTime && /^\d{12}Z$/u.test(text)) {
    const century = Number(text.slice(0, 2)) < 50 ? "20" : "19";
    return calendarMs(century + text);
  }
  if (element.tag === DER_TAG.generalizedTime && /^\d{14}Z$/u.test(text)) return calendarMs(text);
  throw new DerError("Cannot read DER: time in an unknown form");
}

/**
 * Milliseconds since 1970 of 14 digits `YYYYMMDDHHMMSS`, counted in the proleptic Gregorian calendar.
 *
 * @throws {DerError} If there is no such moment.
 */
export function calendarMs(text: string): number {
  const part = (from: number, to: number) => Number(text.slice(from, to));
  const [year, month, day] = [part(0, 4), part(4, 6), part(6, 8)];
  const [hour, minute, second] = [part(8, 10), part(10, 12), part(12, 14)];
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 59) {
    throw new DerError("Cannot read DER: time out of range");
  }
  // Years begin in March here, so that the leap day is their last.
  const shiftedYear = month > 2 ? year : year - 1;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const leapDays = Math.floor(shiftedYear / 4) - Math.floor(shiftedYear / 100) + Math.floor(shiftedYear / 400);
  const days = 365 * shiftedYear + leapDays + dayOfYear - 719_468;
  return (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000;
}
