/**
 * Type table of made-up metadata.
 *
 * @module
 */
/** Field of a composite type or variant. */
export type Field = readonly [name: string | undefined, type: number];
/** Variants by name: index and fields. */
export type Variants = Readonly<Record<string, readonly [index: number, ...fields: Field[]]>>;

/** A type of the metadata, loosely. */
export interface TypeEntry {
  id: number;
  path: string[];
  params: { name: string; type: number | undefined }[];
  // deno-lint-ignore no-explicit-any
  def: any;
  docs: string[];
}

/** Table of types, each once. */
export class Types {
  readonly entries: TypeEntry[] = [];
  readonly #byKey = new Map<string, number>();

  add(key: string, def: unknown, path: string[] = [], params: TypeEntry["params"] = []): number {
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const id = this.entries.length;
    this.entries.push({ id, path, params, def, docs: [] });
    this.#byKey.set(key, id);
    return id;
  }

  primitive(name: string): number {
    return this.add(name, { tag: "primitive", value: { tag: name, value: undefined } });
  }
  array(type: number, len: number): number {
    return this.add(`[${type};${len}]`, { tag: "array", value: { len, type } });
  }
  sequence(type: number): number {
    return this.add(`Vec<${type}>`, { tag: "sequence", value: type });
  }
  compact(type: number): number {
    return this.add(`Compact<${type}>`, { tag: "compact", value: type });
  }
  tuple(...types: number[]): number {
    return this.add(`(${types})`, { tag: "tuple", value: types });
  }
  option(type: number): number {
    const def = variantDef({ None: [0], Some: [1, [undefined, type]] });
    return this.add(`Option<${type}>`, def, ["Option"], [{ name: "T", type }]);
  }
  struct(path: string[], ...fields: Field[]): number {
    return this.add(path.join("::"), { tag: "composite", value: fields.map(toField) }, path);
  }
  variants(path: string[], variants: Variants): number {
    return this.add(path.join("::"), variantDef(variants), path);
  }
}

/** A field as the codec takes it. */
export function toField([name, type]: Field): unknown {
  return { name, type, typeName: undefined, docs: [] };
}

/** An enum as the codec takes it. */
export function variantDef(variants: Variants): unknown {
  return {
    tag: "variant",
    value: Object.entries(variants).map(([name, [index, ...fields]]) => ({
      name,
      index,
      fields: fields.map(toField),
      docs: [],
    })),
  };
}
