/**
 * xxHash64 in plain JavaScript. Slow, and used only on short storage names where no wasm is installed.
 *
 * @module
 */

const PRIME_1 = 0x9e3779b185ebca87n;
const PRIME_2 = 0xc2b2ae3d27d4eb4fn;
const PRIME_3 = 0x165667b19e3779f9n;
const PRIME_4 = 0x85ebca77c2b2ae63n;
const PRIME_5 = 0x27d4eb2f165667c5n;

/** Bytes that the four lanes take per round. */
const STRIPE_LENGTH = 32;

function wrap(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}

function rotateLeft(value: bigint, bits: bigint): bigint {
  return wrap((value << bits) | (value >> (64n - bits)));
}

function round(lane: bigint, input: bigint): bigint {
  return wrap(rotateLeft(wrap(lane + input * PRIME_2), 31n) * PRIME_1);
}

function mergeLane(hash: bigint, lane: bigint): bigint {
  return wrap((hash ^ round(0n, lane)) * PRIME_1 + PRIME_4);
}

function hashStripes(view: DataView, seed: bigint): bigint {
  let a = wrap(seed + PRIME_1 + PRIME_2);
  let b = wrap(seed + PRIME_2);
  let c = seed;
  let d = wrap(seed - PRIME_1);
  for (let at = 0; at + STRIPE_LENGTH <= view.byteLength; at += STRIPE_LENGTH) {
    a = round(a, view.getBigUint64(at, true));
    b = round(b, view.getBigUint64(at + 8, true));
    c = round(c, view.getBigUint64(at + 16, true));
    d = round(d, view.getBigUint64(at + 24, true));
  }
  const sum = wrap(rotateLeft(a, 1n) + rotateLeft(b, 7n) + rotateLeft(c, 12n) + rotateLeft(d, 18n));
  return [a, b, c, d].reduce(mergeLane, sum);
}

function hashTail(view: DataView, start: number, begin: bigint): bigint {
  let hash = begin;
  let at = start;
  for (; at + 8 <= view.byteLength; at += 8) {
    hash = wrap(rotateLeft(hash ^ round(0n, view.getBigUint64(at, true)), 27n) * PRIME_1 + PRIME_4);
  }
  if (at + 4 <= view.byteLength) {
    hash = wrap(rotateLeft(hash ^ wrap(BigInt(view.getUint32(at, true)) * PRIME_1), 23n) * PRIME_2 + PRIME_3);
    at += 4;
  }
  for (; at < view.byteLength; at++) {
    hash = wrap(rotateLeft(hash ^ wrap(BigInt(view.getUint8(at)) * PRIME_5), 11n) * PRIME_1);
  }
  return hash;
}

/** The xxHash64 of `data`; `seed` is below 2^64. */
export function portableXxh64(data: Uint8Array, seed: bigint): bigint {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const whole = data.length - (data.length % STRIPE_LENGTH);
  const begin = whole > 0 ? hashStripes(view, seed) : wrap(seed + PRIME_5);
  let hash = hashTail(view, whole, wrap(begin + BigInt(data.length)));
  hash = wrap((hash ^ (hash >> 33n)) * PRIME_2);
  hash = wrap((hash ^ (hash >> 29n)) * PRIME_3);
  return hash ^ (hash >> 32n);
}
