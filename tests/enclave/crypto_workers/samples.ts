/** Jobs of every kind, good and bad, with the answers that they must get. */
import { decryptOnly, generateShieldingKey, rsaEncrypt } from "../../../src/crypto/rsa_oaep.ts";
import { ecdsaAccount, ecdsaFromSecret, ecdsaSign } from "../../../src/crypto/ecdsa.ts";
import { ed25519FromSeed, ed25519Sign } from "../../../src/crypto/ed25519.ts";
import { randomBytes } from "../../../src/crypto/random.ts";
import { sr25519FromSeed, sr25519Sign } from "../../../src/crypto/sr25519.ts";
import {
  type CryptoKeys,
  MAX_OPEN_BYTES,
  type OpenedOperation,
} from "../../../src/enclave/crypto_workers/crypto_job.ts";
import type { CryptoWorkers, OpenError } from "../../../src/enclave/crypto_workers/crypto_workers.ts";
import { type AccountId, accountId, enclaveFingerprint, shardIdentifier } from "../../../src/primitives/branded.ts";
import { concatBytes, utf8 } from "../../../src/primitives/bytes.ts";
import { toHex } from "../../../src/primitives/hex.ts";
import type { Result } from "../../../src/primitives/result.ts";
import { trustedGetterPayload, type TrustedGetterSigned } from "../../../src/types/getter.ts";
import type { MultiSignature } from "../../../src/types/multi_signature.ts";
import { trustedCallPayload, type TrustedCallSigned } from "../../../src/types/trusted_call_signed.ts";
import { type TrustedOperation, trustedOperation } from "../../../src/types/trusted_operation.ts";

const seed = (byte: number) => new Uint8Array(32).fill(byte);

/** Somebody who signs in one of the three schemes. */
export interface Signer {
  readonly account: AccountId;
  readonly sign: (message: Uint8Array) => MultiSignature;
}

const ed25519 = ed25519FromSeed(seed(1));
const sr25519 = sr25519FromSeed(seed(2));
const ecdsa = ecdsaFromSecret(seed(3));

export const SIGNERS: readonly Signer[] = [
  { account: accountId(ed25519.publicKey), sign: (m) => ({ type: "Ed25519", value: ed25519Sign(ed25519, m) }) },
  { account: accountId(sr25519.publicKey), sign: (m) => ({ type: "Sr25519", value: sr25519Sign(sr25519, m) }) },
  { account: accountId(ecdsaAccount(ecdsa.publicKey)), sign: (m) => ({ type: "Ecdsa", value: ecdsaSign(ecdsa, m) }) },
];

/** A ciphertext and what it opens to. */
export interface OpenSample {
  readonly name: string;
  readonly cyphertext: Uint8Array;
  readonly wanted: Result<OpenedOperation, OpenError>;
}

/** A getter and whether it is signed. */
export interface GetterSample {
  readonly name: string;
  readonly signed: TrustedGetterSigned;
  readonly wanted: boolean;
}

export interface Samples {
  readonly keys: CryptoKeys;
  readonly opens: readonly OpenSample[];
  readonly getters: readonly GetterSample[];
}

const wrap = (message: Uint8Array) => concatBytes(utf8("<Bytes>"), message, utf8("</Bytes>"));

function flipped({ type, value }: MultiSignature): MultiSignature {
  const broken = value.slice();
  broken[5] = (broken[5] as number) ^ 1;
  return { type, value: broken };
}

export async function createSamples(): Promise<Samples> {
  const pair = await generateShieldingKey();
  const keys: CryptoKeys = {
    shieldingKey: await decryptOnly(pair.privateKey),
    fingerprint: enclaveFingerprint(seed(0x66)),
    shard: shardIdentifier(seed(0x55)),
  };
  const encrypt = (plaintext: Uint8Array) => rsaEncrypt(pair.publicKey, plaintext);
  return { keys, opens: [...await callSamples(keys, encrypt), ...await garbage(encrypt)], getters: getterSamples() };
}

type Encrypt = (plaintext: Uint8Array) => Promise<Uint8Array>;

async function callSamples(keys: CryptoKeys, encrypt: Encrypt): Promise<readonly OpenSample[]> {
  const { fingerprint, shard } = keys;
  const samples: OpenSample[] = [];
  const add = async (name: string, isSigned: boolean, operation: TrustedOperation) => {
    const bytes = trustedOperation.encode(operation);
    const wanted = { ok: true as const, value: { operation: bytes, isSigned } };
    samples.push({ name, cyphertext: await encrypt(bytes), wanted });
  };
  for (const [i, { account, sign }] of SIGNERS.entries()) {
    const call = { type: "noop" as const, value: { sender: account } };
    const payload = trustedCallPayload(call, 7, fingerprint, shard);
    const signed = (signature: MultiSignature): TrustedCallSigned => ({
      call,
      nonce: 7,
      delegate: undefined,
      signature,
    });
    const good = signed(sign(payload));
    const { type } = good.signature;
    const stranger = SIGNERS[(i + 1) % SIGNERS.length] as Signer;
    await add(`${type}, raw`, true, { type: "direct_call", value: good });
    await add(`${type}, wrapped`, true, { type: "indirect_call", value: signed(sign(wrap(payload))) });
    await add(`${type}, wrapped twice`, false, { type: "direct_call", value: signed(sign(wrap(wrap(payload)))) });
    await add(`${type}, broken`, false, { type: "direct_call", value: signed(flipped(good.signature)) });
    await add(`${type}, other nonce`, false, { type: "direct_call", value: { ...good, nonce: 8 } });
    await add(`${type}, other signer`, false, { type: "direct_call", value: signed(stranger.sign(payload)) });
    const delegated = { ...signed(stranger.sign(payload)), delegate: stranger.account };
    await add(`${type}, for a delegate`, true, { type: "direct_call", value: delegated });
    const elsewhere = trustedCallPayload(call, 7, fingerprint, shardIdentifier(seed(0x56)));
    await add(`${type}, other shard`, false, { type: "direct_call", value: signed(sign(elsewhere)) });
    const otherCode = trustedCallPayload(call, 7, enclaveFingerprint(seed(0x67)), shard);
    await add(`${type}, other enclave`, false, { type: "direct_call", value: signed(sign(otherCode)) });
  }
  const [asked] = getterSamples();
  await add("a getter", false, { type: "get", value: { type: "trusted", value: (asked as GetterSample).signed } });
  return samples;
}

async function garbage(encrypt: Encrypt): Promise<readonly OpenSample[]> {
  const undecipherable = { ok: false as const, error: "Undecipherable" as const };
  const undecodable = { ok: false as const, error: "Undecodable" as const };
  const foreign = await generateShieldingKey();
  const call: TrustedOperation = {
    type: "direct_call",
    value: {
      call: { type: "noop", value: { sender: accountId(seed(9)) } },
      nonce: 0,
      delegate: undefined,
      signature: { type: "Sr25519", value: new Uint8Array(64) },
    },
  };
  const plaintext = trustedOperation.encode(call);
  const whole = await encrypt(plaintext);
  const twoBlocks = await encrypt(randomBytes(400));
  const secondBroken = concatBytes(twoBlocks.subarray(0, 384), randomBytes(384));
  return [
    { name: "nothing", cyphertext: new Uint8Array(0), wanted: undecodable },
    { name: "one byte", cyphertext: new Uint8Array([1]), wanted: undecipherable },
    { name: "a block of zeros", cyphertext: new Uint8Array(384), wanted: undecipherable },
    { name: "a block above the modulus", cyphertext: new Uint8Array(384).fill(0xff), wanted: undecipherable },
    { name: "a random block", cyphertext: randomBytes(384), wanted: undecipherable },
    { name: "a block and a byte", cyphertext: concatBytes(whole, new Uint8Array([0])), wanted: undecipherable },
    { name: "a block without its end", cyphertext: whole.subarray(0, 383), wanted: undecipherable },
    { name: "another key's block", cyphertext: await rsaEncrypt(foreign.publicKey, plaintext), wanted: undecipherable },
    { name: "a good and a bad block", cyphertext: secondBroken, wanted: undecipherable },
    { name: "more than can be decrypted", cyphertext: new Uint8Array(MAX_OPEN_BYTES + 384), wanted: undecipherable },
    { name: "blocks of noise", cyphertext: twoBlocks, wanted: undecodable },
    { name: "an operation cut off", cyphertext: await encrypt(plaintext.subarray(1)), wanted: undecodable },
    {
      name: "an operation and a byte",
      cyphertext: await encrypt(concatBytes(plaintext, seed(0))),
      wanted: undecodable,
    },
  ];
}

function getterSamples(): readonly GetterSample[] {
  return SIGNERS.flatMap(({ account, sign }, i): readonly GetterSample[] => {
    const getter = { type: "account_info" as const, value: { owner: account } };
    const payload = trustedGetterPayload(getter);
    const stranger = SIGNERS[(i + 1) % SIGNERS.length] as Signer;
    const signed = (signature: MultiSignature) => ({ getter, delegate: undefined, signature });
    const { type } = sign(payload);
    return [
      { name: `${type}, raw`, signed: signed(sign(payload)), wanted: true },
      { name: `${type}, wrapped`, signed: signed(sign(wrap(payload))), wanted: true },
      { name: `${type}, broken`, signed: signed(flipped(sign(payload))), wanted: false },
      { name: `${type}, other signer`, signed: signed(stranger.sign(payload)), wanted: false },
      {
        name: `${type}, for a delegate`,
        signed: { ...signed(stranger.sign(payload)), delegate: stranger.account },
        wanted: true,
      },
    ];
  });
}

/** Asks everything at once; what came out of each, and what had to, in a form that a test prints well. */
export async function askAll(
  pool: CryptoWorkers,
  { opens, getters }: Samples,
): Promise<{ readonly answers: readonly string[]; readonly wanted: readonly string[] }> {
  const opened = Promise.all(opens.map(({ cyphertext }) => pool.open(cyphertext)));
  const verified = Promise.all(getters.map(({ signed }) => pool.verifyGetter(signed)));
  const label = (name: string, value: unknown) =>
    `${name}: ${JSON.stringify(value, (_, item) => item instanceof Uint8Array ? toHex(item) : item)}`;
  return {
    answers: [
      ...(await opened).map((value, i) => label(opens[i]?.name ?? "", value)),
      ...(await verified).map((value, i) => label(getters[i]?.name ?? "", value)),
    ],
    wanted: [
      ...opens.map(({ name, wanted }) => label(name, wanted)),
      ...getters.map(({ name, wanted }) => label(name, wanted)),
    ],
  };
}
