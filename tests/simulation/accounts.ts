/**
 * Keys of a simulation: those of the validateers and their shard, and those of the clients.
 *
 * @module
 */
import { ed25519FromSeed, type Ed25519Pair } from "../../src/crypto/ed25519.ts";
import { deriveVault, type Vault } from "../../src/crypto/vault.ts";
import { createKeys, type EnclaveKeys } from "../../src/enclave/keys.ts";
import { type AccountId, accountId, shardIdentifier } from "../../src/primitives/branded.ts";
import { Random } from "./random.ts";
import { useRandom } from "./platform.ts";
import { FINGERPRINT } from "./validateer.ts";

/** Clients of a simulation. */
export const CLIENTS = 6;

/** The shard. */
export const SHARD = shardIdentifier(FINGERPRINT);

/** Key pairs of the clients. */
export const CLIENT_PAIRS: readonly Ed25519Pair[] = Array.from(
  { length: CLIENTS },
  (_, i) => ed25519FromSeed(new Uint8Array(32).fill(0xc0 + i)),
);

/** Accounts of the clients. */
export const CLIENT_ACCOUNTS: readonly AccountId[] = CLIENT_PAIRS.map(({ publicKey }) => accountId(publicKey));

/** Gives its own bytes first, then those that all validateers share: the signer's seed is what is drawn first. */
class KeyRandom extends Random {
  #own: Uint8Array | undefined;

  constructor(own: Uint8Array) {
    super("shard keys");
    this.#own = own;
  }

  override fill(bytes: Uint8Array): void {
    if (this.#own === undefined) return super.fill(bytes);
    bytes.set(this.#own);
    this.#own = undefined;
  }
}

/** Keys of a validateer and their sealed form: as provisioned, all but the signer are the shard's. */
export async function createValidateerKeys(index: number): Promise<{ keys: EnclaveKeys; sealed: Uint8Array }> {
  useRandom(new KeyRandom(new Uint8Array(32).fill(0xa0 + index)));
  return await createKeys({ sealingKey: new Uint8Array(32).fill(0x11), fingerprint: FINGERPRINT }, SHARD);
}

/** The vault of the shard, by its founder's keys. */
export function vaultOf(founder: EnclaveKeys): Vault {
  return deriveVault(founder.signer.seed, SHARD);
}
