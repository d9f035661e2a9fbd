/**
 * Names of the entries of a data directory, besides its lock and what the enclave has sealed.
 *
 * @module
 */

/** The bundle of the enclave that the directory belongs to. */
export const KEPT_BUNDLE = "enclave.js";
/** The store of blocks. */
export const BLOCKS_FILE = "sidechain.sqlite";
/** The peers of the last run. */
export const PEERS_FILE = "peers.json";
/** Folder of the embedded parentchain. */
export const PARENTCHAIN_FOLDER = "parentchain";
/** Folder of the emulated platform. */
export const PLATFORM_FOLDER = "platform";
/** The public key that signs, as `signing-key` writes it. */
export const SIGNING_KEY_FILE = "enclave-signing-pubkey.bin";
/** The public key that clients encrypt to, as `shielding-key` writes it. */
export const SHIELDING_KEY_FILE = "enclave-shielding-pubkey.json";
