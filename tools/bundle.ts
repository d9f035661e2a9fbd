/**
 * Builds the enclave's bundle into `.build/enclave.js`.
 *
 * @module
 */
import { ensureEnclaveBundle } from "../src/host/deno/bundle.ts";

/** Builds the bundle, writes it if it has changed, and returns its bytes. @throws {BundleError} */
export async function buildEnclaveBundle(): Promise<Uint8Array> {
  return (await ensureEnclaveBundle()).bytes;
}

if (import.meta.main) console.log(`${(await buildEnclaveBundle()).length} bytes`);
