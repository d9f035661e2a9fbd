/**
 * Verifies body and state of a block against its header, and filters them. Nothing that the header does not commit to
 * gets past here, except at level `trusted`.
 *
 * Differs: a bad proof or body refuses the block (`worker enclave-runtime/src/lib.rs`, 839eda024)
 *
 * @module
 */
import { equalBytes } from "../primitives/bytes.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import { computeOrderedRoot } from "../trie/trie.ts";
import { verifyTrieProof } from "../trie/verify_proof.ts";
import { decodeEvents, dispatchResults } from "./events.ts";
import { type DecodedExtrinsic, decodeExtrinsic } from "./extrinsic_decode.ts";
import { extrinsicHashes, filterCalls, filterDeposits, filterProxied } from "./filter.ts";
import type { FollowerError } from "./follower_error.ts";
import type { BlockRef, FinalityLevel } from "./follower_state.ts";
import type { ParentchainHeader } from "./header.ts";
import type { BlockContent, ImportedContent, StorageEvidence } from "./imported_block.ts";
import { computeProcessedRoot } from "./processed_root.ts";
import type { ParentchainView } from "./view.ts";
import { decodeView, decoding, readSpecVersion, type StoredValues, storedValues } from "./view_decode.ts";
import { type FollowerConfig, type WantedValue, wantedValues } from "./wanted_keys.ts";

/** Most extrinsics of a block: a full block has a few thousand. */
export const MAX_BLOCK_EXTRINSICS = 65_536;

/** Proves the wanted values against a state root, or takes them at level `trusted`. */
export function readStorage(
  block: number,
  stateRoot: Uint8Array,
  wanted: readonly WantedValue[],
  evidence: StorageEvidence,
  level: FinalityLevel,
): Result<StoredValues, FollowerError> {
  if (evidence.type === "trusted") {
    if (level !== "trusted") return err({ code: "ProofMissing", block });
    const { length } = evidence.values;
    if (length !== wanted.length) {
      return err({ code: "TrustedValuesMismatch", block, expected: wanted.length, actual: length });
    }
    return ok(storedValues(wanted, evidence.values));
  }
  const values = verifyTrieProof(stateRoot, evidence.nodes, wanted.map(({ key }) => key));
  return values.ok
    ? ok(storedValues(wanted, values.value))
    : err({ code: "ProofInvalid", block, reason: values.error.code });
}

/** Verifies and filters the content of one block. */
export function importContent(
  config: FollowerConfig,
  header: ParentchainHeader,
  ref: BlockRef,
  content: BlockContent,
  level: FinalityLevel,
): Result<ImportedContent, FollowerError> {
  const block = header.number;
  const { metadata } = config;
  const { extrinsics } = content;
  if (
    extrinsics.length > MAX_BLOCK_EXTRINSICS ||
    !equalBytes(computeOrderedRoot(extrinsics, metadata.extrinsicsTrieVersion), header.extrinsicsRoot)
  ) return err({ code: "ExtrinsicsRootMismatch", block });
  const values = readStorage(block, header.stateRoot, wantedValues(config), content.storage, level);
  if (!values.ok) return values;
  const view = readView(config, ref, values.value);
  if (!view.ok) return view;
  return filterContent(config, extrinsics, values.value, view.value);
}

/** Decodes the view; first of all, whether the metadata are those of the runtime that made the values. */
function readView(
  { metadata }: FollowerConfig,
  ref: BlockRef,
  values: StoredValues,
): Result<ParentchainView, FollowerError> {
  const specVersion = decoding(() => readSpecVersion(values));
  if (specVersion.ok && specVersion.value !== undefined && specVersion.value !== metadata.specVersion) {
    return err({ code: "RuntimeUpgraded", block: ref.number, specVersion: specVersion.value });
  }
  const view = decoding(() => decodeView(ref, values));
  return view.ok ? view : err({ code: "ContentUndecodable", block: ref.number, what: view.error.message });
}

function filterContent(
  config: FollowerConfig,
  encoded: readonly Uint8Array[],
  values: StoredValues,
  view: ParentchainView,
): Result<ImportedContent, FollowerError> {
  const block = view.number;
  const events = decodeEvents(values.get("events")?.bytes, config.metadata);
  if (!events.ok) return err({ code: "ContentUndecodable", block, what: `System.Events: ${events.error.message}` });
  const extrinsics: DecodedExtrinsic[] = [];
  for (const [index, bytes] of encoded.entries()) {
    const decoded = decodeExtrinsic(bytes, config.metadata);
    if (!decoded.ok) {
      return err({ code: "ContentUndecodable", block, what: `extrinsic ${index}: ${decoded.error.message}` });
    }
    extrinsics.push(decoded.value);
  }
  const results = dispatchResults(events.value, extrinsics.length);
  if (results === undefined) {
    return err({ code: "DispatchResultsMismatch", block, expected: extrinsics.length, actual: events.value.length });
  }
  const calls = filterCalls(extrinsics, results, config);
  const hashes = extrinsicHashes(encoded);
  return ok({
    nowMs: calls.nowMs,
    deposits: filterDeposits(events.value, config.vault, view.shardStatus.map(({ signer }) => signer)),
    invokes: calls.invokes,
    shields: calls.shields,
    proxied: filterProxied(extrinsics, hashes, results, events.value, config),
    extrinsicHashes: hashes,
    processedRoot: computeProcessedRoot(calls.indirectCalls),
    view,
  });
}
