/**
 * Bounds of what crosses the enclave's boundary.
 *
 * @module
 */

/**
 * Largest encoded block: the largest encrypted diff (4 MiB), and 384 KiB for the hashes of the most calls and the header. Twice
 * that in hexadecimal, it is pushed in one frame of 9 MiB.
 */
export const MAX_BLOCK_BYTES: number = (4096 + 384) * 1024;
/** Blocks handed in by one ecall: a batch of catching up, worked on within one slot or two. */
export const MAX_BLOCKS_PER_CALL = 256;
/** Largest file the enclave writes or reads: a snapshot chunk with its seal. */
export const MAX_FILE_BYTES = 2 * 1024 * 1024;
/** Longest name of a file of the enclave. */
export const MAX_FILE_NAME_LENGTH = 128;
/** Names of files told at start: 2 snapshots of 100,000 accounts have about 200. */
export const MAX_FILES = 16_384;
/** Effects of one response; logs above it are dropped, other effects are sent with the next one. */
export const MAX_EFFECTS = 4096;
/** Fields of one log line. */
export const MAX_LOG_FIELDS = 32;
/** Longest text in a log line, URL or error. */
export const MAX_TEXT_BYTES = 1024;
/** Largest description of a parentchain: its metadata is about 0.7 MB, proofs come on top. */
export const MAX_PARENTCHAIN_INFO_BYTES = 8 * 1024 * 1024;
/** Largest parentchain block with events, body, justification and proofs. */
export const MAX_PARENTCHAIN_BLOCK_BYTES = 16 * 1024 * 1024;
/**
 * Parentchain blocks of one ecall: as many as the follower takes at once, since at level proven they come together up to the
 * next justification, of which a node stores one per 512 blocks.
 */
export const MAX_PARENTCHAIN_BLOCKS = 1_000;
/** Storage keys that have to be proven with each parentchain block. */
export const MAX_PARENTCHAIN_KEYS = 1024;
/** Longest storage key of a parentchain. */
export const MAX_STORAGE_KEY_BYTES = 512;
/** Largest extrinsic. Source: worker `core-primitives/settings/src/lib.rs#EXTRINSIC_MAX_SIZE` (839eda024) */
export const MAX_EXTRINSIC_BYTES = 13_000;
/** Samples of all metrics. */
export const MAX_METRICS = 512;
/** Longest JSON shielding key. */
export const MAX_SHIELDING_KEY_BYTES = 8192;
/** Largest sealed file of the keys. */
export const MAX_SEALED_KEYS_BYTES = 64 * 1024;
/** Largest self-signed TLS certificate in DER. */
export const MAX_CERTIFICATE_BYTES = 16 * 1024;
/** Peers that the host is told: more than the ten validateers that a shard can have and as many that want to join. */
export const MAX_PEER_URLS = 32;
/** Longest message with encrypted operations: batches are at most 256 KiB. */
export const MAX_GOSSIP_MESSAGE_BYTES: number = 257 * 1024;
