/**
 * Calls of the parentchain are decrypted beside the ecalls: tests wait for it, however busy the machine is.
 *
 * @module
 */
import { expect, vi } from "vitest";
import type { CryptoWorkers } from "../../src/enclave/crypto_workers/crypto_workers.ts";
import type { TestHost } from "./harness.ts";

/** How long decryption may take before it counts as stuck. */
const DECRYPTION_TIMEOUT_MS = 45_000;

/** Counts from now on; gives what waits until so many more calls, no fewer and no more, are decrypted. */
export function watchDecryption(host: TestHost): (count: number) => Promise<void> {
  const opens = vi.spyOn(host.enclave.shard()?.setup.crypto as CryptoWorkers, "open");
  let wanted = 0;
  return async (count) => {
    wanted += count;
    const done = () => opens.mock.settledResults.filter(({ type }) => type !== "incomplete").length;
    await expect.poll(done, { timeout: DECRYPTION_TIMEOUT_MS, interval: 5 }).toBe(wanted);
    // What follows from the last one.
    await new Promise((resolve) => setTimeout(resolve));
  };
}
