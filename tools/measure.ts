/**
 * Prints the MRENCLAVE of these sources: base58 as the command line takes it, then hexadecimal.
 *
 * @module
 */
import { sha256 } from "../src/crypto/sha256.ts";
import { encodeBase58 } from "../src/primitives/base58.ts";
import { toHex } from "../src/primitives/hex.ts";
import { buildEnclaveBundle } from "./bundle.ts";

if (import.meta.main) {
  const measurement = sha256(await buildEnclaveBundle());
  console.log(encodeBase58(measurement));
  console.log(toHex(measurement));
}
