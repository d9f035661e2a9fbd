/**
 * Signed extensions: what a signed extrinsic carries and signs besides its call, and the checks that go with it.
 *
 * @module
 */
import { ok, type Result } from "../../../primitives/result.ts";
import type { CallCost, PostInfo, RuntimeCall } from "../dispatch/call.ts";
import type { ExecutionContext } from "../dispatch/context.ts";
import type { AnyType, RuntimeType } from "../types/runtime_type.ts";
import type { TransactionSource, TransactionValidityError, ValidTransaction } from "../validity.ts";

/** A signed transaction as extensions see it. */
export interface SignedTransaction {
  readonly sender: Uint8Array;
  readonly call: RuntimeCall;
  readonly cost: CallCost;
  /** Length of the whole extrinsic in bytes, its length prefix included. */
  readonly length: number;
  readonly source: TransactionSource;
}

/** Parts of a verdict that an extension contributes. */
export type PartialValidity = Partial<ValidTransaction>;

/** How the call ended, for extensions that settle afterwards. */
export interface Outcome {
  readonly postInfo: PostInfo;
}

/** Settles after the call, whatever its result. */
export type PostDispatch = (ctx: ExecutionContext, outcome: Outcome) => void;

/** One signed extension; `Extra` goes into the extrinsic, `Implicit` only into what is signed. */
export interface TypedExtension<Extra, Implicit> {
  readonly identifier: string;
  readonly extra: RuntimeType<Extra>;
  readonly implicit: RuntimeType<Implicit>;
  /** The implicit value of this chain at this block. */
  readonly implicitOf: (ctx: ExecutionContext, extra: Extra) => Result<Implicit, TransactionValidityError>;
  /** Checks without changing anything. */
  readonly validate: (
    ctx: ExecutionContext,
    transaction: SignedTransaction,
    extra: Extra,
  ) => Result<PartialValidity, TransactionValidityError>;
  /** Changes the state before the call; what it does stays even if the call fails. */
  readonly prepare: (
    ctx: ExecutionContext,
    transaction: SignedTransaction,
    extra: Extra,
  ) => Result<PostDispatch | undefined, TransactionValidityError>;
}

/** A signed extension whose values are not known here: they go from its own codec to its own functions. */
export interface TransactionExtension {
  readonly identifier: string;
  readonly extra: AnyType;
  readonly implicit: AnyType;
  readonly implicitOf: (ctx: ExecutionContext, extra: never) => Result<unknown, TransactionValidityError>;
  readonly validate: (
    ctx: ExecutionContext,
    transaction: SignedTransaction,
    extra: never,
  ) => Result<PartialValidity, TransactionValidityError>;
  readonly prepare: (
    ctx: ExecutionContext,
    transaction: SignedTransaction,
    extra: never,
  ) => Result<PostDispatch | undefined, TransactionValidityError>;
}

/** Declares an extension; what it leaves out checks nothing and does nothing. */
export function defineExtension<Extra, Implicit>(
  extension:
    & Pick<TypedExtension<Extra, Implicit>, "identifier" | "extra" | "implicit" | "implicitOf">
    & Partial<TypedExtension<Extra, Implicit>>,
): TransactionExtension {
  return { validate: () => ok({}), prepare: () => ok(undefined), ...extension };
}
