/**
 * The RPC methods' view of the running enclave.
 *
 * @module
 */
import { tryDecode } from "../../codec/codec.ts";
import { topHash } from "../../primitives/branded.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import type { ParentchainView } from "../../parentchain/view.ts";
import { err, ok, type Result } from "../../primitives/result.ts";
import { executeGetter } from "../../stf/execute_getter.ts";
import { readShardVault } from "../../stf/pallets/parentchain.ts";
import { equivocationProofs } from "../../types/equivocation.ts";
import { getter } from "../../types/getter.ts";
import { lightHeaders } from "../../types/light_header.ts";
import type { Request } from "../../types/request.ts";
import type { EvidenceMaker } from "../evidence.ts";
import type { GetterRefusal } from "../rpc/error_text.ts";
import type { RpcService } from "../rpc/rpc_service.ts";
import { submitRequest } from "./admission.ts";
import { ArrivalOrder } from "./arrival_order.ts";
import type { EnclavePorts } from "./enclave_ports.ts";
import type { EnclaveCounters } from "./metrics.ts";
import type { Outbox } from "./outbox.ts";
import { Gossip } from "./gossip.ts";
import type { EnclaveSetup } from "./setup.ts";
import type { Shard } from "./shard.ts";

/**
 * Answers that follow an RSA decryption leave at multiples of this many milliseconds: three decryptions fit, so that the
 * time of an answer says nothing about one.
 */
export const RSA_ANSWER_TICK_MS = 10;

/** What the methods work with; parts are absent until they exist. */
export interface BackendContext {
  /** The setup of now: its keys change when a shard is received. */
  readonly setup: () => EnclaveSetup;
  readonly ports: EnclavePorts;
  readonly counters: EnclaveCounters;
  readonly outbox: Outbox;
  /** None until it is known that the keys are the shard's. */
  readonly shard: () => Shard | undefined;
  readonly evidence: () => EvidenceMaker | undefined;
  /** Takes blocks of a peer into the import queue. */
  readonly importBlocks: RpcService["importBlocks"];
  /** Newest view of the parentchain. */
  readonly view: () => ParentchainView | undefined;
}

/** Makes the service behind the RPC methods. */
export function createRpcService(context: BackendContext): RpcService {
  const { ports, counters, outbox } = context;
  const order = new ArrivalOrder();
  const gossip = new Gossip(context);
  return {
    get info() {
      const { shard, fingerprint, keys, config: { muRaUrl, untrustedUrl } } = context.setup();
      const shieldingKey = context.shard() === undefined ? undefined : keys.shieldingJson;
      return { shard, fingerprint, shieldingKey, version: ports.version, muRaUrl, untrustedUrl };
    },
    submit: async (request, connection) => {
      const shard = context.shard();
      if (shard === undefined) return err("InvalidShard");
      try {
        const submitted = await submitRequest(shard, order, { request, connection, nowMs: ports.nowMs });
        if (submitted.ok) gossip.offer(topHash(submitted.value.topHash));
        return submitted;
      } finally {
        outbox.flush();
      }
    },
    executeGetter: (request, connection) => runGetter(context.shard(), request, connection),
    pendingHashes: () => context.shard()?.pool.ready().map(({ hash }) => hash) ?? [],
    latestHeader: () => {
      const point = context.shard()?.persisted;
      return point?.type === "block" ? point.header : undefined;
    },
    shardVault: () => {
      const shard = context.shard();
      return shard === undefined ? undefined : readShardVault(shard.persisted.snapshot);
    },
    evidence: async () => (await context.evidence()?.get(ports.nowMs()))?.encoded,
    lightHeaders: (from, max) => {
      const shard = context.shard();
      const newest = shard?.persisted.number ?? 0n;
      const headers = shard?.chain.lightHeaders(from, max) ?? [];
      return lightHeaders.encode(headers.filter(({ header }) => header.blockNumber <= newest));
    },
    equivocations: () => equivocationProofs.encode(context.shard()?.equivocations.evidence ?? []),
    importBlocks: context.importBlocks,
    gossip: (message) => void gossip.take(message),
    tick: () => ports.tick(RSA_ANSWER_TICK_MS),
    count: (counter) => {
      if (counter === "rpc_requests") counters.rpcRequests++;
      else counters.rpcTrustedCalls++;
    },
  };
}

async function runGetter(
  shard: Shard | undefined,
  request: Request,
  connection: object,
): Promise<Result<Uint8Array | undefined, GetterRefusal>> {
  if (shard === undefined || !equalBytes(request.shard, shard.setup.shard)) return err("CurrentShardStateEmpty");
  const decoded = tryDecode(getter, request.cyphertext);
  if (!decoded.ok) return err("Undecodable");
  if (decoded.value.type === "trusted") {
    const { crypto } = shard.setup;
    if (crypto.isFullOfChecks) return err("TooMany");
    if (!await crypto.verifyGetter(decoded.value.value, connection)) return err("GetterIsNotAuthorized");
  }
  return ok(executeGetter(shard.persisted.snapshot, decoded.value));
}
