/**
 * The type table of a metadata: each type once, under an id.
 *
 * @module
 */
import type { FieldInfo, TypeBody, TypeId, TypeInfo } from "../types/runtime_type.ts";

/** A field as polkadot-api's metadata codec takes it. */
interface PortableField {
  readonly name: string | undefined;
  readonly type: TypeId;
  readonly typeName: undefined;
  readonly docs: string[];
}

function portableField({ name, type }: FieldInfo, idOf: (type: TypeInfo) => TypeId): PortableField {
  return { name, type: idOf(type), typeName: undefined, docs: [] };
}

function portableBody(body: TypeBody, idOf: (type: TypeInfo) => TypeId) {
  switch (body.tag) {
    case "composite":
      return { tag: "composite" as const, value: body.fields.map((field) => portableField(field, idOf)) };
    case "variant":
      return {
        tag: "variant" as const,
        value: body.variants.map(({ name, index, fields }) => ({
          name,
          index,
          fields: fields.map((field) => portableField(field, idOf)),
          docs: [] as string[],
        })),
      };
    case "sequence":
      return { tag: "sequence" as const, value: idOf(body.item) };
    case "array":
      return { tag: "array" as const, value: { len: body.length, type: idOf(body.item) } };
    case "tuple":
      return { tag: "tuple" as const, value: body.items.map(idOf) };
    case "primitive":
      return { tag: "primitive" as const, value: { tag: body.name, value: undefined } };
    case "compact":
      return { tag: "compact" as const, value: idOf(body.item) };
  }
}

/** A type as polkadot-api's metadata codec takes it. */
export interface PortableType {
  readonly id: TypeId;
  readonly path: string[];
  readonly params: { readonly name: string; readonly type: TypeId | undefined }[];
  readonly def: ReturnType<typeof portableBody>;
  readonly docs: string[];
}

/** Gives types their ids and collects them. */
export class TypeTable {
  readonly #ids = new Map<string, TypeId>();
  readonly #types: (PortableType | undefined)[] = [];

  /** The id of a type; describes it, and what it is made of, when it is new. */
  readonly idOf = (type: TypeInfo): TypeId => {
    const known = this.#ids.get(type.key);
    if (known !== undefined) return known;
    // The id is reserved BEFORE the type is described: types contain themselves.
    const id = this.#types.length;
    this.#ids.set(type.key, id);
    this.#types.push(undefined);
    const { path, params, body } = type.describe();
    this.#types[id] = {
      id,
      path: [...path],
      params: params.map((param) => ({
        name: param.name,
        type: param.type === undefined ? undefined : this.idOf(param.type),
      })),
      def: portableBody(body, this.idOf),
      docs: [],
    };
    return id;
  };

  /** All types, in the order of their ids. */
  get types(): PortableType[] {
    return this.#types.filter((type) => type !== undefined);
  }
}
