/**
 * The certificate of an operator's own platform root, for the embedded parentchain: it registers the enclaves under it.
 *
 * @module
 */
import { ServiceError } from "../../host/service.ts";

/** Longest file of a root that is read; certificate and key on P-256 take less than two kilobytes. */
const MAX_FILE_BYTES = 16_384;

/** Reads the certificate, PEM, of a root's JSON file. @throws {ServiceError} `PlatformRootUnusable` */
export async function readRootCertificate(path: string): Promise<string> {
  try {
    if ((await Deno.stat(path)).size > MAX_FILE_BYTES) throw new RangeError("the file is too long");
    const { certificate } = JSON.parse(await Deno.readTextFile(path)) as { certificate?: unknown };
    if (typeof certificate !== "string") throw new TypeError('want "certificate" and "privateKey"');
    return certificate;
  } catch (cause) {
    throw new ServiceError("PlatformRootUnusable", `Cannot read platform root "${path}"`, cause);
  }
}
