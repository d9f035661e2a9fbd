/**
 * Pallets of made-up metadata, and their encoding.
 *
 * @module
 */
import { metadata as metadataCodec } from "@polkadot-api/substrate-bindings";
import { toHex } from "../../src/primitives/hex.ts";
import { toField, type Types, type Variants } from "./metadata_types.ts";

/** Options of the test runtime. */
export interface TestRuntimeOptions {
  /** Metadata version. */
  readonly version?: 14 | 15;
  /** Added to every pallet's index and rotating the calls' order: another runtime with the same names. */
  readonly permuted?: boolean;
  /** Runtime version. */
  readonly specVersion?: number;
  /** Whether `Grandpa` is there. */
  readonly grandpa?: boolean;
  /** Whether authorities seal with ed25519. */
  readonly auraEd25519?: boolean;
  /** An additional signed extension with content that nobody knows. */
  readonly unknownExtension?: "empty" | "content";
}

/** What a pallet is made of. */
export interface PalletSpec {
  readonly name: string;
  readonly index: number;
  readonly storage?: readonly unknown[];
  readonly calls?: Variants;
  readonly events?: Variants;
  readonly errors?: Variants;
  readonly constants?: readonly (readonly [name: string, type: number, value: Uint8Array])[];
}

/** A plain storage item. */
export function plain(name: string, type: number, fallback?: Uint8Array): unknown {
  const tail = { modifier: fallback === undefined ? 0 : 1, fallback: toHex(fallback ?? new Uint8Array(0)), docs: [] };
  return { name, type: { tag: "plain", value: type }, ...tail };
}

/** A storage map. */
export function map(name: string, key: number, value: number, fallback?: Uint8Array): unknown {
  const hashers = [{ tag: "Blake2128Concat", value: undefined }];
  const tail = { modifier: fallback === undefined ? 0 : 1, fallback: toHex(fallback ?? new Uint8Array(0)), docs: [] };
  return { name, type: { tag: "map", value: { hashers, key, value } }, ...tail };
}

/** Ids of the extrinsic's parts and the outer enums. */
export interface OuterTypes {
  readonly version: 14 | 15;
  readonly address: number;
  readonly signature: number;
  readonly runtimeCall: number;
  readonly runtimeEvent: number;
  readonly runtimeError: number;
}

/** Encodes pallets and types as metadata. */
export function encodeMetadata(
  t: Types,
  pallets: readonly PalletSpec[],
  outer: OuterTypes,
  options: TestRuntimeOptions,
) {
  const unit = t.tuple();
  const u32Type = t.primitive("u32");
  const h256 = t.add("primitive_types::H256", undefined);
  const era = t.variants(
    ["sp_runtime", "generic", "era", "Era"],
    Object.fromEntries(
      Array.from(
        { length: 256 },
        (_, i) => i === 0 ? ["Immortal", [0]] : [`Mortal${i}`, [i, [undefined, t.primitive("u8")]]],
      ),
    ),
  );
  const mode = t.variants(["Mode"], { Disabled: [0], Enabled: [1] });
  const extensions: [string, number, number][] = [
    ["CheckNonZeroSender", unit, unit],
    ["CheckSpecVersion", unit, u32Type],
    ["CheckTxVersion", unit, u32Type],
    ["CheckGenesis", unit, h256],
    ["CheckMortality", t.struct(["CheckMortality"], [undefined, era]), h256],
    ["CheckNonce", t.struct(["CheckNonce"], [undefined, t.compact(u32Type)]), unit],
    ["CheckWeight", unit, unit],
    [
      "ChargeTransactionPayment",
      t.struct(["ChargeTransactionPayment"], [undefined, t.compact(t.primitive("u128"))]),
      unit,
    ],
    [
      "CheckMetadataHash",
      t.struct(["CheckMetadataHash"], ["mode", mode]),
      t.option(t.array(t.primitive("u8"), 32)),
    ],
  ];
  if (options.unknownExtension === "empty") extensions.push(["Mystery", unit, unit]);
  if (options.unknownExtension === "content") extensions.push(["Mystery", u32Type, unit]);
  const signedExtensions = extensions.map(([identifier, type, additionalSigned]) => ({
    identifier,
    type,
    additionalSigned,
  }));
  const extra = t.tuple(...extensions.map(([, type]) => type));
  const { address, signature, runtimeCall } = outer;
  const params = [
    { name: "Address", type: address },
    { name: "Call", type: runtimeCall },
    { name: "Signature", type: signature },
    { name: "Extra", type: extra },
  ];
  const bytes = t.sequence(t.primitive("u8"));
  const extrinsicType = t.add(
    "UncheckedExtrinsic",
    { tag: "composite", value: [toField([undefined, bytes])] },
    ["sp_runtime", "generic", "unchecked_extrinsic", "UncheckedExtrinsic"],
    params,
  );
  const runtime = t.struct(["runtime", "Runtime"]);
  const encodedPallets = pallets.map((pallet) => ({
    name: pallet.name,
    index: pallet.index,
    storage: pallet.storage === undefined ? undefined : { prefix: pallet.name, items: pallet.storage },
    calls: enumId(t, pallet, "calls"),
    events: enumId(t, pallet, "events"),
    errors: enumId(t, pallet, "errors"),
    constants: (pallet.constants ?? []).map(([name, type, value]) => ({ name, type, value: toHex(value), docs: [] })),
    docs: [],
  }));
  const shared = { lookup: t.entries, pallets: encodedPallets, type: runtime };
  const value = outer.version === 14
    ? { ...shared, extrinsic: { type: extrinsicType, version: 4, signedExtensions }, apis: [] }
    : {
      ...shared,
      extrinsic: { version: 4, address, call: runtimeCall, signature, extra, signedExtensions },
      apis: [],
      outerEnums: { call: runtimeCall, event: outer.runtimeEvent, error: outer.runtimeError },
      custom: [],
    };
  // deno-lint-ignore no-explicit-any
  const tagged: any = { tag: `v${outer.version}`, value };
  return metadataCodec.enc({ magicNumber: 0x6174656d, metadata: tagged });
}

function enumId(t: Types, pallet: PalletSpec, kind: "calls" | "events" | "errors"): number | undefined {
  const variants = pallet[kind];
  return variants === undefined ? undefined : t.variants([`pallet_${pallet.name}`, "pallet", kind], variants);
}
