/**
 * P1: calls on the compatible path against what decryption and signature check alone would allow.
 *
 * @module
 */
import { fetchCertificate, pinnedSocket, processTimer } from "../src/apps/cli/worker_socket.ts";
import { submitAndWatch, type WatchedOperation } from "../src/client/operation_watch.ts";
import { TrustedClient } from "../src/client/trusted_client.ts";
import { type SigningDomain, sr25519Signer, type TrustedSigner } from "../src/client/trusted_signer.ts";
import { connectWorkerRpc, type WorkerRpc } from "../src/client/worker_rpc.ts";
import { randomBytes } from "../src/crypto/random.ts";
import { generateShieldingKey, rsaDecrypt, rsaEncrypt } from "../src/crypto/rsa_oaep.ts";
import { sr25519FromSeed, sr25519Sign, sr25519Verify } from "../src/crypto/sr25519.ts";
import { pairFromSuri } from "../src/crypto/suri.ts";
import { unwrap } from "../src/primitives/result.ts";
import type { Request } from "../src/types/request.ts";
import { computeTopHash } from "../src/types/top_hash.ts";
import type { TopHash } from "../src/primitives/branded.ts";
import type { TrustedCall } from "../src/types/trusted_call.ts";
import type { TestService } from "../tests/e2e/harness.ts";
import { type Figure, meanMs } from "./measure.ts";

/** Bytes of a signed transfer as a direct call. */
const TRANSFER_BYTES = 183;
/** Time for each primitive, in milliseconds. */
const PRIMITIVE_MS = 2_000;
const SENDERS = 100;
const CALLS_PER_SENDER = 20;
/** Balance of a sender: fees and amounts of all its calls. */
const FUNDS = BigInt(CALLS_PER_SENDER) * 20_000_000_000n;

interface Prepared {
  readonly rpc: WorkerRpc;
  readonly requests: readonly { readonly request: Request; readonly expectedHash: TopHash }[];
}

/** Calls per second that the primitives alone would allow on all cores. */
export async function primitiveLimit(): Promise<{ readonly perSecond: number; readonly detail: string }> {
  const key = await generateShieldingKey();
  const ciphertext = await rsaEncrypt(key.publicKey, randomBytes(TRANSFER_BYTES));
  const rsaMs = await meanMs(PRIMITIVE_MS, () => rsaDecrypt(key.privateKey, ciphertext));
  const pair = sr25519FromSeed(randomBytes(32));
  const message = randomBytes(TRANSFER_BYTES);
  const signature = sr25519Sign(pair, message);
  const verifyMs = await meanMs(PRIMITIVE_MS, () => sr25519Verify(signature, message, pair.publicKey));
  const cores = navigator.hardwareConcurrency;
  return {
    perSecond: cores * 1_000 / (rsaMs + verifyMs),
    detail: `RSA ${rsaMs.toFixed(2)} ms, sr25519 ${verifyMs.toFixed(2)} ms, ${cores} cores`,
  };
}

/** Sends calls made beforehand over many connections at once and waits until all are in blocks. */
export async function rsaPath(service: TestService): Promise<Figure[]> {
  const limit = await primitiveLimit();
  const address = { host: "127.0.0.1", port: service.ports.trusted };
  const certificate = await fetchCertificate(address);
  const connect = () => connectWorkerRpc(pinnedSocket(address, certificate), processTimer);
  const rpc = await connect();
  const client = new TrustedClient(rpc, processTimer);
  const domain = { fingerprint: unwrap(await client.fingerprint()), shard: unwrap(await client.shard()) };
  const senders = Array.from({ length: SENDERS }, () => sr25519Signer(sr25519FromSeed(randomBytes(32))));
  await fund(client, domain, senders);
  const prepared: Prepared[] = [];
  for (const sender of senders) {
    prepared.push({ rpc: await connect(), requests: await prepare(client, domain, sender) });
  }
  const started = performance.now();
  const finals = (await Promise.all(prepared.map(sendAll))).flat();
  const seconds = (performance.now() - started) / 1_000;
  for (const { rpc: own } of prepared) own.close();
  rpc.close();
  const lost = finals.filter((type) => type !== "InSidechainBlock");
  if (lost.length > 0) {
    throw new Error(`${lost.length} of ${finals.length} calls did not get into a block: ${[...new Set(lost)]}`);
  }
  const perSecond = finals.length / seconds;
  return [{
    name: "p1_rsa_path_share_of_limit",
    value: perSecond / limit.perSecond,
    detail: `${perSecond.toFixed(0)} of ${limit.perSecond.toFixed(0)} calls/s (${limit.detail})`,
  }];
}

/** Sends each call as soon as the one before was taken, so that nonces arrive in order, and waits for all blocks. */
async function sendAll({ rpc, requests }: Prepared): Promise<string[]> {
  const finals: WatchedOperation["final"][] = [];
  for (const { request, expectedHash } of requests) {
    finals.push(unwrap(await submitAndWatch(rpc, processTimer, request, { expectedHash })).final);
  }
  return (await Promise.all(finals)).map((final) => unwrap(final).type);
}

async function fund(client: TrustedClient, domain: SigningDomain, senders: readonly TrustedSigner[]): Promise<void> {
  const alice = sr25519Signer(pairFromSuri("//Alice"));
  const { nonce } = unwrap(await client.accountInfo(domain.shard, alice));
  const finals: WatchedOperation["final"][] = [];
  for (const [i, { account }] of senders.entries()) {
    const call: TrustedCall = { type: "balance_transfer", value: { from: alice.account, to: account, amount: FUNDS } };
    finals.push(unwrap(await client.submitCall(call, domain, alice, { nonce: nonce + i })).final);
  }
  for (const final of await Promise.all(finals)) {
    const { type } = unwrap(final);
    if (type !== "InSidechainBlock") throw new Error(`a sender could not be funded: ${type}`);
  }
}

async function prepare(client: TrustedClient, domain: SigningDomain, sender: TrustedSigner) {
  const requests: { request: Request; expectedHash: TopHash }[] = [];
  for (let nonce = 0; nonce < CALLS_PER_SENDER; nonce++) {
    const call: TrustedCall = {
      type: "balance_transfer",
      value: { from: sender.account, to: sender.account, amount: 1_000n },
    };
    const { request, operation } = unwrap(await client.prepareCall("direct_call", call, domain, sender, nonce));
    requests.push({ request, expectedHash: computeTopHash(operation) });
  }
  return requests;
}
