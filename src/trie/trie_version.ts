/**
 * The two layouts of Substrate's trie.
 *
 * @module
 */

/** 0: values stand in their nodes. 1: values of 33 bytes and more are replaced by their hash. */
export type TrieVersion = 0 | 1;
