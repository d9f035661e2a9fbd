/**
 * An operator's own platform root, named by its certificate.
 *
 * @module
 */
import type { PlatformRoot } from "../../attestation/platform_root.ts";
import { parseCertificate, splitPemChain } from "../../attestation/x509.ts";
import { utf8 } from "../../primitives/bytes.ts";
import { CliError } from "./cli_error.ts";

/** Longest certificate file that is read; a certificate on P-256 takes less than one. */
const MAX_FILE_BYTES = 16_384;

/** Reads the first certificate of a PEM file as an emulated root. @throws {CliError} `Usage` */
export function readPlatformRoot(path: string): PlatformRoot {
  let pem: string;
  try {
    if (Deno.statSync(path).size > MAX_FILE_BYTES) throw new RangeError("the file is too long for a certificate");
    pem = Deno.readTextFileSync(path);
  } catch (cause) {
    throw new CliError("Usage", `Cannot read platform root "${path}"`, { cause });
  }
  const der = splitPemChain(utf8(pem))?.[0];
  const certificate = der && parseCertificate(der);
  if (certificate === undefined || !certificate.ok) {
    throw new CliError("Usage", `Cannot read platform root "${path}": want a PEM certificate on P-256`);
  }
  return { name: `operator's root ${path}`, publicKey: certificate.value.publicKey, isEmulated: true };
}
