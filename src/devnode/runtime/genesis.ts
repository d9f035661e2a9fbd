/**
 * The state of block 0.
 *
 * Source: integritee-node `node/src/chain_spec.rs` (359c5fe)
 *
 * @module
 */
import { compactU32, u16 } from "../../codec/codec.ts";
import { blake2_256 } from "../../crypto/blake2.ts";
import { pairFromSuri } from "../../crypto/suri.ts";
import { compareBytes, concatBytes, utf8 } from "../../primitives/bytes.ts";
import { emptyTrie, type Trie } from "../../trie/trie.ts";
import type { GenesisConfig } from "./definition.ts";
import { BlockExecution } from "./executive/block_execution.ts";
import type { RuntimeModel } from "./model.ts";
import type { RuntimeParameters } from "./parameters.ts";
import { CODE_KEY } from "./pallets/system/storage.ts";
import { TREASURY_ACCOUNT } from "./pallets/treasury.ts";
import type { GenesisPreset } from "./runtime_interface.ts";
import { storagePrefix } from "./storage/storage_item.ts";

/** Accounts of developers that get tokens, besides those of the original: the other well-known ones. */
const ENDOWED_SURIS = [
  "//Alice",
  "//Bob",
  "//Charlie",
  "//Dave",
  "//Eve",
  "//Ferdie",
  "//Alice//stash",
  "//Bob//stash",
  "//Charlie//stash",
  "//Dave//stash",
  "//Eve//stash",
  "//Ferdie//stash",
];

/** Account of a multisig of these accounts. */
export function multisigAccount(accounts: readonly Uint8Array[], threshold: number): Uint8Array {
  const sorted = [...accounts].sort(compareBytes);
  const seed = concatBytes(
    utf8("modlpy/utilisuba"),
    compactU32.encode(sorted.length),
    ...sorted,
    u16.encode(threshold),
  );
  return blake2_256(seed);
}

function developerAccount(suri: string): Uint8Array {
  return pairFromSuri(suri).publicKey;
}

/** What the preset puts into the state; `dev` and `local` differ in the chain's name only. */
export function genesisConfig(
  _preset: GenesisPreset,
  { endowmentTokens, tokenDecimals, genesisAuthorities }: Pick<
    RuntimeParameters,
    "endowmentTokens" | "tokenDecimals" | "genesisAuthorities"
  >,
): GenesisConfig {
  const amount = endowmentTokens * 10n ** BigInt(tokenDecimals);
  const developers = ENDOWED_SURIS.map(developerAccount);
  const multisig = multisigAccount(developers.slice(0, 3), 2);
  return {
    balances: [...developers, TREASURY_ACCOUNT, multisig].map((account) => [account, amount]),
    sudo: developerAccount("//Alice"),
    auraAuthorities: genesisAuthorities.map(developerAccount),
    grandpaAuthorities: genesisAuthorities.map((suri) => pairFromSuri(suri, "ed25519").publicKey),
    allowSkippingAttestation: true,
    sgxAllowDebugMode: true,
  };
}

/** Builds the state of block 0. */
export function buildGenesis(model: RuntimeModel, config: GenesisConfig): Trie {
  const block = new BlockExecution(model, emptyTrie());
  for (const pallet of model.pallets) {
    pallet.hooks.buildGenesis?.(block, config);
    block.store.set(storagePrefix(pallet.name, ":__STORAGE_VERSION__:"), u16.encode(pallet.storageVersion));
  }
  const { specName, specVersion } = model.definition.parameters;
  block.store.set(CODE_KEY, utf8(`${specName}-${specVersion}`));
  return block.store.toTrie();
}
