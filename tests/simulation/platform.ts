/**
 * The platform under a simulation: randomness from the seed, AES-GCM and ed25519 by native code without leaving the
 * thread, and a stand-in for RSA. So the same seed gives the same bytes, and nothing is left undone after one turn of the
 * event loop.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import * as native from "node:crypto";
import "reflect-metadata";
import { X509CertificateGenerator } from "@peculiar/x509";
import { sign as signSr25519 } from "@scure/sr25519";
import { createFastCrypto } from "../../src/crypto/fast.ts";
import { useCrypto } from "../../src/crypto/implementation.ts";
import { RSA_BLOCK_LENGTH, RSA_CHUNK_LENGTH } from "../../src/crypto/rsa_oaep.ts";
import { asBufferSource } from "../../src/primitives/bytes.ts";
import { Random } from "./random.ts";
import { whileNative } from "./scheduler.ts";

/** Checks of signatures and openings that are remembered, since every validateer of a simulation does the same ones. */
const MAX_REMEMBERED = 4096;
const TAG_LENGTH = 16;
const PUBLIC_KEY_PREFIX = Buffer.from("302a300506032b6570032100", "hex");
const SEED_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");

/** Results of what is done again and again. */
class Remembered<T> {
  readonly #results = new Map<string, T>();

  get(id: string): T | undefined {
    return this.#results.get(id);
  }

  set(id: string, result: T): void {
    if (this.#results.size >= MAX_REMEMBERED) this.#results.clear();
    this.#results.set(id, result);
  }
}

/** Plain texts by all that they come from. */
const opened = new Remembered<Uint8Array>();
let random = new Random("platform");
let installed: Promise<void> | undefined;

/** Takes randomness from this generator from now on. */
export function useRandom(next: Random): void {
  random = next;
}

/** Puts the platform in place, once a process. */
export function installPlatform(): Promise<void> {
  return installed ??= install();
}

async function install(): Promise<void> {
  useCrypto({
    ...await createFastCrypto(),
    // The fast form draws its own randomness.
    sr25519Sign: (_publicKey, secretKey, message) => signSr25519(secretKey, message, new Uint8Array(32)),
    ed25519Sign,
    ed25519Verify,
  });
  const pair = await crypto.subtle.generateKey(
    { name: "RSA-OAEP", hash: "SHA-256", modulusLength: 3072, publicExponent: new Uint8Array([1, 0, 1]) },
    true,
    ["encrypt", "decrypt"],
  );
  const define = (object: object, name: string, value: unknown) =>
    Object.defineProperty(object, name, { value, configurable: true, writable: true });
  define(crypto, "getRandomValues", (array: Uint8Array) => {
    random.fill(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    return array;
  });
  const { subtle } = crypto;
  const native = <A extends unknown[], R>(work: (...args: A) => Promise<R>) => (...args: A): Promise<R> =>
    whileNative(work.apply(subtle, args));
  const original = {
    generateKey: native(subtle.generateKey as (...args: unknown[]) => Promise<unknown>),
    exportKey: native(subtle.exportKey as (...args: unknown[]) => Promise<unknown>),
    importKey: native(subtle.importKey as (...args: unknown[]) => Promise<unknown>),
    encrypt: native(subtle.encrypt as (...args: unknown[]) => Promise<unknown>),
    decrypt: native(subtle.decrypt as (...args: unknown[]) => Promise<unknown>),
  };
  // One RSA key for all: its arithmetic is left out, so it is only a file that is sealed and read. Likewise one key and one
  // certificate for all endpoints, which nobody sees.
  const certified = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  const names = new Map<CryptoKey, string>(
    [pair.publicKey, pair.privateKey, certified.publicKey, certified.privateKey].map((key, i) => [key, `key ${i}`]),
  );
  const exported = new Map<string, Promise<unknown>>();
  let certificate: ReturnType<typeof X509CertificateGenerator.createSelfSigned> | undefined;
  const { createSelfSigned } = X509CertificateGenerator;
  define(
    X509CertificateGenerator,
    "createSelfSigned",
    (...args: Parameters<typeof createSelfSigned>) =>
      certificate ??= whileNative(createSelfSigned.apply(X509CertificateGenerator, args)),
  );
  define(subtle, "generateKey", (algorithm: Algorithm, ...rest: [boolean, KeyUsage[]]) => {
    if (algorithm.name === "RSA-OAEP") return Promise.resolve(pair);
    return algorithm.name === "ECDSA" ? Promise.resolve(certified) : original.generateKey(algorithm, ...rest);
  });
  define(subtle, "exportKey", (format: "jwk", key: CryptoKey) => {
    const name = names.get(key);
    if (name === undefined) return original.exportKey(format, key);
    const id = `${format} ${name}`;
    const known = exported.get(id) ?? original.exportKey(format, key);
    exported.set(id, known);
    return known;
  });
  define(subtle, "importKey", (...args: Parameters<SubtleCrypto["importKey"]>) => {
    const [format, key, algorithm, , usages] = args as readonly unknown[];
    if (format === "raw" && algorithm === "AES-GCM") return Promise.resolve(new AesKey(key as Uint8Array));
    if ((algorithm as Algorithm).name !== "RSA-OAEP") return original.importKey(...args);
    return Promise.resolve((usages as KeyUsage[]).includes("decrypt") ? pair.privateKey : pair.publicKey);
  });
  define(subtle, "encrypt", (algorithm: string | AesGcmParams, key: CryptoKey | AesKey, data: Uint8Array) => {
    if (key instanceof AesKey) return Promise.resolve(key.encrypt(algorithm as AesGcmParams, data));
    return algorithm === "RSA-OAEP"
      ? Promise.resolve(packRsaBlock(data).buffer)
      : original.encrypt(algorithm, key, asBufferSource(data));
  });
  define(subtle, "decrypt", (algorithm: string | AesGcmParams, key: CryptoKey | AesKey, data: Uint8Array) => {
    if (key instanceof AesKey) return key.decrypt(algorithm as AesGcmParams, data);
    return algorithm === "RSA-OAEP" ? unpackRsaBlock(data) : original.decrypt(algorithm, key, asBufferSource(data));
  });
}

/** A key of AES-256-GCM that works at once. */
class AesKey {
  readonly #key: Uint8Array;

  constructor(key: Uint8Array) {
    this.#key = Uint8Array.from(key);
  }

  encrypt({ iv, additionalData }: AesGcmParams, data: Uint8Array): ArrayBuffer {
    const cipher = native.createCipheriv("aes-256-gcm", this.#key, new Uint8Array(iv as Uint8Array));
    cipher.setAAD(new Uint8Array(additionalData as Uint8Array));
    const body = cipher.update(data);
    cipher.final();
    const sealed = Uint8Array.from(Buffer.concat([body, cipher.getAuthTag()]));
    opened.set(this.#nameOf(iv, additionalData, sealed), data.slice());
    return sealed.buffer;
  }

  async decrypt({ iv, additionalData }: AesGcmParams, data: Uint8Array): Promise<ArrayBuffer> {
    const name = this.#nameOf(iv, additionalData, data);
    const known = opened.get(name);
    if (known !== undefined) return known.slice().buffer as ArrayBuffer;
    const decipher = native.createDecipheriv("aes-256-gcm", this.#key, new Uint8Array(iv as Uint8Array));
    decipher.setAAD(new Uint8Array(additionalData as Uint8Array));
    decipher.setAuthTag(data.subarray(data.length - TAG_LENGTH));
    const body = decipher.update(data.subarray(0, data.length - TAG_LENGTH));
    decipher.final();
    const plain = Uint8Array.from(body);
    opened.set(name, plain.slice());
    return plain.buffer;
  }

  /** All that an opening depends on. */
  #nameOf(iv: BufferSource, additionalData: BufferSource | undefined, sealed: Uint8Array): string {
    const parts = [this.#key, iv as Uint8Array, additionalData as Uint8Array, sealed];
    return parts.map((part) => Buffer.from(part).toString("latin1")).join(" ");
  }
}

/** A block of the length of an RSA ciphertext: marker, length, plaintext. */
function packRsaBlock(data: Uint8Array): Uint8Array<ArrayBuffer> {
  if (data.length > RSA_CHUNK_LENGTH) throw new RangeError("Cannot pack: too long for one block");
  const block = new Uint8Array(RSA_BLOCK_LENGTH);
  block.set([0xc5, data.length & 0xff, data.length >> 8]);
  block.set(data, 3);
  return block;
}

async function unpackRsaBlock(block: Uint8Array): Promise<ArrayBuffer> {
  const length = (block[1] ?? 0) + ((block[2] ?? 0) << 8);
  if (block[0] !== 0xc5 || length > RSA_CHUNK_LENGTH) throw new DOMException("not made for this key", "OperationError");
  return block.slice(3, 3 + length).buffer as ArrayBuffer;
}

const keys = new Map<string, native.KeyObject>();

function keyOf(bytes: Uint8Array, isSecret: boolean): native.KeyObject {
  const id = `${isSecret} ${Buffer.from(bytes).toString("latin1")}`;
  let key = keys.get(id);
  if (key === undefined) {
    key = isSecret
      ? native.createPrivateKey({ key: Buffer.concat([SEED_PREFIX, bytes]), format: "der", type: "pkcs8" })
      : native.createPublicKey({ key: Buffer.concat([PUBLIC_KEY_PREFIX, bytes]), format: "der", type: "spki" });
    keys.set(id, key);
  }
  return key;
}

function ed25519Sign(seed: Uint8Array, message: Uint8Array): Uint8Array {
  return Uint8Array.from(native.sign(null, message, keyOf(seed, true)));
}

const remembered = new Remembered<boolean>();

function ed25519Verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  const id = [signature, publicKey, message].map((part) => Buffer.from(part).toString("latin1")).join("");
  const known = remembered.get(id);
  if (known !== undefined) return known;
  const isGood = native.verify(null, message, keyOf(publicKey, false), signature);
  remembered.set(id, isGood);
  return isGood;
}
