/**
 * What Intel publishes beside its processors, and a verifier of quotes needs: patch levels, the quoting enclave's
 * identity and revocation lists. The wire form, nothing of it verified.
 *
 * @module
 */
import { bytes, bytesOf, type Codec, struct } from "../codec/codec.ts";
import { fromHex } from "../primitives/hex.ts";
import { utf8 } from "../primitives/bytes.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import { asObject, CollateralJsonError, type JsonObject, readDocument } from "./collateral_json.ts";
import { MAX_CRL_LENGTH } from "./crl.ts";

/** Longest signed document; Intel's TCB information has about 10 KB. */
export const MAX_DOCUMENT_LENGTH = 262_144;
/** Longest chain of an issuer; Intel's have 2 KB. */
export const MAX_ISSUER_CHAIN_LENGTH = 16_384;

/** A document with its signature and the chain of who signed it. */
export interface SignedDocument {
  /** The exact bytes of the JSON object that are signed. */
  readonly json: Uint8Array;
  /** r ‖ s, 64 bytes. */
  readonly signature: Uint8Array;
  /** PEM, from the signer to the root. */
  readonly issuerChain: Uint8Array;
}

/** Everything that is needed beside a quote. */
export interface QuoteCollateral {
  /** Patch levels of the platform's kind. */
  readonly tcbInfo: SignedDocument;
  /** Identity of the quoting enclave. */
  readonly qeIdentity: SignedDocument;
  /** Certificates that the root revoked, DER. */
  readonly rootCrl: Uint8Array;
  /** PCK leaves that their authority revoked, DER. */
  readonly pckCrl: Uint8Array;
  /** PEM, from the issuer of {@linkcode pckCrl} to the root. */
  readonly pckCrlIssuerChain: Uint8Array;
}

const signedDocument: Codec<SignedDocument> = struct({
  json: bytes(MAX_DOCUMENT_LENGTH),
  signature: bytesOf(64),
  issuerChain: bytes(MAX_ISSUER_CHAIN_LENGTH),
});

/** SCALE codec of {@linkcode QuoteCollateral}. */
export const quoteCollateral: Codec<QuoteCollateral> = struct({
  tcbInfo: signedDocument,
  qeIdentity: signedDocument,
  rootCrl: bytes(MAX_CRL_LENGTH),
  pckCrl: bytes(MAX_CRL_LENGTH),
  pckCrlIssuerChain: bytes(MAX_ISSUER_CHAIN_LENGTH),
});

/** Collateral of another form than expected. */
export interface CollateralFormatError {
  readonly code: "CollateralUnreadable";
}

/**
 * Reads collateral in the JSON form that Phala's tools write: lists and signatures in hexadecimal, documents as texts.
 */
export function collateralFromJson(text: string): Result<QuoteCollateral, CollateralFormatError> {
  return attempt(() => {
    const object = readDocument(utf8(text));
    return {
      tcbInfo: readSigned(object, "tcb_info"),
      qeIdentity: readSigned(object, "qe_identity"),
      rootCrl: fromHex(textOf(object, "root_ca_crl")),
      pckCrl: fromHex(textOf(object, "pck_crl")),
      pckCrlIssuerChain: utf8(textOf(object, "pck_crl_issuer_chain")),
    };
  });
}

/**
 * Takes an answer of Intel's service apart, `{"tcbInfo":{…},"signature":"…"}` or the same with `enclaveIdentity`; the
 * document's bytes stay as they are, because they are signed.
 */
export function splitSignedJson(
  answer: Uint8Array,
  member: "tcbInfo" | "enclaveIdentity",
): Result<Pick<SignedDocument, "json" | "signature">, CollateralFormatError> {
  return attempt(() => {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(answer);
    const parts = new RegExp(`^\\{"${member}":(\\{.*\\}),"signature":"([0-9a-fA-F]{128})"\\}\\s*$`, "su").exec(text);
    const [, json, signature] = parts ?? [];
    if (json === undefined || signature === undefined) throw new CollateralJsonError("Cannot split answer");
    asObject(JSON.parse(json));
    return { json: utf8(json), signature: fromHex(signature) };
  });
}

function attempt<T>(read: () => T): Result<T, CollateralFormatError> {
  try {
    return ok(read());
  } catch {
    // Broken text, JSON or hexadecimal: all of it means the same to a caller.
    return err({ code: "CollateralUnreadable" });
  }
}

function readSigned(object: JsonObject, name: string): SignedDocument {
  return {
    json: utf8(textOf(object, name)),
    signature: fromHex(textOf(object, `${name}_signature`)),
    issuerChain: utf8(textOf(object, `${name}_issuer_chain`)),
  };
}

function textOf(object: JsonObject, key: string): string {
  const value = object[key];
  if (typeof value !== "string") throw new CollateralJsonError(`Cannot read "${key}": text missing`);
  return value;
}
