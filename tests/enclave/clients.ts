/**
 * Clients' side of calls, for tests of the enclave.
 *
 * @module
 */
import { bytes } from "../../src/codec/codec.ts";
import { shieldingPublicKeyFromJson } from "../../src/crypto/rsa_json.ts";
import { rsaEncrypt } from "../../src/crypto/rsa_oaep.ts";
import { type Sr25519Pair, sr25519Sign } from "../../src/crypto/sr25519.ts";
import { type AccountId, accountId, enclaveFingerprint } from "../../src/primitives/branded.ts";
import { fromHex, toHex } from "../../src/primitives/hex.ts";
import { type AccountInfo, accountInfo } from "../../src/types/account_info.ts";
import { getter, trustedGetterPayload } from "../../src/types/getter.ts";
import { request } from "../../src/types/request.ts";
import { rpcReturnValue } from "../../src/types/rpc_return_value.ts";
import type { TrustedCall } from "../../src/types/trusted_call.ts";
import { trustedCallPayload, type TrustedCallSigned } from "../../src/types/trusted_call_signed.ts";
import { trustedOperation } from "../../src/types/trusted_operation.ts";
import type { TestHost } from "./harness.ts";

export function accountOf(pair: Sr25519Pair): AccountId {
  return accountId(pair.publicKey);
}

export function signFor(host: TestHost, pair: Sr25519Pair, call: TrustedCall, nonce: number): TrustedCallSigned {
  const fingerprint = enclaveFingerprint(host.identity?.fingerprint as Uint8Array);
  const payload = trustedCallPayload(call, nonce, fingerprint, host.shard);
  return { call, nonce, delegate: undefined, signature: { type: "Sr25519", value: sr25519Sign(pair, payload) } };
}

export async function encryptCall(host: TestHost, type: "direct_call" | "indirect_call", signed: TrustedCallSigned) {
  const key = await shieldingPublicKeyFromJson(host.identity?.shieldingKey as string);
  return await rsaEncrypt(key, trustedOperation.encode({ type, value: signed }));
}

export async function submitDirect(host: TestHost, pair: Sr25519Pair, call: TrustedCall, nonce: number) {
  const client = host.connect();
  const cyphertext = await encryptCall(host, "direct_call", signFor(host, pair, call, nonce));
  await client.request("author_submitAndWatchExtrinsic", [toHex(request.encode({ shard: host.shard, cyphertext }))]);
  return client;
}

export async function accountInfoOf(host: TestHost, pair: Sr25519Pair): Promise<AccountInfo> {
  const query = { type: "account_info" as const, value: { owner: accountOf(pair) } };
  const signature = { type: "Sr25519" as const, value: sr25519Sign(pair, trustedGetterPayload(query)) };
  const cyphertext = getter.encode({ type: "trusted", value: { getter: query, delegate: undefined, signature } });
  const answer = await host.connect().request("state_executeGetter", [
    toHex(request.encode({ shard: host.shard, cyphertext })),
  ]);
  const { value } = rpcReturnValue.decode(fromHex(answer));
  return accountInfo.decode(bytes(200).decode(value.subarray(1)));
}
