import { afterAll, beforeAll, describe } from "vitest";
import { createFastCrypto } from "../../src/crypto/fast.ts";
import { type CryptoImplementation, portableCrypto, useCrypto } from "../../src/crypto/implementation.ts";

const IMPLEMENTATIONS: readonly (readonly [name: string, make: () => Promise<CryptoImplementation>])[] = [
  ["portable", async () => portableCrypto],
  ["fast", () => createFastCrypto()],
];

/** Runs the same tests behind each implementation. */
export function describeEachCrypto(subject: string, tests: () => void): void {
  for (const [name, make] of IMPLEMENTATIONS) {
    describe(`${subject} (${name})`, () => {
      beforeAll(async () => useCrypto(await make()));
      afterAll(() => useCrypto(portableCrypto));
      tests();
    });
  }
}
