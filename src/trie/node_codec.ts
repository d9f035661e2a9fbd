/**
 * Bytes of the nodes of Substrate's base-16 trie.
 *
 * Header: leaf `01`, branch `10`, branch with value `11`, leaf with hashed value `001`, branch with hashed value `0001`,
 * empty `00000000`; the low bits are the number of nibbles of the partial path, continued in bytes of 255. Then the
 * partial path (if odd, the first nibble has a byte of its own), the bitmap of the children as u16 little endian, the
 * value (compact length and bytes, or the 32-byte hash) and the children (compact length, then the child's encoding if
 * it is shorter than 32 bytes, else its hash).
 *
 * Source: polkadot-sdk `substrate/primitives/trie/src/node_codec.rs#NodeCodec`
 *
 * @module
 */
import { compactU32 } from "../codec/codec.ts";
import { openCursor, take } from "../codec/cursor.ts";
import { CodecError } from "../codec/error.ts";
import { writeByteString } from "./byte_string.ts";
import { nibbleAt } from "./radix_node.ts";

/** A shorter encoding stands in its parent; from here on the parent has the hash. */
export const HASH_LENGTH = 32;
/** Values of this many bytes and more are hashed in version 1, as in sp-trie (`TRIE_VALUE_NODE_THRESHOLD`). */
export const HASHED_VALUE_THRESHOLD = 33;
/** Most nibbles of a partial path, as in sp-trie (`NIBBLE_SIZE_BOUND`). */
export const MAX_PARTIAL_NIBBLES = 65_535;

/** Encoding of the trie without entries. */
export const EMPTY_NODE: Uint8Array = new Uint8Array([0]);

/** A decoded node. */
export interface DecodedNode {
  /** The partial path, one nibble a byte. */
  readonly partial: Uint8Array;
  /** The value itself, its hash, or nothing. */
  readonly value: { readonly type: "inline" | "hashed"; readonly bytes: Uint8Array } | undefined;
  /** By nibble: encoding or hash of the child; all absent in a leaf. */
  readonly children: readonly (Uint8Array | undefined)[];
}

/** A kind of node: its high bits, and how many bits are left for the length. */
interface Kind {
  readonly prefix: number;
  readonly lengthBits: number;
  readonly isBranch: boolean;
  readonly value: "inline" | "hashed" | "none";
}

const LEAF: Kind = { prefix: 0b0100_0000, lengthBits: 6, isBranch: false, value: "inline" };
const BRANCH: Kind = { prefix: 0b1000_0000, lengthBits: 6, isBranch: true, value: "none" };
const BRANCH_WITH_VALUE: Kind = { prefix: 0b1100_0000, lengthBits: 6, isBranch: true, value: "inline" };
const LEAF_HASHED: Kind = { prefix: 0b0010_0000, lengthBits: 5, isBranch: false, value: "hashed" };
const BRANCH_HASHED: Kind = { prefix: 0b0001_0000, lengthBits: 4, isBranch: true, value: "hashed" };

/** Appends to a growing buffer that is used again for each node, because a trie encodes very many small ones. */
class NodeWriter {
  #buffer = new Uint8Array(4096);
  #length = 0;

  start(): void {
    this.#length = 0;
  }

  byte(value: number): void {
    if (this.#length === this.#buffer.length) this.#grow(1);
    this.#buffer[this.#length++] = value;
  }

  bytes(value: Uint8Array): void {
    if (this.#length + value.length > this.#buffer.length) this.#grow(value.length);
    this.#buffer.set(value, this.#length);
    this.#length += value.length;
  }

  text(value: string, from: number, to: number): void {
    if (this.#length + to - from > this.#buffer.length) this.#grow(to - from);
    writeByteString(value, this.#buffer, this.#length, from, to);
    this.#length += to - from;
  }

  /** The bytes since `start`, valid until the next one. */
  view(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  #grow(more: number): void {
    const larger = new Uint8Array(2 * (this.#length + more));
    larger.set(this.view());
    this.#buffer = larger;
  }
}

const writer = new NodeWriter();

function kindFor(isBranch: boolean, value: "inline" | "hashed" | "none"): Kind {
  if (!isBranch) return value === "hashed" ? LEAF_HASHED : LEAF;
  if (value === "none") return BRANCH;
  return value === "hashed" ? BRANCH_HASHED : BRANCH_WITH_VALUE;
}

/**
 * Encodes a node whose partial path are the nibbles `[start, end)` of `key`, with the refs of its children.
 *
 * @returns A view that is valid until the next call.
 */
export function encodeNode(
  key: string,
  start: number,
  end: number,
  value: DecodedNode["value"],
  bitmap: number,
  children: readonly string[],
): Uint8Array {
  const kind = kindFor(bitmap !== 0, value?.type ?? "none");
  writer.start();
  writeHeader(kind, end - start);
  writePartial(key, start, end);
  if (kind.isBranch) {
    writer.byte(bitmap & 0xff);
    writer.byte(bitmap >> 8);
  }
  if (value !== undefined) {
    if (value.type === "inline") writeLength(value.bytes.length);
    writer.bytes(value.bytes);
  }
  for (const child of children) {
    writeLength(child.length);
    writer.text(child, 0, child.length);
  }
  return writer.view();
}

function writeHeader(kind: Kind, nibbles: number): void {
  const most = (1 << kind.lengthBits) - 1;
  if (nibbles > MAX_PARTIAL_NIBBLES) {
    throw new RangeError(`Cannot encode trie node: ${nibbles} nibbles, at most ${MAX_PARTIAL_NIBBLES}`);
  }
  if (nibbles < most) return writer.byte(kind.prefix | nibbles);
  writer.byte(kind.prefix | most);
  let rest = nibbles - most;
  for (; rest >= 255; rest -= 255) writer.byte(255);
  writer.byte(rest);
}

function writePartial(key: string, start: number, end: number): void {
  let position = start;
  if (((end - start) & 1) === 1) writer.byte(nibbleAt(key, position++));
  if ((position & 1) === 0) return writer.text(key, position >> 1, end >> 1);
  for (; position < end; position += 2) writer.byte((nibbleAt(key, position) << 4) | nibbleAt(key, position + 1));
}

function writeLength(length: number): void {
  if (length < 64) return writer.byte(length << 2);
  writer.bytes(compactU32.encode(length));
}

function kindOf(header: number): Kind {
  for (const kind of [LEAF, BRANCH, BRANCH_WITH_VALUE]) if ((header & 0b1100_0000) === kind.prefix) return kind;
  if ((header & 0b1110_0000) === LEAF_HASHED.prefix) return LEAF_HASHED;
  if ((header & 0b1111_0000) === BRANCH_HASHED.prefix) return BRANCH_HASHED;
  throw new CodecError("UnknownVariant", `no trie node has header ${header}`);
}

/**
 * Decodes a node strictly: canonical lengths, zero padding, a branch has children, no bytes left.
 *
 * @throws {CodecError} If the bytes are not a node; the empty node is none.
 */
export function decodeNode(bytes: Uint8Array): DecodedNode {
  const cursor = openCursor(bytes);
  const header = take(cursor, 1)[0] as number;
  const kind = kindOf(header);
  const most = (1 << kind.lengthBits) - 1;
  let nibbles = header & most;
  if (nibbles === most) {
    for (let more = 255; more === 255;) {
      more = take(cursor, 1)[0] as number;
      nibbles += more;
      if (nibbles > MAX_PARTIAL_NIBBLES) throw new CodecError("TooLarge", `partial path of ${nibbles} nibbles`);
    }
  }
  const packed = take(cursor, (nibbles + 1) >> 1);
  const isOdd = nibbles & 1;
  const partial = new Uint8Array(nibbles);
  for (let i = 0; i < nibbles; i++) partial[i] = nibbleOf(packed, i + isOdd);
  if (isOdd === 1 && nibbleOf(packed, 0) !== 0) throw new CodecError("InvalidValue", "padding is not zero");
  let bitmap = 0;
  if (kind.isBranch) {
    const [low, high] = take(cursor, 2) as unknown as [number, number];
    bitmap = low | (high << 8);
    if (bitmap === 0) throw new CodecError("InvalidValue", "branch without children");
  }
  const value = kind.value === "none" ? undefined : {
    type: kind.value,
    bytes: take(cursor, kind.value === "hashed" ? HASH_LENGTH : compactU32.read(cursor)),
  };
  const children: (Uint8Array | undefined)[] = new Array(16).fill(undefined);
  for (let nibble = 0; nibble < 16; nibble++) {
    if ((bitmap & (1 << nibble)) === 0) continue;
    const length = compactU32.read(cursor);
    if (length > HASH_LENGTH) throw new CodecError("TooLarge", `child of ${length} bytes, at most ${HASH_LENGTH}`);
    children[nibble] = take(cursor, length);
  }
  if (cursor.i < cursor.length) throw new CodecError("TrailingBytes", `${cursor.length - cursor.i} bytes left`);
  return { partial, value, children };
}

/** The nibble of bytes at a position, high nibble of a byte first. */
export function nibbleOf(bytes: Uint8Array, position: number): number {
  const byte = bytes[position >> 1] as number;
  return (position & 1) === 0 ? byte >> 4 : byte & 15;
}
