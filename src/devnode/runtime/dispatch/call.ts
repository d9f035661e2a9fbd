/**
 * Calls by names, what they cost and how they end.
 *
 * @module
 */
import type { Result } from "../../../primitives/result.ts";
import type { DispatchClass, DispatchError } from "../types/dispatch_types.ts";

/** A call by names; pallet and call indexes are the runtime's business. */
export interface RuntimeCall {
  readonly pallet: string;
  readonly call: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** What a call that went well tells of its cost. */
export interface PostInfo {
  /** `false` gives the fee back, but not the tip. */
  readonly paysFee: boolean;
}

/** A call that went well and costs what was announced. */
export const PAYS: PostInfo = { paysFee: true };
/** A call that went well and is free of charge. */
export const FREE: PostInfo = { paysFee: false };

/** How a call ends; on an error everything it wrote is undone. */
export type DispatchResult = Result<PostInfo, DispatchError>;

/** Cost and class of a call before it is executed. */
export interface CallCost {
  /** Picoseconds. */
  readonly refTime: bigint;
  readonly class: DispatchClass;
  readonly paysFee: boolean;
}

/** Cost of a normal call that pays. */
export function normalCost(refTime: bigint): CallCost {
  return { refTime, class: "Normal", paysFee: true };
}

/** What the cost of a call that contains calls is made of. */
export interface CallCosts {
  readonly costOf: (call: RuntimeCall) => CallCost;
}
