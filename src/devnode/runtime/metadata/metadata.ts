/**
 * Metadata of versions 14 and 15, made of the pallets' own definitions.
 *
 * @module
 */
import { metadata } from "@polkadot-api/substrate-bindings";
import { toHex } from "../../../primitives/hex.ts";
import type { TransactionExtension } from "../extensions/extension.ts";
import { EXTRINSIC_VERSION, UNCHECKED_EXTRINSIC_PATH } from "../executive/extrinsic.ts";
import {
  callTypeOf,
  errorTypeOf,
  eventTypeOf,
  type IndexedPallet,
  RUNTIME_CRATE,
  type RuntimeModel,
} from "../model.ts";
import { eventRecord } from "../pallets/system/system.ts";
import type { RuntimeApi } from "../api/api_definition.ts";
import type { StorageItemInfo } from "../storage/storage_item.ts";
import { byteVec, emptyStruct, tupleOf } from "../types/builders.ts";
import { multiAddress, multiSignature } from "../types/common.ts";
import { type AnyType, type RuntimeType, splitPath, type TypeId, type TypeInfo } from "../types/runtime_type.ts";
import { TypeTable } from "./type_table.ts";

/** "meta", little endian. */
const MAGIC = 0x6174656d;

type MetadataInput = Parameters<typeof metadata.enc>[0];

function storageEntry({ name, modifier, fallback, key, value }: StorageItemInfo, table: TypeTable) {
  return {
    name,
    modifier: modifier === "Optional" ? 0 : 1,
    type: key === undefined ? { tag: "plain" as const, value: table.idOf(value) } : {
      tag: "map" as const,
      value: {
        hashers: [{ tag: key.hasher, value: undefined }],
        key: table.idOf(key.type),
        value: table.idOf(value),
      },
    },
    fallback: toHex(fallback),
    docs: [],
  };
}

function idOrNone(type: TypeInfo | undefined, table: TypeTable): TypeId | undefined {
  return type === undefined ? undefined : table.idOf(type);
}

function palletEntry(pallet: IndexedPallet, table: TypeTable) {
  const items = pallet.storage.map((item) => storageEntry(item, table));
  return {
    name: pallet.name,
    storage: items.length === 0 ? undefined : { prefix: pallet.name, items },
    calls: idOrNone(callTypeOf(pallet), table),
    events: idOrNone(eventTypeOf(pallet), table),
    constants: Object.entries(pallet.constants).map(([name, { type, encoded }]) => ({
      name,
      type: table.idOf(type),
      value: toHex(encoded),
      docs: [],
    })),
    errors: idOrNone(errorTypeOf(pallet), table),
    index: pallet.index,
    docs: [],
  };
}

function extensionEntries(extensions: readonly TransactionExtension[], table: TypeTable) {
  return extensions.map(({ identifier, extra, implicit }) => ({
    identifier,
    type: table.idOf(extra),
    additionalSigned: table.idOf(implicit),
  }));
}

/** All extras as one tuple: the type parameter that tells older clients what an extrinsic carries. */
function extraType(extensions: readonly TransactionExtension[]): TypeInfo {
  return tupleOf(...extensions.map(({ extra }: { readonly extra: AnyType }) => extra as RuntimeType<unknown>));
}

function uncheckedExtrinsic(model: RuntimeModel): TypeInfo {
  return {
    key: UNCHECKED_EXTRINSIC_PATH,
    describe: () => ({
      path: splitPath(UNCHECKED_EXTRINSIC_PATH),
      params: [
        { name: "Address", type: multiAddress },
        { name: "Call", type: model.callType },
        { name: "Signature", type: multiSignature },
        { name: "Extra", type: extraType(model.definition.extensions) },
      ],
      body: { tag: "composite", fields: [{ name: undefined, type: byteVec() }] },
    }),
  };
}

function apiEntries(apis: readonly RuntimeApi[], table: TypeTable) {
  return apis.map(({ name, methods }) => ({
    name,
    methods: methods.map((method) => ({
      name: method.name,
      inputs: method.inputs.map((input) => ({ name: input.name, type: table.idOf(input.type) })),
      output: table.idOf(method.output),
      docs: [],
    })),
    docs: [],
  }));
}

function encode(tag: "v14" | "v15", value: unknown): Uint8Array {
  return metadata.enc({ magicNumber: MAGIC, metadata: { tag, value } } as MetadataInput);
}

const runtimeType = emptyStruct(`${RUNTIME_CRATE}::Runtime`);

/** The metadata of version 14, with its magic bytes. */
export function buildMetadataV14(model: RuntimeModel): Uint8Array {
  const table = new TypeTable();
  const pallets = model.pallets.map((pallet) => palletEntry(pallet, table));
  table.idOf(eventRecord(model.eventType));
  const extrinsic = {
    type: table.idOf(uncheckedExtrinsic(model)),
    version: EXTRINSIC_VERSION,
    signedExtensions: extensionEntries(model.definition.extensions, table),
  };
  const type = table.idOf(runtimeType);
  return encode("v14", { lookup: table.types, pallets, extrinsic, type, apis: [] });
}

/** The metadata of version 15, with its magic bytes. */
export function buildMetadataV15(model: RuntimeModel, apis: readonly RuntimeApi[]): Uint8Array {
  const table = new TypeTable();
  const pallets = model.pallets.map((pallet) => palletEntry(pallet, table));
  table.idOf(eventRecord(model.eventType));
  table.idOf(uncheckedExtrinsic(model));
  const { extensions } = model.definition;
  const extrinsic = {
    version: EXTRINSIC_VERSION,
    address: table.idOf(multiAddress),
    call: table.idOf(model.callType),
    signature: table.idOf(multiSignature),
    extra: table.idOf(extraType(extensions)),
    signedExtensions: extensionEntries(extensions, table),
  };
  const rest = {
    type: table.idOf(runtimeType),
    apis: apiEntries(apis, table),
    outerEnums: {
      call: table.idOf(model.callType),
      event: table.idOf(model.eventType),
      error: table.idOf(model.errorType),
    },
    custom: [],
  };
  return encode("v15", { lookup: table.types, pallets, extrinsic, ...rest });
}
