import "reflect-metadata";
import {
  BasicConstraintsExtension,
  cryptoProvider,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import type { PlatformRoot } from "../../src/attestation/platform_root.ts";
import {
  encodeQuote,
  type QuoteHeader,
  quoteSigningBytes,
  type UnsignedSgxQuote,
  type UnsignedTdxQuote,
} from "../../src/attestation/quote.ts";
import { type ReportBody, reportBody } from "../../src/attestation/report_body.ts";
import { attestationKeyBinding } from "../../src/attestation/verify_quote.ts";
import { encodePemChain } from "../../src/attestation/x509.ts";
import { generateP256, type P256Pair, p256Sign } from "../../src/crypto/p256.ts";

cryptoProvider.set(crypto);

/** The clock of the tests, inside every validity that the builder gives by default. */
export const NOW_MS = Date.UTC(2025, 5, 25);
const DAY_MS = 86_400_000;
const SIGNING_ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** How one certificate departs from a good one of its place. */
export interface CertificateOptions {
  readonly notBeforeMs?: number;
  readonly notAfterMs?: number;
  readonly isCa?: boolean;
  readonly pathLength?: number;
  readonly usage?: KeyUsageFlags;
  readonly issuerName?: string;
  readonly signedBy?: CryptoKey;
  readonly extensions?: readonly Extension[];
}

/** A chain's certificates and keys, leaf first. */
export interface BuiltChain {
  readonly ders: readonly Uint8Array[];
  readonly keys: readonly P256Pair[];
}

/** Builds leaf, authorities and root; `options[i]` changes the certificate at place i from the leaf. */
export async function buildChain(
  length = 3,
  options: Readonly<Record<number, CertificateOptions>> = {},
): Promise<BuiltChain> {
  const keys = await Promise.all(Array.from({ length }, () => generateP256(true)));
  const ders = await Promise.all(keys.map(async (pair, place) => {
    const issuer = Math.min(place + 1, length - 1);
    const change = options[place] ?? {};
    const isCa = change.isCa ?? place > 0;
    const usage = change.usage ?? (isCa ? KeyUsageFlags.keyCertSign : KeyUsageFlags.digitalSignature);
    const certificate = await X509CertificateGenerator.create({
      serialNumber: `0${place + 1}`,
      subject: `CN=test ${place}`,
      issuer: change.issuerName ?? `CN=test ${issuer}`,
      notBefore: new Date(change.notBeforeMs ?? NOW_MS - DAY_MS),
      notAfter: new Date(change.notAfterMs ?? NOW_MS + DAY_MS),
      publicKey: pair.keys.publicKey,
      signingKey: change.signedBy ?? (keys[issuer] as P256Pair).keys.privateKey,
      signingAlgorithm: SIGNING_ALGORITHM,
      extensions: [
        new BasicConstraintsExtension(isCa, change.pathLength, true),
        new KeyUsagesExtension(usage, true),
        ...(change.extensions ?? []),
      ],
    });
    return new Uint8Array(certificate.rawData);
  }));
  return { ders, keys };
}

/** The root of a built chain as a verifier takes it. */
export function rootOf({ keys }: BuiltChain, isEmulated = true): PlatformRoot {
  return { name: "test root", publicKey: (keys.at(-1) as P256Pair).publicKey, isEmulated };
}

/** A report with nothing set but what the tests change. */
export function buildReport(change: Partial<ReportBody> = {}): ReportBody {
  return {
    cpuSvn: new Uint8Array(16),
    miscSelect: 0,
    reserved1: new Uint8Array(12),
    isvExtProdId: new Uint8Array(16),
    attributeFlags: 5n,
    attributeXfrm: 3n,
    mrenclave: new Uint8Array(32).fill(0xee),
    reserved2: new Uint8Array(32),
    mrsigner: new Uint8Array(32),
    reserved3: new Uint8Array(32),
    configId: new Uint8Array(64),
    isvProdId: 0,
    isvSvn: 1,
    configSvn: 0,
    reserved4: new Uint8Array(42),
    isvFamilyId: new Uint8Array(16),
    reportData: new Uint8Array(64),
    ...change,
  };
}

/** What the signatures of a quote can be made wrong in, each leaving all others right. */
export interface SigningOptions {
  readonly qeReport?: Partial<ReportBody>;
  /** Signs the quoting enclave's report instead of the leaf. */
  readonly qeSigner?: CryptoKey;
  /** Report data of the quoting enclave instead of the binding. */
  readonly qeReportData?: Uint8Array;
  /** Signs the quote instead of the attestation key. */
  readonly quoteSigner?: CryptoKey;
  /** The chain's text instead of the built one. */
  readonly pem?: Uint8Array;
}

/** What an enclave's quote can be made wrong in. */
export interface QuoteOptions extends SigningOptions {
  readonly header?: Partial<QuoteHeader>;
  readonly report?: Partial<ReportBody>;
}

/** Builds the quote of an enclave under a chain. */
export async function buildQuote(chain: BuiltChain, options: QuoteOptions = {}): Promise<Uint8Array> {
  const header = buildHeader({ version: 3, teeType: 0, qeSvn: 1, pceSvn: 1, ...options.header });
  return await signQuote(chain, { tee: "sgx", header, report: buildReport(options.report) }, options);
}

/** A header with nothing set but what the tests say. */
export function buildHeader(change: Partial<QuoteHeader> & Pick<QuoteHeader, "version" | "teeType">): QuoteHeader {
  return {
    attestationKeyType: 2,
    qeSvn: 0,
    pceSvn: 0,
    qeVendorId: new Uint8Array(16),
    userData: new Uint8Array(20),
    ...change,
  };
}

/** Signs a quote with a fresh attestation key, for which a quoting enclave under the chain vouches. */
export async function signQuote(
  chain: Pick<BuiltChain, "ders" | "keys">,
  unsigned: UnsignedSgxQuote | UnsignedTdxQuote,
  options: SigningOptions = {},
): Promise<Uint8Array> {
  const attestation = await generateP256(false);
  const binding = { attestationKey: attestation.publicKey, qeAuthData: new Uint8Array(32).fill(7) };
  const qeReport = buildReport({
    ...options.qeReport,
    reportData: options.qeReportData ?? attestationKeyBinding(binding),
  });
  const leafKey = (chain.keys[0] as P256Pair).keys.privateKey;
  const signer = options.quoteSigner ?? attestation.keys.privateKey;
  return encodeQuote({
    ...unsigned,
    signature: {
      ...binding,
      signature: await p256Sign(signer, quoteSigningBytes(unsigned)),
      qeReport,
      qeReportSignature: await p256Sign(options.qeSigner ?? leafKey, reportBody.encode(qeReport)),
      certificationType: 5,
      certificationData: options.pem ?? encodePemChain(chain.ders),
    },
  });
}
