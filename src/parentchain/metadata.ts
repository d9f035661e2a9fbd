/**
 * The parentchain's own description of itself: storage keys and values, calls, events, constants and the format of
 * extrinsics, all by name, so that any order of indices works.
 *
 * @module
 */
import type { Codec } from "../codec/codec.ts";
import { CodecError } from "../codec/error.ts";
import { blake2_256 } from "../crypto/blake2.ts";
import type { H256 } from "../primitives/branded.ts";
import { concatBytes } from "../primitives/bytes.ts";
import { fromHex } from "../primitives/hex.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import type { AuraScheme } from "./aura.ts";
import { createDescribedCodecs, type DescribedCodec } from "./metadata_codec.ts";
import { type DescribedRuntime, type LookupEntry, readMetadata, typePath } from "./metadata_lookup.ts";
import { type StorageHasher, storageKey } from "./storage_key.ts";

/** One signed extension in the order of the extrinsic. */
export interface SignedExtension {
  /** Its name, e.g. `CheckNonce`. */
  readonly identifier: string;
  /** What stands in the extrinsic. */
  readonly extra: DescribedCodec;
  /** What is signed besides. */
  readonly additional: DescribedCodec;
  /** Whether the extrinsic has no bytes of it. */
  readonly extraIsEmpty: boolean;
  /** Whether nothing of it is signed besides. */
  readonly additionalIsEmpty: boolean;
}

/** Place of a call in the runtime. */
export interface CallName {
  /** Name of the pallet. */
  readonly pallet: string;
  /** Name of the call. */
  readonly call: string;
}

/** A plain storage item or map of the chain. */
export interface StorageItem {
  /** Key of an entry; one argument per hasher. @throws {RangeError} If the count differs. */
  readonly key: (...args: unknown[]) => Uint8Array;
  /** Codec of its value. */
  readonly value: DescribedCodec;
  /** Value of an absent entry, if the item has a default. */
  readonly fallback: Uint8Array | undefined;
  /** Path of the value's type or, for a vector, of its items. */
  readonly itemPath: readonly string[];
}

/** Reader of one runtime's metadata. Lookups by name are remembered. */
export class ParentchainMetadata {
  /** Blake2-256 hash of the metadata's bytes. */
  readonly hash: H256;
  /** Version of the runtime, from its own constant `System.Version`. */
  readonly specVersion: number;
  /** Version of the extrinsic format, from the same. */
  readonly transactionVersion: number;
  /** Layout of the extrinsics trie: 0 for old runtimes, 1 from system version 2 on. */
  readonly extrinsicsTrieVersion: 0 | 1;
  /** Prefix of the chain's addresses. */
  readonly ss58Prefix: number;
  /** Signed extensions in the order of the extrinsic. */
  readonly signedExtensions: readonly SignedExtension[];
  readonly #runtime: DescribedRuntime;
  readonly #codecOf: (id: number) => DescribedCodec;
  readonly #items = new Map<string, StorageItem | undefined>();

  /** @throws {TypeError} If the bytes are not metadata of version 14 to 16 with a readable `System.Version`. */
  constructor(bytes: Uint8Array) {
    this.#runtime = readMetadata(bytes);
    this.#codecOf = createDescribedCodecs(this.#runtime.lookup);
    this.hash = blake2_256(bytes);
    const version = this.constant("System", "Version") as Record<string, unknown> | undefined;
    if (typeof version?.["spec_version"] !== "number" || typeof version["transaction_version"] !== "number") {
      throw new TypeError("Cannot read metadata: no constant System.Version with the runtime's versions");
    }
    this.specVersion = version["spec_version"];
    this.transactionVersion = version["transaction_version"];
    const systemVersion = version["system_version"] ?? version["state_version"] ?? 0;
    this.extrinsicsTrieVersion = typeof systemVersion === "number" && systemVersion >= 2 ? 1 : 0;
    const prefix = this.constant("System", "SS58Prefix");
    this.ss58Prefix = typeof prefix === "number" ? prefix : 42;
    const extensions = this.#runtime.unified.extrinsic.extensionsByVersion[0] ?? [];
    this.signedExtensions = extensions.map(({ identifier, type, additionalSigned }) => ({
      identifier,
      extra: this.#codecOf(type),
      additional: this.#codecOf(additionalSigned),
      extraIsEmpty: this.#runtime.lookup(type).type === "void",
      additionalIsEmpty: this.#runtime.lookup(additionalSigned).type === "void",
    }));
  }

  /** Whether the runtime has a pallet of this name. */
  hasPallet(pallet: string): boolean {
    return this.#pallet(pallet) !== undefined;
  }

  /** Whether the runtime has this call. */
  hasCall(pallet: string, call: string): boolean {
    return this.#callEntry(pallet, call) !== undefined;
  }

  /** A storage item, or `undefined` if the runtime has none of this name. */
  storage(pallet: string, item: string): StorageItem | undefined {
    const name = `${pallet}.${item}`;
    if (!this.#items.has(name)) this.#items.set(name, this.#buildStorage(pallet, item));
    return this.#items.get(name);
  }

  /** Value of a constant, or `undefined` if the runtime has none of this name. */
  constant(pallet: string, name: string): unknown {
    const found = this.#pallet(pallet)?.constants.find((constant) => constant.name === name);
    return found === undefined ? undefined : this.#codecOf(found.type).decode(fromHex(found.value));
  }

  /**
   * Encodes a call by names.
   *
   * @throws {RangeError} If the runtime has no such call.
   * @throws {TypeError} If the arguments do not have its shape.
   */
  encodeCall(pallet: string, call: string, args: Readonly<Record<string, unknown>>): Uint8Array {
    const entry = this.#callEntry(pallet, call);
    if (entry === undefined) throw new RangeError(`Cannot encode call: the runtime has no "${pallet}.${call}"`);
    return concatBytes(new Uint8Array([entry.pallet]), this.#codecOf(entry.type).encode({ type: call, value: args }));
  }

  /**
   * A whole encoded call as the value that calls within calls take.
   *
   * @throws {CodecError} If the runtime has no such call.
   */
  decodeCall(bytes: Uint8Array): unknown {
    const pallet = this.#runtime.unified.pallets.find(({ index }) => index === bytes[0]);
    if (pallet?.calls === undefined) throw new CodecError("UnknownVariant", `no pallet has index ${bytes[0]}`);
    return { type: pallet.name, value: this.#codecOf(pallet.calls.type).decode(bytes.subarray(1)) };
  }

  /** Names the call at the start of the bytes, or `undefined` if the runtime has none at its indices. */
  callName(bytes: Uint8Array): CallName | undefined {
    const pallet = this.#runtime.unified.pallets.find(({ index }) => index === bytes[0]);
    if (pallet?.calls === undefined) return undefined;
    const calls = this.#runtime.lookup(pallet.calls.type);
    if (calls.type !== "enum") return undefined;
    const call = Object.entries(calls.value).find(([, { idx }]) => idx === bytes[1]);
    return call === undefined ? undefined : { pallet: pallet.name, call: call[0] };
  }

  /** Decodes the arguments of a whole encoded call whose name is known. */
  decodeCallArgs({ pallet, call }: CallName, bytes: Uint8Array): Result<Readonly<Record<string, unknown>>, CodecError> {
    const entry = this.#callEntry(pallet, call);
    if (entry === undefined) return err(new CodecError("UnknownVariant", `no call "${pallet}.${call}"`));
    try {
      const { value } = this.#codecOf(entry.type).decode(bytes.subarray(1)) as { value: unknown };
      return ok(typeof value === "object" && value !== null ? value as Record<string, unknown> : {});
    } catch (error) {
      if (error instanceof CodecError) return err(error);
      throw error;
    }
  }

  /**
   * An account as the argument of a call: chains take the bare account or a `MultiAddress`.
   *
   * @throws {RangeError} If the call has no such argument.
   */
  address(pallet: string, call: string, argument: string, account: Uint8Array): unknown {
    const calls = this.#callEntry(pallet, call);
    const entry = calls === undefined ? undefined : this.#runtime.lookup(calls.type);
    const content = entry?.type === "enum" ? entry.value[call] : undefined;
    const field = content?.type === "struct" ? content.value[argument] : undefined;
    if (field === undefined) throw new RangeError(`Cannot give address: no argument "${pallet}.${call}.${argument}"`);
    return isMultiAddress(field) ? { type: "Id", value: account } : account;
  }

  /** Codecs of an extrinsic's address and signature, and whether the address is a `MultiAddress`. */
  extrinsicParts(): { readonly address: DescribedCodec; readonly signature: DescribedCodec; readonly multi: boolean } {
    const { extrinsic } = this.#runtime.unified;
    const params = "type" in extrinsic ? this.#runtime.unified.lookup[extrinsic.type]?.params ?? [] : [];
    const param = (name: string) => params.find((entry) => entry.name === name)?.type;
    const address = "address" in extrinsic ? extrinsic.address : param("Address");
    const signature = "signature" in extrinsic ? extrinsic.signature : param("Signature");
    if (address === undefined || signature === undefined) {
      throw new TypeError("Cannot read extrinsic format: the metadata name no address and signature");
    }
    return {
      address: this.#codecOf(address),
      signature: this.#codecOf(signature),
      multi: isMultiAddress(this.#runtime.lookup(address)),
    };
  }

  /** Signature scheme of the Aura authorities, by the name of their type; `sr25519` unless it says `ed25519`. */
  auraScheme(): AuraScheme {
    const path = this.storage("Aura", "Authorities")?.itemPath ?? [];
    return path.some((part) => part.includes("ed25519")) ? "ed25519" : "sr25519";
  }

  #pallet(name: string): DescribedRuntime["unified"]["pallets"][number] | undefined {
    return this.#runtime.unified.pallets.find((pallet) => pallet.name === name);
  }

  #callEntry(palletName: string, call: string): { readonly pallet: number; readonly type: number } | undefined {
    const pallet = this.#pallet(palletName);
    if (pallet?.calls === undefined) return undefined;
    const calls = this.#runtime.lookup(pallet.calls.type);
    if (calls.type !== "enum" || !Object.hasOwn(calls.value, call)) return undefined;
    return { pallet: pallet.index, type: pallet.calls.type };
  }

  #buildStorage(palletName: string, itemName: string): StorageItem | undefined {
    const storage = this.#pallet(palletName)?.storage;
    const item = storage?.items.find(({ name }) => name === itemName);
    if (storage === undefined || item === undefined) return undefined;
    const { type } = item;
    const valueType = type.tag === "plain" ? type.value : type.value.value;
    const hashers: StorageHasher[] = type.tag === "plain"
      ? []
      : type.value.hashers.map(({ tag }) => tag as StorageHasher);
    const keys = type.tag === "plain" ? [] : this.#keyCodecs(type.value.key, hashers.length);
    return {
      key: (...args) => {
        if (args.length !== keys.length) {
          throw new RangeError(
            `Cannot make key of "${palletName}.${itemName}": want ${keys.length}, got ${args.length}`,
          );
        }
        return storageKey(
          storage.prefix,
          itemName,
          keys.map((key, i) => [hashers[i] as StorageHasher, key.encode(args[i])]),
        );
      },
      value: this.#codecOf(valueType),
      fallback: item.modifier === 1 ? fromHex(item.fallback) : undefined,
      itemPath: this.#itemPath(valueType),
    };
  }

  /** Codecs of a map's keys: several hashers take a tuple apart. */
  #keyCodecs(type: number, count: number): readonly Codec<unknown>[] {
    if (count === 1) return [this.#codecOf(type)];
    const def = this.#runtime.unified.lookup[type]?.def;
    if (def?.tag !== "tuple" || def.value.length !== count) {
      throw new TypeError("Cannot read metadata: key is no tuple");
    }
    return def.value.map((id) => this.#codecOf(id));
  }

  /** Path of a type; wrappers and vectors are looked through to their items. */
  #itemPath(type: number): readonly string[] {
    const def = this.#runtime.unified.lookup[type]?.def;
    if (def?.tag === "sequence") return typePath(this.#runtime, def.value);
    const path = typePath(this.#runtime, type);
    const inner = def?.tag === "composite" && def.value.length === 1 ? def.value[0]?.type : undefined;
    const isList = inner !== undefined && this.#runtime.unified.lookup[inner]?.def.tag === "sequence";
    return isList ? this.#itemPath(inner) : path;
  }
}

function isMultiAddress(entry: LookupEntry): boolean {
  return entry.type === "enum" && entry.value["Id"] !== undefined;
}
