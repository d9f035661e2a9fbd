/**
 * A worker's trusted endpoint as a client uses it: what it says of itself, questions to private state, and trusted
 * calls that only its enclave can read.
 *
 * Source: worker `core/rpc-client/src/direct_client.rs#DirectApi` (839eda024)
 *
 * @module
 */
import { computeShieldingKeyHash } from "../attestation/key_statement.ts";
import { bytes, type Codec, option, str, tryDecode } from "../codec/codec.ts";
import { shieldingPublicKeyFromJson } from "../crypto/rsa_json.ts";
import { MAX_RSA_BLOCKS, RSA_CHUNK_LENGTH, rsaEncrypt } from "../crypto/rsa_oaep.ts";
import type { EnclaveFingerprint, H256, ShardIdentifier } from "../primitives/branded.ts";
import { equalBytes } from "../primitives/bytes.ts";
import { toHex } from "../primitives/hex.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import { type AccountInfo, accountInfo, DEFAULT_ACCOUNT_INFO } from "../types/account_info.ts";
import { type Getter, getter as getterCodec } from "../types/getter.ts";
import { enclaveFingerprintCodec, shardIdentifierCodec } from "../types/ids.ts";
import { type Request, request as requestCodec } from "../types/request.ts";
import { MAX_RPC_VALUE_BYTES } from "../types/rpc_return_value.ts";
import { type ShardVault, shardVault } from "../types/shard_vault.ts";
import { shieldingKeyFromJson } from "../types/shielding_key.ts";
import { type SidechainHeader, sidechainHeader } from "../types/sidechain_header.ts";
import { computeTopHash } from "../types/top_hash.ts";
import type { TrustedCall } from "../types/trusted_call.ts";
import { type TrustedOperation, trustedOperation } from "../types/trusted_operation.ts";
import type { ClientError } from "./client_error.ts";
import { submitAndWatch, type WatchedOperation, type WatchOptions } from "./operation_watch.ts";
import type { Timer } from "./ports.ts";
import { type SigningDomain, signTrustedCall, signTrustedGetter, type TrustedSigner } from "./trusted_signer.ts";
import { readAnswer } from "./worker_answer.ts";
import type { WorkerRpc } from "./worker_rpc.ts";

/** Longest JSON text of a shielding key that is read, in bytes. */
const MAX_SHIELDING_KEY_BYTES = 8_192;
/** Most plaintext that one request holds. */
const MAX_OPERATION_BYTES = MAX_RSA_BLOCKS * RSA_CHUNK_LENGTH;

/** How a call is sent, beside what it says. */
export interface CallOptions extends Omit<WatchOptions, "expectedHash"> {
  /** Nonce of the call; asked from the worker when it is left out. */
  readonly nonce?: number;
}

/** Asks a worker and sends it calls. Every method throws `WorkerRpcError` if the connection fails. */
export class TrustedClient {
  readonly #rpc: WorkerRpc;
  readonly #timer: Timer;
  readonly #statedKeyHash: H256 | undefined;
  #shieldingKey: CryptoKey | undefined;

  /**
   * Makes a client of a connection, which stays the caller's to close. `statedKeyHash` is `rsaKeyHash` of the enclave's
   * verified statement: without it, calls are encrypted to whatever key the worker names.
   */
  constructor(rpc: WorkerRpc, timer: Timer, statedKeyHash?: H256) {
    this.#rpc = rpc;
    this.#timer = timer;
    this.#statedKeyHash = statedKeyHash;
  }

  /** The measurement that the worker claims; evidence proves it. */
  fingerprint(): Promise<Result<EnclaveFingerprint, ClientError>> {
    return this.#ask("author_getFingerprint", enclaveFingerprintCodec);
  }

  /** The shard that the worker serves. */
  shard(): Promise<Result<ShardIdentifier, ClientError>> {
    return this.#ask("author_getShard", shardIdentifierCodec);
  }

  /** The account that holds shielded funds. */
  shardVault(): Promise<Result<ShardVault, ClientError>> {
    return this.#ask("author_getShardVault", shardVault);
  }

  /** Header of the newest sidechain block. */
  sidechainHeader(): Promise<Result<SidechainHeader, ClientError>> {
    return this.#ask("chain_getHeader", sidechainHeader);
  }

  /** The key that calls are encrypted to; asked once. */
  async shieldingKey(): Promise<Result<CryptoKey, ClientError>> {
    if (this.#shieldingKey !== undefined) return ok(this.#shieldingKey);
    const method = "author_getShieldingKey";
    const json = await this.#ask(method, str(MAX_SHIELDING_KEY_BYTES));
    if (!json.ok) return json;
    const key = shieldingKeyFromJson(json.value);
    if (!key.ok) return err({ code: "MalformedAnswer", method });
    if (this.#statedKeyHash !== undefined && !equalBytes(this.#statedKeyHash, computeShieldingKeyHash(key.value))) {
      return err({ code: "ShieldingKeyMismatch" });
    }
    try {
      this.#shieldingKey = await shieldingPublicKeyFromJson(json.value);
    } catch {
      return err({ code: "MalformedAnswer", method });
    }
    return ok(this.#shieldingKey);
  }

  /** Puts a question to private state; `undefined` if there is no answer for the asker. */
  async executeGetter(shard: ShardIdentifier, getter: Getter): Promise<Result<Uint8Array | undefined, ClientError>> {
    const request: Request = { shard, cyphertext: getterCodec.encode(getter) };
    return await this.#ask("state_executeGetter", option(bytes(MAX_RPC_VALUE_BYTES)), [
      toHex(requestCodec.encode(request)),
    ]);
  }

  /** Nonce and balances of the signer's account; those of a fresh account if it does not exist. */
  async accountInfo(shard: ShardIdentifier, signer: TrustedSigner): Promise<Result<AccountInfo, ClientError>> {
    const getter = await signTrustedGetter({ type: "account_info", value: { owner: signer.account } }, signer);
    const value = await this.executeGetter(shard, getter);
    if (!value.ok) return value;
    if (value.value === undefined) return ok(DEFAULT_ACCOUNT_INFO);
    const info = tryDecode(accountInfo, value.value);
    return info.ok ? info : err({ code: "MalformedAnswer", method: "state_executeGetter" });
  }

  /** Encrypts an operation to the enclave. */
  async encryptOperation(
    shard: ShardIdentifier,
    operation: TrustedOperation,
  ): Promise<Result<Request, ClientError>> {
    const plaintext = trustedOperation.encode(operation);
    if (plaintext.length > MAX_OPERATION_BYTES) {
      return err({ code: "OperationTooLarge", length: plaintext.length, max: MAX_OPERATION_BYTES });
    }
    const key = await this.shieldingKey();
    if (!key.ok) return key;
    return ok({ shard, cyphertext: await rsaEncrypt(key.value, plaintext) });
  }

  /** Signs a call, encrypts it, submits it directly and watches it. */
  async submitCall(
    call: TrustedCall,
    domain: SigningDomain,
    signer: TrustedSigner,
    options: CallOptions = {},
  ): Promise<Result<WatchedOperation, ClientError>> {
    const prepared = await this.prepareCall("direct_call", call, domain, signer, options.nonce);
    if (!prepared.ok) return prepared;
    const { request, operation } = prepared.value;
    return await submitAndWatch(this.#rpc, this.#timer, request, {
      ...options,
      expectedHash: computeTopHash(operation),
    });
  }

  /** Signs a call and encrypts it, for either way of submitting it. */
  async prepareCall(
    type: "direct_call" | "indirect_call",
    call: TrustedCall,
    domain: SigningDomain,
    signer: TrustedSigner,
    nonce?: number,
  ): Promise<Result<{ readonly request: Request; readonly operation: TrustedOperation }, ClientError>> {
    let next = nonce;
    if (next === undefined) {
      const info = await this.accountInfo(domain.shard, signer);
      if (!info.ok) return info;
      next = info.value.nonce;
    }
    const operation: TrustedOperation = { type, value: await signTrustedCall(call, next, domain, signer) };
    const request = await this.encryptOperation(domain.shard, operation);
    return request.ok ? ok({ request: request.value, operation }) : request;
  }

  async #ask<T>(method: string, codec: Codec<T>, params: readonly unknown[] = []): Promise<Result<T, ClientError>> {
    return readAnswer(method, await this.#rpc.request(method, params), codec);
  }
}
