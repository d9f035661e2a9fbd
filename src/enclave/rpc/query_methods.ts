/**
 * Methods that ask: keys, shard, addresses, header, getters, state of the service.
 *
 * Source: worker `enclave-runtime/src/rpc/worker_api_direct.rs`, `enclave-runtime/src/rpc/common_api.rs` (839eda024)
 *
 * @module
 */
import { bytes, type Codec, option, vec } from "../../codec/codec.ts";
import { decodeBase58 } from "../../primitives/base58.ts";
import { equalBytes, utf8 } from "../../primitives/bytes.ts";
import { ignoreParams, integerParam, positional, type RawParams, textParam } from "../../transport/params.ts";
import { defineMethod, type RpcCall, type RpcMethod } from "../../transport/router.ts";
import { MAX_RPC_VALUE_BYTES } from "../../types/rpc_return_value.ts";
import { shardVault } from "../../types/shard_vault.ts";
import { MAX_LIGHT_HEADERS } from "../../types/light_header.ts";
import { toHex } from "../../primitives/hex.ts";
import { sidechainHeader } from "../../types/sidechain_header.ts";
import { errorAnswer, okAnswer, textAnswer } from "./answers.ts";
import { getterErrorText } from "./error_text.ts";
import type { RpcService } from "./rpc_service.ts";
import { decodeRequest, requestParam } from "./submit_methods.ts";

/** Most shards of one request for pending operations. */
const MAX_SHARDS = 16;
/** Most hashes in one answer: the size of the ready pool. */
const MAX_PENDING = 8192;
/** A getter checks a signature. */
const GETTER_COST = 2;
/** What the worker answers to three questions, and clients of it expect. */
const FIXED_ANSWER = "hello, world";
/** Length of a sidechain header. */
const HEADER_LENGTH = 112;

const pending: Codec<readonly (readonly Uint8Array[])[]> = vec(vec(bytes(32), MAX_PENDING), MAX_SHARDS);
const getterValue: Codec<Uint8Array | undefined> = option(bytes(MAX_RPC_VALUE_BYTES - 8));

function query(name: string, summary: string, run: (service: RpcService) => unknown): RpcMethod<RpcService> {
  return defineMethod({ name, summary, decode: ignoreParams, handle: (_params, service) => run(service) });
}

function shardParams(params: RawParams): readonly string[] {
  return positional(params, 0, MAX_SHARDS).map((shard) => textParam(shard, 64));
}

// Differs: hashes instead of the operations, which are for the enclave only.
function pendingAnswer(shards: readonly string[], service: RpcService): string {
  const lists: (readonly Uint8Array[])[] = [];
  for (const text of shards) {
    let shard: Uint8Array;
    try {
      shard = decodeBase58(text);
    } catch {
      return errorAnswer("Could not decode shard");
    }
    lists.push(equalBytes(shard, service.info.shard) ? service.pendingHashes() : []);
  }
  return okAnswer(pending.encode(lists));
}

async function getterAnswer(text: string, service: RpcService, call: RpcCall): Promise<string> {
  const decoded = decodeRequest(text);
  if (!decoded.ok) return errorAnswer(decoded.error);
  const value = await service.executeGetter(decoded.value, call.connection);
  return value.ok ? okAnswer(getterValue.encode(value.value)) : errorAnswer(getterErrorText(value.error));
}

function keyAnswer({ info: { shieldingKey } }: RpcService): string {
  return shieldingKey === undefined ? errorAnswer("Shard is not known yet") : textAnswer(shieldingKey);
}

// Differs: this error has the form of all others.
function vaultAnswer(service: RpcService): string {
  const vault = service.shardVault();
  return vault === undefined ? errorAnswer("Shard vault is not set") : okAnswer(shardVault.encode(vault));
}

function countRequests(method: RpcMethod<RpcService>): RpcMethod<RpcService> {
  return {
    ...method,
    handle: (params, service, call) => {
      service.count("rpc_requests");
      return method.handle(params, service, call);
    },
  };
}

/** The methods that take no operation. */
export function queryMethods(): RpcMethod<RpcService>[] {
  return [
    query("author_getShieldingKey", "RSA key as JSON", keyAnswer),
    query("author_getShard", "The shard", ({ info }) => okAnswer(info.shard)),
    query("author_getFingerprint", "MRENCLAVE", ({ info }) => okAnswer(info.fingerprint)),
    query("author_getMuRaUrl", "Address of the provisioning endpoint", ({ info }) => textAnswer(info.muRaUrl)),
    query("author_getUntrustedUrl", "Address of the host's endpoint", ({ info }) => textAnswer(info.untrustedUrl)),
    query("author_getShardVault", "Account and chain of the vault", vaultAnswer),
    query("chain_getHeader", "Newest sidechain header", (service) => {
      const header = service.latestHeader();
      return okAnswer(header === undefined ? new Uint8Array(HEADER_LENGTH) : sidechainHeader.encode(header));
    }),
    query("system_version", "Version", ({ info }) => okAnswer(utf8(`enclave-runtime: ${info.version}`))),
    query("system_name", "Always the same text, as from the worker", () => FIXED_ANSWER),
    query("system_health", "Always the same text, as from the worker", () => FIXED_ANSWER),
    query("state_getRuntimeVersion", "Always the same text, as from the worker", () => FIXED_ANSWER),
    query("attestation_getEvidence", "SCALE of quote and signed key statement", async (service) => {
      const evidence = await service.evidence();
      return evidence === undefined ? errorAnswer("Shard is not known yet") : okAnswer(evidence);
    }),
    defineMethod({
      name: "author_pendingExtrinsics",
      summary: "Hashes of the ready operations of each shard",
      paramNames: ["shards"],
      decode: shardParams,
      handle: pendingAnswer,
    }),
    defineMethod({
      name: "state_executeGetter",
      summary: "Answers a getter from the newest persisted state",
      paramNames: ["request"],
      cost: GETTER_COST,
      decode: requestParam,
      handle: getterAnswer,
    }),
    defineMethod({
      name: "sidechain_getLightHeaders",
      summary: "SCALE of the light headers from a block number on",
      paramNames: ["from", "max"],
      decode: (params: RawParams) => {
        const [from, max] = positional(params, 1, 2);
        return {
          from: BigInt(integerParam(from, Number.MAX_SAFE_INTEGER)),
          max: max === undefined ? MAX_LIGHT_HEADERS : integerParam(max, MAX_LIGHT_HEADERS),
        };
      },
      handle: ({ from, max }, service: RpcService) => toHex(service.lightHeaders(from, max)),
    }),
    query(
      "sidechain_getEquivocations",
      "SCALE of the pairs of light headers that an author signed for one slot, oldest first",
      (service) => toHex(service.equivocations()),
    ),
  ].map(countRequests);
}
