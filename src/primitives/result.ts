/**
 * Outcomes that the caller decides on, as values instead of exceptions.
 *
 * @module
 */

/** A success with its value. */
export interface Ok<T> {
  /** Tells a success from a failure. */
  readonly ok: true;
  /** What was wanted. */
  readonly value: T;
}

/** A failure with its error, a union tagged by `code`. */
export interface Err<E> {
  /** Tells a failure from a success. */
  readonly ok: false;
  /** Why there is no value. */
  readonly error: E;
}

/** Either a value or an error. */
export type Result<T, E> = Ok<T> | Err<E>;

/** Makes a success. */
export function ok<T>(value: T): Ok<T> {
  return { ok: true, value };
}

/** Makes a failure. */
export function err<E>(error: E): Err<E> {
  return { ok: false, error };
}

/**
 * Takes the value of a result whose failure would be a mistake of the caller.
 *
 * @throws {TypeError} If the result is a failure.
 */
export function unwrap<T, E>(result: Result<T, E>): T {
  if (result.ok) return result.value;
  const { error } = result;
  const code = typeof error === "object" && error !== null && "code" in error ? String(error.code) : String(error);
  throw new TypeError(`Cannot take the value of a failed result: ${code}`, { cause: error });
}
