/** A whole world of attestation with a root of its own: processor, quoting enclave, and all that Intel publishes. */
import "reflect-metadata";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509CertificateGenerator,
  X509CrlGenerator,
} from "@peculiar/x509";
import type { QuoteCollateral, SignedDocument } from "../../src/attestation/collateral.ts";
import type { PlatformRoot } from "../../src/attestation/platform_root.ts";
import { encodePemChain } from "../../src/attestation/x509.ts";
import { generateP256, type P256Pair, p256Sign } from "../../src/crypto/p256.ts";
import { asBufferSource, concatBytes, utf8 } from "../../src/primitives/bytes.ts";
import { fromHex } from "../../src/primitives/hex.ts";
import { buildQuote, type CertificateOptions, NOW_MS, type QuoteOptions } from "./quote_builder.ts";

const DAY_MS = 86_400_000;
const SIGNING_ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
/** Vendor, product and version of the quoting enclave that the built identity describes. */
export const QE_MRSIGNER = new Uint8Array(32).fill(0x8c);
/** Identity of Intel as the vendor of a quoting enclave. */
export const INTEL_VENDOR = fromHex("0x939a7233f79c4ca9940a0db3957f0607");
/** What the built identity wants of a quoting enclave. */
export const GOOD_QE_REPORT = { mrsigner: QE_MRSIGNER, isvProdId: 1, isvSvn: 8, attributeFlags: 0x15n };
const AUTHORITY_USAGE = KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign;

/** The certificates of the world and their serial numbers. */
export const SERIALS = { leaf: "01", authority: "02", root: "03", tcbSigner: "04", qeSigner: "05" } as const;
/** One of them. */
export type CertificateName = keyof typeof SERIALS;
const ISSUERS: Readonly<Record<CertificateName, CertificateName>> = {
  leaf: "authority",
  authority: "root",
  root: "root",
  tcbSigner: "root",
  qeSigner: "root",
};

/** How a revocation list departs from a good one. */
export interface CrlOptions {
  readonly revoked?: readonly string[];
  readonly thisUpdateMs?: number;
  readonly nextUpdateMs?: number;
  readonly issuerName?: string;
  readonly signedBy?: CryptoKey;
  readonly extensions?: readonly Extension[];
}

/** How the world departs from a good one, each leaving all other signatures right. */
export interface WorldOptions {
  readonly certificates?: Partial<Record<CertificateName, CertificateOptions>>;
  /** Fields of the leaf's SGX extension; `null` leaves it out. */
  readonly platform?: PlatformOptions | null;
  /** Fields that replace those of the TCB information. */
  readonly tcbInfo?: Readonly<Record<string, unknown>>;
  /** Fields that replace those of the quoting enclave's identity. */
  readonly qeIdentity?: Readonly<Record<string, unknown>>;
  readonly rootCrl?: CrlOptions;
  readonly pckCrl?: CrlOptions;
  readonly quote?: QuoteOptions;
  /** Signs TCB information and identity instead of their signers. */
  readonly documentSigner?: CryptoKey;
}

/** Fields of a leaf's SGX extension. */
export interface PlatformOptions {
  readonly fmspc?: Uint8Array;
  readonly pceId?: Uint8Array;
  readonly components?: Uint8Array;
  readonly pceSvn?: number;
}

/** A built world. */
export interface World {
  readonly quote: Uint8Array;
  readonly collateral: QuoteCollateral;
  readonly root: PlatformRoot;
  readonly ders: Readonly<Record<CertificateName, Uint8Array>>;
  readonly keys: Readonly<Record<CertificateName, P256Pair>>;
}

/** Builds everything anew. */
export async function buildWorld(options: WorldOptions = {}): Promise<World> {
  const names = Object.keys(SERIALS) as CertificateName[];
  const pairs = await Promise.all(names.map(async (name) => [name, await generateP256(true)] as const));
  const keys = Object.fromEntries(pairs) as World["keys"];
  const built = names.map(async (name) => [name, await buildCertificate(name, keys, options)] as const);
  const ders = Object.fromEntries(await Promise.all(built)) as World["ders"];
  const collateral: QuoteCollateral = {
    tcbInfo: await sign({ ...goodTcbInfo(), ...options.tcbInfo }, ders.tcbSigner, keys.tcbSigner),
    qeIdentity: await sign({ ...goodQeIdentity(), ...options.qeIdentity }, ders.qeSigner, keys.qeSigner),
    rootCrl: await buildCrl("root", keys.root, options.rootCrl),
    pckCrl: await buildCrl("authority", keys.authority, options.pckCrl),
    pckCrlIssuerChain: encodePemChain([ders.authority, ders.root]),
  };
  const quote = await quoteOfWorld({ ders, keys }, options.quote);
  return {
    quote,
    collateral,
    root: { name: "test root", publicKey: keys.root.publicKey, isEmulated: false },
    ders,
    keys,
  };

  async function sign(
    document: unknown,
    signer: Uint8Array,
    { keys: { privateKey } }: P256Pair,
  ): Promise<SignedDocument> {
    const json = utf8(JSON.stringify(document));
    const signature = await p256Sign(options.documentSigner ?? privateKey, json);
    return { json, signature, issuerChain: encodePemChain([signer, ders.root]) };
  }
}

/** Another quote of the world's processor. */
export function quoteOfWorld({ ders, keys }: Pick<World, "ders" | "keys">, options: QuoteOptions = {}) {
  return buildQuote({ ders: [ders.leaf, ders.authority, ders.root], keys: [keys.leaf] }, {
    ...options,
    header: { qeVendorId: INTEL_VENDOR, ...options.header },
    qeReport: { ...GOOD_QE_REPORT, ...options.qeReport },
  });
}

/** A document signed by the world's own signer: for tests that change the bytes. */
export async function signDocument(world: World, json: Uint8Array): Promise<SignedDocument> {
  const signature = await p256Sign(world.keys.tcbSigner.keys.privateKey, json);
  return { json, signature, issuerChain: encodePemChain([world.ders.tcbSigner, world.ders.root]) };
}

/** Levels of the built TCB information, from good to bad: component 0 counts. */
export function tcbLevel(svn: number, tcbStatus: string, advisoryIDs?: readonly string[], pcesvn = 10): unknown {
  const sgxtcbcomponents = Array.from({ length: 16 }, (_, place) => ({ svn: place === 0 ? svn : 1 }));
  return { tcb: { sgxtcbcomponents, pcesvn }, tcbDate: "2024-03-13T00:00:00Z", tcbStatus, advisoryIDs };
}

/** A level of the quoting enclave. */
export function qeLevel(isvsvn: number, tcbStatus: string, advisoryIDs?: readonly string[]): unknown {
  return { tcb: { isvsvn }, tcbDate: "2024-03-13T00:00:00Z", tcbStatus, advisoryIDs };
}

/** The moment as documents write it. */
export function momentOf(ms: number): string {
  return new Date(ms).toISOString().replace(".000Z", "Z");
}

function goodTcbInfo(): Record<string, unknown> {
  return {
    id: "SGX",
    version: 3,
    issueDate: momentOf(NOW_MS - DAY_MS),
    nextUpdate: momentOf(NOW_MS + DAY_MS),
    fmspc: "00A067110000",
    pceId: "0000",
    tcbType: 0,
    tcbEvaluationDataNumber: 17,
    tcbLevels: [tcbLevel(5, "UpToDate"), tcbLevel(3, "OutOfDate", ["INTEL-SA-00001"])],
  };
}

function goodQeIdentity(): Record<string, unknown> {
  return {
    id: "QE",
    version: 2,
    issueDate: momentOf(NOW_MS - DAY_MS),
    nextUpdate: momentOf(NOW_MS + DAY_MS),
    tcbEvaluationDataNumber: 17,
    miscselect: "00000000",
    miscselectMask: "FFFFFFFF",
    attributes: "11000000000000000000000000000000",
    attributesMask: "FBFFFFFFFFFFFFFF0000000000000000",
    mrsigner: "8C".repeat(32),
    isvprodid: 1,
    tcbLevels: [qeLevel(8, "UpToDate"), qeLevel(6, "OutOfDate", ["INTEL-SA-00002"])],
  };
}

async function buildCertificate(
  name: CertificateName,
  keys: World["keys"],
  { certificates = {}, platform = {} }: WorldOptions,
): Promise<Uint8Array> {
  const change = certificates[name] ?? {};
  const isCa = change.isCa ?? (name === "root" || name === "authority");
  const sgx = name === "leaf" && platform !== null ? [sgxExtension(platform)] : [];
  const certificate = await X509CertificateGenerator.create({
    serialNumber: SERIALS[name],
    subject: `CN=test ${name}`,
    issuer: change.issuerName ?? `CN=test ${ISSUERS[name]}`,
    notBefore: new Date(change.notBeforeMs ?? NOW_MS - DAY_MS),
    notAfter: new Date(change.notAfterMs ?? NOW_MS + DAY_MS),
    publicKey: keys[name].keys.publicKey,
    signingKey: change.signedBy ?? keys[ISSUERS[name]].keys.privateKey,
    signingAlgorithm: SIGNING_ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(isCa, change.pathLength, true),
      new KeyUsagesExtension(change.usage ?? (isCa ? AUTHORITY_USAGE : KeyUsageFlags.digitalSignature), true),
      ...sgx,
      ...(change.extensions ?? []),
    ],
  });
  return new Uint8Array(certificate.rawData);
}

/** A revocation list of `CN=test NAME`. */
export async function buildCrl(name: string, pair: P256Pair, options: CrlOptions = {}): Promise<Uint8Array> {
  const list = await X509CrlGenerator.create({
    issuer: options.issuerName ?? `CN=test ${name}`,
    thisUpdate: new Date(options.thisUpdateMs ?? NOW_MS - DAY_MS),
    nextUpdate: new Date(options.nextUpdateMs ?? NOW_MS + DAY_MS),
    entries: (options.revoked ?? []).map((serialNumber) => ({ serialNumber, revocationDate: new Date(NOW_MS) })),
    signingAlgorithm: SIGNING_ALGORITHM,
    signingKey: options.signedBy ?? pair.keys.privateKey,
    extensions: [
      await AuthorityKeyIdentifierExtension.create(pair.keys.publicKey),
      ...(options.extensions ?? []),
    ],
  });
  return new Uint8Array(list.rawData);
}

/** One DER element. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = concatBytes(...parts);
  const { length } = content;
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return concatBytes(Uint8Array.of(tag, ...head), content);
}

/** A non-negative DER integer below 2^16. */
function derInteger(value: number): Uint8Array {
  const digits = value < 0x100 ? [value] : [value >> 8, value & 0xff];
  return der(2, Uint8Array.of(...((digits[0] ?? 0) > 0x7f ? [0, ...digits] : digits)));
}

const SGX_OID = [0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01];
const sgxPart = (path: readonly number[], value: Uint8Array) =>
  der(0x30, der(6, Uint8Array.of(...SGX_OID, ...path)), value);

/** The DER of a leaf's SGX extension. */
export function sgxExtensionValue(options: PlatformOptions = {}): Uint8Array {
  const components = options.components ?? new Uint8Array(16).fill(5);
  const tcb = [
    ...Array.from(components, (svn, place) => sgxPart([2, place + 1], derInteger(svn))),
    sgxPart([2, 17], derInteger(options.pceSvn ?? 10)),
    sgxPart([2, 18], der(4, components)),
  ];
  return der(
    0x30,
    sgxPart([1], der(4, new Uint8Array(16).fill(0xd0))),
    sgxPart([2], der(0x30, ...tcb)),
    sgxPart([3], der(4, options.pceId ?? new Uint8Array(2))),
    sgxPart([4], der(4, options.fmspc ?? fromHex("0x00a067110000"))),
    sgxPart([5], der(0x0a, Uint8Array.of(0))),
  );
}

function sgxExtension(options: PlatformOptions): Extension {
  return new Extension("1.2.840.113741.1.13.1", false, asBufferSource(sgxExtensionValue(options)));
}
