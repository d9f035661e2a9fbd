/**
 * The keys of an enclave and its shard: drawn once, sealed, told to nobody but enclaves that join the shard. The signer's
 * stays where it was drawn. They are sealed with the shard's name, which a restart takes from them.
 *
 * Source: worker `core-primitives/sgx/crypto/src/{rsa3072,ed25519}.rs` (839eda024)
 * Differs: state, path and salt keys replace the AES-OFB key; the seed of the L2 enclave account is
 * drawn instead of being a hash of the RSA key, so that the keys can be changed one by one.
 *
 * @module
 */
import { bytesOf, type Codec, str, struct, u32, u8 } from "../codec/codec.ts";
import { ed25519FromSeed, type Ed25519Pair } from "../crypto/ed25519.ts";
import { randomBytes } from "../crypto/random.ts";
import {
  MAX_RSA_JSON_LENGTH,
  shieldingKeyPairFromJson,
  shieldingKeyPairToJson,
  shieldingPublicKeyToJson,
} from "../crypto/rsa_json.ts";
import { generateShieldingKey, type ShieldingKeyPair } from "../crypto/rsa_oaep.ts";
import { generateX25519Secret, x25519FromSecret, type X25519Pair } from "../crypto/x25519.ts";
import { tryDecode } from "../codec/codec.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import type { ShardIdentifier } from "../primitives/branded.ts";
import { shardIdentifierCodec } from "../types/ids.ts";
import type { ShardSecrets } from "./provisioning/payload.ts";
import { seal, type SealContext, type SealError, unseal } from "./sealing.ts";

/** Version of the sealed form. */
const VERSION = 2;
/** Name that the keys are sealed under. */
const SEAL_NAME = "keys";

/** Secrets as they are sealed; the fields are in their stored order. */
interface StoredKeys {
  readonly version: number;
  readonly shard: ShardIdentifier;
  readonly epoch: number;
  readonly signerSeed: Uint8Array;
  readonly enclaveAccountSeed: Uint8Array;
  readonly stateKey: Uint8Array;
  readonly pathKey: Uint8Array;
  readonly saltKey: Uint8Array;
  readonly sessionSecret: Uint8Array;
  readonly shieldingPair: string;
}

const secret = bytesOf(32);
const storedKeys: Codec<StoredKeys> = struct<StoredKeys>({
  version: u8,
  shard: shardIdentifierCodec,
  epoch: u32,
  signerSeed: secret,
  enclaveAccountSeed: secret,
  stateKey: secret,
  pathKey: secret,
  saltKey: secret,
  sessionSecret: secret,
  shieldingPair: str(MAX_RSA_JSON_LENGTH),
});

/** Keys ready for use. */
export interface EnclaveKeys {
  /** The shard that they belong to. */
  readonly shard: ShardIdentifier;
  /** Number of the shard's key epoch; 0 is the first. */
  readonly epoch: number;
  /** Own parentchain account, block author and signer of key statements. */
  readonly signer: Ed25519Pair;
  /** L2 account of the enclaves of this shard. */
  readonly enclaveAccount: Ed25519Pair;
  /** RSA key of the compatible path. */
  readonly shielding: ShieldingKeyPair;
  /** Public half as JSON. */
  readonly shieldingJson: string;
  /** Encrypts state diffs. */
  readonly stateKey: Uint8Array;
  /** Hides the storage keys in the trie. */
  readonly pathKey: Uint8Array;
  /** Draws the salts of the trie's leaves. */
  readonly saltKey: Uint8Array;
  /** Key agreement of sessions. */
  readonly session: X25519Pair;
  /** Secret of {@linkcode EnclaveKeys.session}. */
  readonly sessionSecret: Uint8Array;
}

/** Why sealed keys were refused. */
export type KeysError =
  | SealError
  /** The content is not that of this version. */
  | { readonly code: "KeysMalformed" };

/** Draws all keys of a shard, but the signer's if its seed is given; takes up to a second for the RSA key. The second value is what {@linkcode openKeys} takes. */
export async function createKeys(
  context: SealContext,
  shard: ShardIdentifier,
  signerSeed: Uint8Array = randomBytes(32),
): Promise<{ readonly keys: EnclaveKeys; readonly sealed: Uint8Array }> {
  const pair = await generateShieldingKey();
  const stored: StoredKeys = {
    version: VERSION,
    shard,
    epoch: 0,
    signerSeed,
    enclaveAccountSeed: randomBytes(32),
    stateKey: randomBytes(32),
    pathKey: randomBytes(32),
    saltKey: randomBytes(32),
    sessionSecret: generateX25519Secret(),
    shieldingPair: await shieldingKeyPairToJson(pair),
  };
  const plaintext = storedKeys.encode(stored);
  const sealed = await seal(context, SEAL_NAME, plaintext);
  plaintext.fill(0);
  return { keys: await ready(stored, pair), sealed };
}

/** Opens sealed keys. */
export async function openKeys(context: SealContext, sealed: Uint8Array): Promise<Result<EnclaveKeys, KeysError>> {
  const opened = await unseal(context, SEAL_NAME, sealed);
  if (!opened.ok) return opened;
  const stored = tryDecode(storedKeys, opened.value);
  opened.value.fill(0);
  if (!stored.ok || stored.value.version !== VERSION) return err({ code: "KeysMalformed" });
  try {
    return ok(await ready(stored.value, await shieldingKeyPairFromJson(stored.value.shieldingPair)));
  } catch {
    return err({ code: "KeysMalformed" });
  }
}

/** The secrets of the shard, for an enclave that joins it. */
export async function exportShardSecrets(keys: EnclaveKeys): Promise<ShardSecrets> {
  const { epoch, stateKey, pathKey, saltKey, sessionSecret, enclaveAccount, shielding } = keys;
  return {
    shieldingPair: await shieldingKeyPairToJson(shielding),
    keys: { epoch, stateKey, pathKey, saltKey, sessionSecret, enclaveAccountSeed: enclaveAccount.seed },
  };
}

/** Own signer and a received shard's secrets as keys ready for use, and as {@linkcode openKeys} takes them. */
export async function adoptShardSecrets(
  context: SealContext,
  { shard, signer }: EnclaveKeys,
  { shieldingPair, keys }: ShardSecrets,
): Promise<Result<{ readonly keys: EnclaveKeys; readonly sealed: Uint8Array }, KeysError>> {
  const stored: StoredKeys = { version: VERSION, shard, ...keys, signerSeed: signer.seed, shieldingPair };
  try {
    const adopted = await ready(stored, await shieldingKeyPairFromJson(shieldingPair));
    const plaintext = storedKeys.encode(stored);
    const sealed = await seal(context, SEAL_NAME, plaintext);
    plaintext.fill(0);
    return ok({ keys: adopted, sealed });
  } catch {
    return err({ code: "KeysMalformed" });
  }
}

async function ready(stored: StoredKeys, shielding: ShieldingKeyPair): Promise<EnclaveKeys> {
  return {
    shard: stored.shard,
    epoch: stored.epoch,
    signer: ed25519FromSeed(stored.signerSeed),
    enclaveAccount: ed25519FromSeed(stored.enclaveAccountSeed),
    shielding,
    shieldingJson: await shieldingPublicKeyToJson(shielding.publicKey),
    stateKey: stored.stateKey,
    pathKey: stored.pathKey,
    saltKey: stored.saltKey,
    session: await x25519FromSecret(stored.sessionSecret),
    sessionSecret: stored.sessionSecret,
  };
}
