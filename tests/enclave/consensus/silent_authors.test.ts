import { describe, expect, it } from "vitest";
import { MAX_SILENT_ROTATIONS, SilentAuthors } from "../../../src/enclave/core/silent_authors.ts";
import { accountId } from "../../../src/primitives/branded.ts";
import { equalBytes } from "../../../src/primitives/bytes.ts";

const author = (n: number) => accountId(new Uint8Array(32).fill(n));
const [A, B, C, D] = [author(1), author(2), author(3), author(4)];

/** In which slots of a range whom has to be asked, by an enclave that hears some of the authors in each of their slots. */
function asks(
  authorities: readonly ReturnType<typeof author>[],
  self: ReturnType<typeof author>,
  slots: number,
  hears: (slot: number, place: number) => boolean,
  silent: SilentAuthors = new SilentAuthors(),
  from = 1000 * authorities.length,
): string[] {
  const asked: string[] = [];
  for (let slot = from; slot < from + slots; slot++) {
    const place = slot % authorities.length;
    const whom = silent.toAsk(authorities, self, BigInt(slot));
    if (whom !== undefined) asked.push(`${slot - from}: ${whom[0]}`);
    const now = authorities[place];
    if (now !== undefined && !equalBytes(now, self) && hears(slot, place)) {
      silent.hear(now, BigInt(slot), BigInt(slot), authorities);
    }
  }
  return asked;
}

describe("SilentAuthors", () => {
  it("asks nobody while every author is heard, nor if one misses a slot now and then", () => {
    expect(asks([A, B, C], B, 300, () => true)).toEqual([]);
    expect(asks([A, B], B, 300, (slot) => slot % 4 === 0)).toEqual([]);
  });

  it("asks a silent author in each of its slots from the third on of which nothing came, and begins with now", () => {
    expect(asks([A, B], B, 12, () => false)).toEqual(["6: 1", "8: 1", "10: 1"]);
    expect(asks([A, B], A, 12, () => false)).toEqual(["5: 2", "7: 2", "9: 2", "11: 2"]);
  });

  it("ends when the author is heard again", () => {
    expect(asks([A, B], B, 30, (slot) => slot > 2008)).toEqual(["6: 1", "8: 1", "10: 1"]);
  });

  it("leaves the question to who is next among those that are heard", () => {
    const hearsBut = (...silent: number[]) => (_slot: number, place: number) => !silent.includes(place);
    expect(asks([A, B, C], B, 13, hearsBut(0))).toEqual(["9: 1", "12: 1"]);
    expect(asks([A, B, C], C, 13, hearsBut(0))).toEqual([]);
    // B is silent too: nobody but C builds on A for C.
    expect(asks([A, B, C], C, 13, hearsBut(0, 1))).toEqual(["7: 2", "9: 1", "10: 2", "12: 1"]);
    expect(asks([A, B, C, D], D, 20, hearsBut(1))).toEqual([]);
    // Once in a rotation for each, all of them silent.
    expect(asks([A, B, C, D], A, 44, () => false)).toHaveLength(3 * 9);
  });

  it("counts a block by when it was made, not by when it came", () => {
    const silent = new SilentAuthors();
    const asked: bigint[] = [];
    for (let slot = 100n; slot < 140n; slot += 2n) {
      if (silent.toAsk([A, B], B, slot) !== undefined) asked.push(slot);
      // Each comes, three slots late: more than a rotation.
      silent.hear(A, slot - 2n, slot + 1n, [A, B]);
    }
    expect(asked[0]).toBe(100n + 2n * (MAX_SILENT_ROTATIONS + 1n));
    expect(asked).toHaveLength(17);
    silent.hear(A, 138n, 140n, [A, B]);
    expect(silent.toAsk([A, B], B, 140n)).toBeUndefined();
  });

  it("gives a new author the time that all have, and knows nothing of one that is gone", () => {
    const silent = new SilentAuthors();
    expect(asks([A], A, 50, () => false, silent, 900)).toEqual([]);
    expect(asks([A, B], A, 8, () => false, silent, 1000)).toEqual(["5: 2", "7: 2"]);
    expect(asks([A], A, 5, () => false, silent, 1010)).toEqual([]);
    expect(asks([A, B], A, 6, () => false, silent, 1020)).toEqual(["5: 2"]);
  });

  it("is not misled by blocks that were dated ahead, once the clock is right again", () => {
    const silent = new SilentAuthors();
    silent.toAsk([A, B], B, 5000n);
    silent.hear(A, 5000n, 5000n, [A, B]);
    expect(asks([A, B], B, 10, () => false, silent, 1000)).toEqual(["6: 1", "8: 1"]);
  });

  it("asks nobody for an enclave that is not listed, or alone, or where nobody is", () => {
    expect(asks([A, B], C, 20, () => false)).toEqual([]);
    expect(asks([A], A, 20, () => false)).toEqual([]);
    expect(new SilentAuthors().toAsk([], A, 7n)).toBeUndefined();
  });
});
