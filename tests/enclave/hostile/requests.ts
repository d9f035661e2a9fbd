/**
 * Hostile requests of clients and the exact texts that answer them, for an enclave in one process and for a validateer.
 * The texts are put together here by hand, so that no codec of the product vouches for itself.
 *
 * @module
 */
import { rsaEncrypt } from "../../../src/crypto/rsa_oaep.ts";
import { type Sr25519Pair, sr25519Sign } from "../../../src/crypto/sr25519.ts";
import { pairFromSuri } from "../../../src/crypto/suri.ts";
import { accountId, enclaveFingerprint, shardIdentifier } from "../../../src/primitives/branded.ts";
import { concatBytes, utf8 } from "../../../src/primitives/bytes.ts";
import { toHex } from "../../../src/primitives/hex.ts";
import { blake2_256 } from "../../../src/crypto/blake2.ts";
import { trustedCallPayload, type TrustedCallSigned } from "../../../src/types/trusted_call_signed.ts";
import { trustedOperation } from "../../../src/types/trusted_operation.ts";
import { flipBit } from "./fixtures.ts";

/** The enclave that is attacked. */
export interface Target {
  readonly shard: Uint8Array;
  readonly fingerprint: Uint8Array;
  readonly shieldingKey: CryptoKey;
  /** Nonce of //Alice's next call. */
  readonly nonce: number;
}

/** One text frame and all that comes back for it, in order. */
export interface HostileRequest {
  readonly name: string;
  readonly frame: string;
  readonly answers: readonly string[];
}

const ALICE = pairFromSuri("//Alice");
const MALLORY = pairFromSuri("//Mallory");
const BOB = pairFromSuri("//Bob");
const AMOUNT = 1_000_000n;
const METHOD = "author_submitAndWatchExtrinsic";

/** `RpcReturnValue` with status `Error` by hand: length, length of the text, text, no watch, status 2. */
export function errorResult(message: string): string {
  const text = utf8(message);
  const inner = concatBytes(compactOf(text.length), text);
  return toHex(concatBytes(compactOf(inner.length), inner, new Uint8Array([0, 2])));
}

/** SCALE's compact integer by hand, up to 2^14 - 1. */
function compactOf(value: number): Uint8Array {
  return value < 64 ? new Uint8Array([value << 2]) : new Uint8Array([((value & 63) << 2) | 1, value >> 6]);
}

const resultText = (id: number, result: string) => `{"jsonrpc":"2.0","result":"${result}","id":${id}}`;
const errorText = (id: number | null, code: number, message: string) =>
  `{"jsonrpc":"2.0","error":{"code":${code},"message":${JSON.stringify(message)}},"id":${id}}`;

/** The push that ends a call which will never be executed. */
export function invalidPush(topHash: string): string {
  return `{"jsonrpc":"2.0","id":1,"method":"${METHOD}",` +
    `"params":{"error":null,"result":"0x010a","subscription":"${topHash}"}}`;
}

/** A request that submits and watches. */
export function submitFrame(id: number, param: string): string {
  return `{"id":${id},"jsonrpc":"2.0","method":"${METHOD}","params":["${param}"]}`;
}

/** `Request` by hand: shard, compact length, ciphertext. */
function requestBytes(shard: Uint8Array, cyphertext: Uint8Array): Uint8Array {
  return concatBytes(shard, compactOf(cyphertext.length), cyphertext);
}

const hashOf = (operation: Uint8Array) => toHex(blake2_256(operation));

/** //Alice's transfer to //Bob; signed by `signer` over what `signedFor` names. */
export function transferSigned(
  target: Target,
  change: { signer?: Sr25519Pair; fingerprint?: Uint8Array; shard?: Uint8Array; nonce?: number } = {},
): TrustedCallSigned {
  const { signer = ALICE, fingerprint = target.fingerprint, shard = target.shard, nonce = target.nonce } = change;
  const from = accountId(ALICE.publicKey);
  const call = { type: "balance_transfer" as const, value: { from, to: accountId(BOB.publicKey), amount: AMOUNT } };
  const payload = trustedCallPayload(call, nonce, enclaveFingerprint(fingerprint), shardIdentifier(shard));
  return { call, nonce, delegate: undefined, signature: { type: "Sr25519", value: sr25519Sign(signer, payload) } };
}

/** The operation around a signed call: index 1 is a direct call. */
export function directCall(signed: TrustedCallSigned): Uint8Array {
  return trustedOperation.encode({ type: "direct_call", value: signed });
}

/** An encrypted operation as the parameter of a request. */
export async function encrypted(target: Target, operation: Uint8Array, shard = target.shard): Promise<string> {
  return toHex(requestBytes(shard, await rsaEncrypt(target.shieldingKey, operation)));
}

const refusal = (name: string, id: number, param: string, message: string): HostileRequest => ({
  name,
  frame: submitFrame(id, param),
  answers: [resultText(id, errorResult(message))],
});

const DECIPHER = 'Error { code: ServerError(1001), message: "Trusted operation could not be deciphered", data: None }';
const FORMAT = 'Error { code: ServerError(1001), message: "Trusted operation has invalid format", data: None }';
const SHARD = 'Error { code: ServerError(1002), message: "Shard does not exist", data: Some(String("InvalidShard")) }';
const GET =
  'Error { code: InternalError, message: "Unknown error occurred", data: Some(String("UnsupportedOperation")) }';

/** What does not decode at some layer, each answered where it fails. */
export async function undecodableRequests(target: Target): Promise<HostileRequest[]> {
  const operation = directCall(transferSigned(target));
  const good = await rsaEncrypt(target.shieldingKey, operation);
  const whole = requestBytes(target.shard, good);
  const frame = (name: string, text: string, answer: string): HostileRequest => ({
    name,
    frame: text,
    answers: [answer],
  });
  const method = `"jsonrpc":"2.0","method":"${METHOD}"`;
  return [
    frame("no JSON", '{"id":1,', errorText(null, -32700, "Parse error")),
    frame("empty text", "", errorText(null, -32700, "Parse error")),
    frame("JSON that is no request", '"hello"', errorText(null, -32600, "Invalid request")),
    frame(
      "another version",
      `{"id":2,"jsonrpc":"1.0","method":"${METHOD}","params":[]}`,
      errorText(2, -32600, "Invalid request"),
    ),
    frame(
      "no method of the table",
      '{"id":3,"jsonrpc":"2.0","method":"author_removeExtrinsic","params":[]}',
      errorText(3, -32601, "Method not found"),
    ),
    frame(
      "no parameter",
      `{"id":4,${method},"params":[]}`,
      errorText(4, -32602, "Invalid params: want 1 to 8 parameters, got 0"),
    ),
    frame("a number", `{"id":5,${method},"params":[7]}`, errorText(5, -32602, "Invalid params: want a string")),
    refusal("an odd number of digits", 6, "0x123", "Hex(Cannot decode hex: odd number of digits 3)"),
    refusal("no hexadecimal", 7, "0x12zz", "Hex(Cannot decode hex: no digit at position 4)"),
    refusal("no bytes", 8, "0x", `Codec("Cannot decode 'shard': want 32 more bytes, got 0")`),
    refusal(
      "a request that is cut",
      9,
      toHex(whole.subarray(0, -1)),
      `Codec("Cannot decode 'cyphertext': want ${good.length} more bytes, got ${good.length - 1}")`,
    ),
    refusal(
      "a request with a byte more",
      10,
      toHex(concatBytes(whole, new Uint8Array(1))),
      `Codec("Cannot decode value: 1 bytes left after the value")`,
    ),
    refusal("a ciphertext for nobody", 11, toHex(requestBytes(target.shard, new Uint8Array(384).fill(9))), DECIPHER),
    refusal("a ciphertext with a bit turned", 12, toHex(requestBytes(target.shard, flipBit(good, 1001))), DECIPHER),
    refusal("a ciphertext that is cut", 13, toHex(requestBytes(target.shard, good.subarray(0, -1))), DECIPHER),
    refusal("a block and a half", 20, toHex(requestBytes(target.shard, concatBytes(good, good.subarray(9)))), DECIPHER),
    refusal("no ciphertext", 14, toHex(requestBytes(target.shard, new Uint8Array(0))), FORMAT),
    refusal("an operation that is cut", 15, await encrypted(target, operation.subarray(0, -1)), FORMAT),
    refusal(
      "an operation with a byte more",
      16,
      await encrypted(target, concatBytes(operation, new Uint8Array(1))),
      FORMAT,
    ),
    refusal(
      "an operation of no kind",
      17,
      await encrypted(target, new Uint8Array([77, ...operation.subarray(1)])),
      FORMAT,
    ),
    refusal(
      "a call of no kind",
      18,
      await encrypted(target, new Uint8Array([1, 0xfe, ...operation.subarray(2)])),
      FORMAT,
    ),
    refusal("a getter in place of a call", 19, await encrypted(target, new Uint8Array([2, 0, 0])), GET),
  ];
}

/** What is larger than its bound, each with the bound in the answer. */
export function oversizeRequests(target: Target): HostileRequest[] {
  const padding = " ".repeat(9 * 1024 * 1024);
  const longest = 170 * 384;
  // Four bytes of compact length: mode 2, and the length above 2^14.
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, ((longest + 384) << 2) | 2, true);
  const long = toHex(concatBytes(target.shard, length));
  const nested = `${"[".repeat(17)}${"]".repeat(17)}`;
  return [
    {
      name: "a frame above 9 MiB",
      frame: `{"id":1,"jsonrpc":"2.0","method":"author_getShard","params":[]}${padding}`,
      answers: [errorText(null, -32600, "Request too large")],
    },
    {
      name: "a parameter above the largest request",
      frame: submitFrame(2, `0x${"00".repeat(longest + 37)}`),
      answers: [
        errorText(2, -32602, `Invalid params: want a string of at most ${2 * (longest + 36) + 2} characters`),
      ],
    },
    refusal(
      "a ciphertext that says it is above 65,280 bytes",
      3,
      long,
      `Codec("Cannot decode 'cyphertext': length ${longest + 384}, at most ${longest}")`,
    ),
    {
      name: "JSON that nests 17 deep",
      frame: `{"id":4,"jsonrpc":"2.0","method":"author_getShard","params":${nested}}`,
      answers: [errorText(null, -32700, "Parse error")],
    },
    {
      name: "a batch of 65 requests",
      frame: `[${Array(65).fill('{"id":5,"jsonrpc":"2.0","method":"author_getShard"}').join(",")}]`,
      answers: [errorText(null, -32600, "Batch too large: at most 64 requests")],
    },
    {
      name: "a method's name of 129 characters",
      frame: `{"id":6,"jsonrpc":"2.0","method":"${"m".repeat(129)}"}`,
      answers: [errorText(6, -32600, "Invalid request")],
    },
    {
      name: "an id of 129 characters",
      frame: `{"id":"${"i".repeat(129)}","jsonrpc":"2.0","method":"author_getShard"}`,
      answers: [errorText(null, -32600, "Invalid request")],
    },
  ];
}

/** What names another shard: in the clear, or under the signature. */
export async function wrongShardRequests(target: Target): Promise<HostileRequest[]> {
  const other = flipBit(target.shard, 3);
  const operation = directCall(transferSigned(target));
  return [
    refusal("another shard in the request", 1, await encrypted(target, operation, other), SHARD),
    refusal("shard zero in the request", 2, await encrypted(target, operation, new Uint8Array(32)), SHARD),
    await neverExecuted("another shard under the signature", 3, target, transferSigned(target, { shard: other })),
  ];
}

/** Calls that are whole, but not for this enclave or not from their sender: the bare hash, then `Invalid`. */
export async function forgedRequests(target: Target): Promise<HostileRequest[]> {
  const good = transferSigned(target);
  const { call, signature } = good;
  if (call.type !== "balance_transfer") throw new TypeError("no transfer");
  const bytes = signature.value;
  const invalid = (name: string, id: number, signed: TrustedCallSigned) => neverExecuted(name, id, target, signed);
  const forged = (value: Uint8Array): TrustedCallSigned => ({ ...good, signature: { type: "Sr25519", value } });
  const root = { type: "balance_set_balance" as const, value: rootCall() };
  const payload = trustedCallPayload(root, 0, enclaveFingerprint(target.fingerprint), shardIdentifier(target.shard));
  const byMallory = { type: "Sr25519" as const, value: sr25519Sign(MALLORY, payload) };
  return [
    await invalid(
      "the fingerprint of another enclave",
      1,
      transferSigned(target, { fingerprint: flipBit(target.fingerprint, 9) }),
    ),
    await invalid("the signature of somebody else", 2, transferSigned(target, { signer: MALLORY })),
    await invalid("a signature with a bit turned", 3, forged(flipBit(bytes, 300))),
    await invalid("a signature of zeros", 4, forged(new Uint8Array(64))),
    await invalid("the signature of another scheme", 5, { ...good, signature: { type: "Ed25519", value: bytes } }),
    await invalid("another amount", 6, { ...good, call: { ...call, value: { ...call.value, amount: AMOUNT + 1n } } }),
    await invalid("another beneficiary", 7, {
      ...good,
      call: { ...call, value: { ...call.value, to: call.value.from } },
    }),
    await invalid("another nonce", 8, { ...good, nonce: good.nonce + 1 }),
    await invalid("a delegate that nobody appointed", 9, {
      ...transferSigned(target, { signer: MALLORY }),
      delegate: accountId(MALLORY.publicKey),
    }),
    await invalid("a balance set by somebody who is not root", 10, {
      call: root,
      nonce: 0,
      delegate: undefined,
      signature: byMallory,
    }),
    await invalid("a sender that cannot pay the fee", 11, pauper(target)),
  ];
}

function rootCall() {
  const who = accountId(MALLORY.publicKey);
  return { root: who, who, free: 10n ** 18n, reserved: 0n };
}

function pauper(target: Target): TrustedCallSigned {
  const from = accountId(MALLORY.publicKey);
  const call = { type: "balance_transfer" as const, value: { from, to: accountId(BOB.publicKey), amount: 1n } };
  const payload = trustedCallPayload(call, 0, enclaveFingerprint(target.fingerprint), shardIdentifier(target.shard));
  return { call, nonce: 0, delegate: undefined, signature: { type: "Sr25519", value: sr25519Sign(MALLORY, payload) } };
}

/** A call that gets its hash, then `Invalid`, and no place in the pool. */
export async function neverExecuted(
  name: string,
  id: number,
  target: Target,
  signed: TrustedCallSigned,
): Promise<HostileRequest> {
  const operation = directCall(signed);
  const hash = hashOf(operation);
  const frame = submitFrame(id, await encrypted(target, operation));
  return { name, frame, answers: [resultText(id, hash), invalidPush(hash)] };
}
