/**
 * Enums without content: one index byte, a name on our side.
 *
 * @module
 */
import { type Codec, makeCodec, u8 } from "./codec.ts";
import { CodecError } from "./error.ts";

/**
 * Makes the codec of an enum whose variants carry nothing. Indexes are always written, and each stands once.
 *
 * @throws {TypeError} If two names share an index.
 */
export function enumeration<Name extends string>(indexes: Readonly<Record<Name, number>>): Codec<Name> {
  const names = new Map<number, Name>();
  for (const name of Object.keys(indexes) as Name[]) {
    if (names.has(indexes[name])) throw new TypeError(`Cannot make enum: index ${indexes[name]} is taken`);
    names.set(indexes[name], name);
  }
  return makeCodec<Name>(
    (name) => {
      if (!Object.hasOwn(indexes, name)) throw new TypeError(`Cannot encode enum: no variant "${name}"`);
      return u8.encode(indexes[name]);
    },
    (cursor) => {
      const index = u8.read(cursor);
      const name = names.get(index);
      if (name === undefined) throw new CodecError("UnknownVariant", `no variant has index ${index}`);
      return name;
    },
  );
}
