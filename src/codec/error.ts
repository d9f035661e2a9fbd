/**
 * The error of every strict decoder, with the path of the field that failed.
 *
 * @module
 */

/** Why bytes were refused. */
export type CodecErrorCode =
  /** The input ends inside a value. */
  | "Truncated"
  /** Bytes are left after the value. */
  | "TrailingBytes"
  /** A compact integer is not in its shortest form. */
  | "NonCanonicalCompact"
  /** A length or number is above its named maximum. */
  | "TooLarge"
  /** An enum's index has no variant. */
  | "UnknownVariant"
  /** A bool or an option flag is neither 0 nor 1. */
  | "InvalidFlag"
  /** A string is not UTF-8. */
  | "InvalidUtf8"
  /** The bytes are well formed, but the value is refused by its type. */
  | "InvalidValue";

/** Bytes that are not the encoding of the wanted type. */
export class CodecError extends Error {
  /** The class, for logs. */
  override readonly name = "CodecError";
  /** The reason, for decisions. */
  readonly code: CodecErrorCode;
  /** The reason in words, without the path. */
  readonly detail: string;
  /** Field names and indexes from the outermost value to the one that failed. */
  readonly path: readonly (string | number)[];

  /** Makes the error of a decoder; `path` grows on the way out of nested values. */
  constructor(code: CodecErrorCode, detail: string, path: readonly (string | number)[] = [], cause?: unknown) {
    super(`Cannot decode ${path.length === 0 ? "value" : `"${path.join(".")}"`}: ${detail}`, { cause });
    this.code = code;
    this.detail = detail;
    this.path = path;
  }
}

/** Runs a decoder of a part and puts the part's name before the path of its error. */
export function within<T>(name: string | number, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    throw new CodecError(error.code, error.detail, [name, ...error.path], error.cause);
  }
}
