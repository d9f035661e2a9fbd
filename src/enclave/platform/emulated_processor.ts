/**
 * The emulated processor: measures code, derives sealing keys, makes quotes. What hardware would do behind a boundary
 * is done here by a program that its host can read; only the root's name tells a verifier.
 *
 * @module
 */
import {
  ATTESTATION_KEY_ECDSA_P256,
  encodeQuote,
  QUOTE_VERSION,
  type QuoteHeader,
  quoteSigningBytes,
  TEE_TYPE_SGX,
} from "../../attestation/quote.ts";
import { CERTIFICATION_PCK_CHAIN } from "../../attestation/quote_signature.ts";
import { type ReportBody, reportBody } from "../../attestation/report_body.ts";
import { attestationKeyBinding } from "../../attestation/verify_quote.ts";
import { hkdfSha256 } from "../../crypto/hkdf.ts";
import { generateP256, type P256Pair, p256Sign } from "../../crypto/p256.ts";
import { randomBytes } from "../../crypto/random.ts";
import { sha256 } from "../../crypto/sha256.ts";
import { type EnclaveFingerprint, enclaveFingerprint } from "../../primitives/branded.ts";
import { concatBytes, utf8 } from "../../primitives/bytes.ts";
import { createPckChain, type PckChain, type SigningRoot } from "./pck_chain.ts";

/** Length of the platform secret, the fuse key of this processor. */
export const PLATFORM_SECRET_LENGTH = 32;

/** Attributes of a running 64-bit enclave without debug access: INIT and MODE64BIT. */
const ATTRIBUTE_FLAGS = 5n;
/** Register state saved by every x86-64 enclave: x87 and SSE. */
const ATTRIBUTE_XFRM = 3n;
/** Sixteen letters in the place of Intel's vendor id, so that nobody takes the quotes for Intel's. */
const VENDOR_ID = utf8("emulated-quoting");
const QUOTING_ENCLAVE = "integritee-edge emulated quoting enclave";
const VENDOR = "integritee-edge emulated vendor";

/** A processor with keys of its own. */
export interface EmulatedProcessor {
  /** The key that only code of this measurement gets on this platform, 32 bytes. */
  readonly sealingKey: (measurement: EnclaveFingerprint) => Uint8Array;
  /** A DCAP quote, version 3, over 64 bytes of report data. */
  readonly quote: (measurement: EnclaveFingerprint, reportData: Uint8Array) => Promise<Uint8Array>;
}

/** MRENCLAVE of a bundle: the SHA-256 of its bytes. */
export function measureBundle(bundle: Uint8Array): EnclaveFingerprint {
  return enclaveFingerprint(sha256(bundle));
}

/**
 * Starts a processor: fresh PCK leaf and attestation key under the root.
 *
 * @throws {RangeError} If the secret has not {@linkcode PLATFORM_SECRET_LENGTH} bytes.
 * @throws {TypeError} If the root's key is unusable.
 */
export async function createEmulatedProcessor(
  secret: Uint8Array,
  root: SigningRoot,
  nowMs: number,
): Promise<EmulatedProcessor> {
  if (secret.length !== PLATFORM_SECRET_LENGTH) {
    throw new RangeError(`Cannot start platform: secret of ${secret.length} bytes, want ${PLATFORM_SECRET_LENGTH}`);
  }
  const chain = await createPckChain(root, nowMs);
  const attestation = await generateP256(false);
  const platformId = hkdfSha256(secret, new Uint8Array(0), utf8("integritee-edge/platform-id/1"), 16);
  const header: QuoteHeader = {
    version: QUOTE_VERSION,
    attestationKeyType: ATTESTATION_KEY_ECDSA_P256,
    teeType: TEE_TYPE_SGX,
    qeSvn: 1,
    pceSvn: 1,
    qeVendorId: VENDOR_ID,
    userData: concatBytes(platformId, new Uint8Array(4)),
  };
  const certified = await certify(attestation, chain);
  return {
    sealingKey: (measurement) => hkdfSha256(secret, measurement, utf8("integritee-edge/sealing/1"), 32),
    quote: async (measurement, reportData) => {
      const unsigned = { tee: "sgx", header, report: makeReport(measurement, reportData) } as const;
      const signature = await p256Sign(attestation.keys.privateKey, quoteSigningBytes(unsigned));
      return encodeQuote({ ...unsigned, signature: { signature, ...certified } });
    },
  };
}

/** What the quoting enclave and the PCK leaf say of an attestation key; the same in every quote of one start. */
async function certify(attestation: P256Pair, chain: PckChain) {
  const binding = { attestationKey: attestation.publicKey, qeAuthData: randomBytes(32) };
  const qeReport = makeReport(sha256(utf8(QUOTING_ENCLAVE)), attestationKeyBinding(binding));
  return {
    ...binding,
    qeReport,
    qeReportSignature: await p256Sign(chain.leaf.keys.privateKey, reportBody.encode(qeReport)),
    certificationType: CERTIFICATION_PCK_CHAIN,
    certificationData: chain.pem,
  };
}

function makeReport(mrenclave: Uint8Array, reportData: Uint8Array): ReportBody {
  return {
    cpuSvn: new Uint8Array(16),
    miscSelect: 0,
    reserved1: new Uint8Array(12),
    isvExtProdId: new Uint8Array(16),
    attributeFlags: ATTRIBUTE_FLAGS,
    attributeXfrm: ATTRIBUTE_XFRM,
    mrenclave,
    reserved2: new Uint8Array(32),
    mrsigner: sha256(utf8(VENDOR)),
    reserved3: new Uint8Array(32),
    configId: new Uint8Array(64),
    isvProdId: 0,
    isvSvn: 1,
    configSvn: 0,
    reserved4: new Uint8Array(42),
    isvFamilyId: new Uint8Array(16),
    reportData,
  };
}
