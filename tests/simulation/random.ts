/**
 * Seeded randomness: the same seed gives the same numbers, on every machine.
 *
 * @module
 */

/** 32-bit words of a text, as seed of a generator (cyrb128). */
function hashText(text: string): [number, number, number, number] {
  let [a, b, c, d] = [1779033703, 3144134277, 1013904242, 2773480762];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = b ^ Math.imul(a ^ code, 597399067);
    b = c ^ Math.imul(b ^ code, 2869860233);
    c = d ^ Math.imul(c ^ code, 951274213);
    d = a ^ Math.imul(d ^ code, 2716044179);
  }
  return [a >>> 0, b >>> 0, c >>> 0, d >>> 0];
}

/** A generator of pseudo-random numbers (sfc32). */
export class Random {
  readonly #label: string;
  readonly #state: [number, number, number, number];

  constructor(label: string) {
    this.#label = label;
    this.#state = hashText(label);
    for (let i = 0; i < 12; i++) this.next();
  }

  /** A generator of its own, which does not depend on how much was drawn from this one. */
  fork(name: string): Random {
    return new Random(`${this.#label}/${name}`);
  }

  /** The next 32 bits. */
  next(): number {
    const state = this.#state;
    const sum = (((state[0] + state[1]) >>> 0) + state[3]) >>> 0;
    state[3] = (state[3] + 1) >>> 0;
    state[0] = (state[1] ^ (state[1] >>> 9)) >>> 0;
    state[1] = (state[2] + (state[2] << 3)) >>> 0;
    state[2] = (((state[2] << 21) | (state[2] >>> 11)) + sum) >>> 0;
    return sum;
  }

  /** A whole number from 0 to below `bound`. */
  int(bound: number): number {
    return Math.floor(this.next() / 0x1_0000_0000 * bound);
  }

  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + this.int(most - least + 1);
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.next() / 0x1_0000_0000 < probability;
  }

  /** One of several. @throws {RangeError} If there are none. */
  pick<T>(values: readonly T[]): T {
    if (values.length === 0) throw new RangeError("Cannot pick from nothing");
    return values[this.int(values.length)] as T;
  }

  /** Random bytes. */
  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.fill(bytes);
    return bytes;
  }

  /** Fills bytes. */
  fill(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i += 4) {
      let word = this.next();
      for (let j = i; j < Math.min(i + 4, bytes.length); j++) {
        bytes[j] = word & 0xff;
        word >>>= 8;
      }
    }
  }
}
