/**
 * The way of an operation into the pool: decrypt, decode, check, insert. What can never be executed gets its hash and
 * the status `Invalid`, and never a place in the pool.
 *
 * Differs: the worker checks signature, privileges, nonce and fee only when the block is made.
 *
 * @module
 */
import { equalBytes } from "../../primitives/bytes.ts";
import { err, ok, type Result } from "../../primitives/result.ts";
import { Overlay } from "../../state/overlay.ts";
import { computeCallFee } from "../../stf/fees.ts";
import { transfer } from "../../stf/pallets/balances.ts";
import { hasPrivileges } from "../../stf/privileges.ts";
import type { Request } from "../../types/request.ts";
import { computeTopHash } from "../../types/top_hash.ts";
import { trustedCallSender } from "../../types/trusted_call.ts";
import type { TrustedCallSigned } from "../../types/trusted_call_signed.ts";
import { type TrustedOperation, trustedOperation } from "../../types/trusted_operation.ts";
import type { TrustedOperationStatus } from "../../types/trusted_operation_status.ts";
import type { SubmitRefusal } from "../rpc/error_text.ts";
import type { Submitted } from "../rpc/rpc_service.ts";
import type { PoolError } from "../top_pool/pool_error.ts";
import type { ArrivalOrder } from "./arrival_order.ts";
import type { Shard } from "./shard.ts";

/** A request, and how it came. */
export interface Arrival {
  readonly request: Request;
  /** What it came on. */
  readonly connection: object;
  /** Unix milliseconds, when they are needed. */
  readonly nowMs: () => number;
}

/** Takes a client's request. Those of one connection go into the pool in the order in which they came. */
export async function submitRequest(
  shard: Shard,
  order: ArrivalOrder,
  { connection, request, nowMs }: Arrival,
): Promise<Result<Submitted, SubmitRefusal>> {
  if (!equalBytes(request.shard, shard.setup.shard)) return err("InvalidShard");
  const { crypto } = shard.setup;
  if (crypto.isFullOfOpens) return err("PoolLimit");
  return await order.run(connection, crypto.open(request.cyphertext, connection), (opened) => {
    if (!opened.ok) return err(opened.error === "Undecodable" ? "InvalidFormat" : "CouldNotDecipher");
    const operation = trustedOperation.decode(opened.value.operation);
    if (operation.type === "get") return err("UnsupportedOperation");
    if (!opened.value.isSigned) return ok(invalid(shard, computeTopHash(operation)));
    return admit(shard, operation, operation.value, nowMs());
  });
}

/**
 * Decrypts and checks the ciphertext of an `invoke` on the parentchain. `undefined` if it is no call for this shard; nobody
 * is told, since anybody can write anything there.
 */
export async function openInvoke(shard: Shard, cyphertext: Uint8Array): Promise<TrustedCallSigned | undefined> {
  const opened = await shard.setup.crypto.open(cyphertext);
  if (!opened.ok || !opened.value.isSigned) return undefined;
  const operation = trustedOperation.decode(opened.value.operation);
  return operation.type === "get" ? undefined : operation.value;
}

/**
 * Puts an opened call of the parentchain into the pool; false if it cannot be executed. It is an indirect call, whatever
 * the client wrote.
 */
export function admitIndirect(shard: Shard, signed: TrustedCallSigned, nowMs: number): boolean {
  const operation = { type: "indirect_call" as const, value: signed };
  const isNew = admit(shard, operation, signed, nowMs).ok;
  return isNew && shard.pool.find(computeTopHash(operation)) !== undefined;
}

/** Puts a direct call that another validateer took into the pool; false if it is known or cannot be executed. */
export function admitDirect(shard: Shard, signed: TrustedCallSigned, nowMs: number): boolean {
  const operation = { type: "direct_call" as const, value: signed };
  const isNew = admit(shard, operation, signed, nowMs).ok;
  return isNew && shard.pool.find(computeTopHash(operation)) !== undefined;
}

/** `signed` has a good signature. */
function admit(
  shard: Shard,
  operation: TrustedOperation,
  signed: TrustedCallSigned,
  nowMs: number,
): Result<Submitted, SubmitRefusal> {
  const topHash = computeTopHash(operation);
  const { snapshot } = shard.chain.head;
  if (!hasPrivileges(snapshot, signed) || !canPayFee(shard, signed)) return ok(invalid(shard, topHash));
  if (!shard.chain.mayTakeCalls) return err("PoolLimit");
  const { result, events } = shard.pool.submit(operation, shard.poolState(), nowMs);
  const own = events.find(({ hash }) => equalBytes(hash, topHash));
  shard.notify(events.filter((event) => event !== own));
  if (!result.ok) {
    return result.error.code === "StaleNonce" ? ok(invalid(shard, topHash)) : err(REFUSALS[result.error.code]);
  }
  return ok(submitted(shard, topHash, own?.status.type === "Future" ? own.status : undefined));
}

function invalid(shard: Shard, topHash: Uint8Array): Submitted {
  return submitted(shard, topHash, { type: "Invalid", value: undefined });
}

const REFUSALS: Readonly<Record<Exclude<PoolError["code"], "StaleNonce">, SubmitRefusal>> = {
  AlreadyImported: "AlreadyImported",
  TooLowPriority: "TooLowPriority",
  TemporarilyBanned: "TemporarilyBanned",
  ImmediatelyDropped: "PoolLimit",
  UnknownTrustedOperation: "UnsupportedOperation",
};

/** The first `Ready` is never told, as in the worker; what else was reached at admission is told at once. */
function submitted(shard: Shard, topHash: Uint8Array, reached: TrustedOperationStatus | undefined): Submitted {
  return {
    topHash,
    watch: (watcher) => {
      if (reached?.type === "Invalid") {
        watcher(reached, true);
        return () => {};
      }
      const stop = shard.hub.watch(topHash, watcher);
      if (reached !== undefined) watcher(reached, false);
      return stop;
    },
  };
}

function canPayFee(shard: Shard, { call }: TrustedCallSigned): boolean {
  const trial = new Overlay(shard.chain.head.snapshot);
  const { enclaveAccount, one } = shard.stf;
  return transfer(trial, trustedCallSender(call), enclaveAccount, computeCallFee(call, one)).ok;
}
