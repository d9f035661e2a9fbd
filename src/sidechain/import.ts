/**
 * Import of a block: verified, decrypted, compared with the parentchain, applied. The state is a value, so a refused
 * block leaves nothing behind.
 *
 * Source: worker `sidechain/consensus/common/src/block_import.rs#import_block` (839eda024)
 * Differs: importers compute the prologue themselves; the root afterwards is in the signed block data.
 *
 * @module
 */
import { CodecError } from "../codec/error.ts";
import { h256, type TopHash } from "../primitives/branded.ts";
import { equalBytes } from "../primitives/bytes.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import { tryDecode } from "../codec/codec.ts";
import { applyDiff } from "../state/diff.ts";
import type { StateKeys } from "../state/state_keys.ts";
import { computePrologueHash } from "../types/prologue_item.ts";
import { computeReceiptsHash, type Receipt } from "../types/receipt.ts";
import { type SignedBlock, signedBlock } from "../types/signed_block.ts";
import { type BlockPayload, openPayload } from "./block_payload.ts";
import { type ChainBlock, type ChainPoint, createChainBlock } from "./chain_block.ts";
import type { BlockImportError } from "./import_error.ts";
import { type VerificationContext, verifyBlock } from "./verify.ts";

/** What a block is imported with. */
export interface ImportContext extends VerificationContext {
  readonly keys: StateKeys;
}

/** Decodes a signed block strictly and within its limits. */
export function decodeSignedBlock(bytes: Uint8Array): Result<SignedBlock, BlockImportError> {
  const decoded = tryDecode(signedBlock, bytes);
  if (decoded.ok) return decoded;
  return err({ code: "UndecodableBlock", verdict: "reject", detail: describe(decoded.error) });
}

function describe(error: CodecError): string {
  return `${error.code} at ${error.path.join(".")}`;
}

/**
 * Verifies a block and computes the state it leads to. The caller inserts the result into its chain; between two imports
 * nothing else may change the chain.
 */
export async function importBlock(
  signed: SignedBlock,
  context: ImportContext,
): Promise<Result<ChainBlock, BlockImportError>> {
  const verified = verifyBlock(signed, context);
  if (!verified.ok) return verified;
  const payload = await openPayload(signed.block, context.keys);
  if (payload.ok) return applyBlock(signed, verified.value, payload.value, context);
  const reason = payload.error.code;
  return err({ code: "InvalidPayload", verdict: reason === "UnknownEpoch" ? "ignore" : "reject", reason });
}

function applyBlock(
  signed: SignedBlock,
  parent: ChainPoint,
  { diff, receipts }: BlockPayload,
  context: ImportContext,
): Result<ChainBlock, BlockImportError> {
  const { blockData } = signed.block;
  const before = parent.snapshot.root;
  if (!equalBytes(diff.aprioriRoot, before)) {
    return err({ code: "InvalidAprioriHash", verdict: "reject", want: before, got: diff.aprioriRoot });
  }
  const items = context.layerOne.prologueItems(parent.snapshot, blockData.layerOneHead);
  if (items === undefined) {
    const { layerOneHead } = blockData;
    return err({ code: "BadParentchainBlock", verdict: "ignore", fault: "unknown", layerOneHead });
  }
  const want = computePrologueHash(items);
  if (!equalBytes(want, blockData.prologueHash)) {
    return err({ code: "InvalidPrologue", verdict: "reject", want, got: blockData.prologueHash });
  }
  const after = applyDiff(parent.snapshot, diff, context.keys.pathKey);
  const root = after.ok ? after.value.root : undefined;
  if (!after.ok || root === undefined || !equalBytes(root, blockData.stateRoot)) {
    return err({ code: "InvalidStorageDiff", verdict: "reject", want: blockData.stateRoot, got: root });
  }
  if (!areReceiptsOf(receipts, blockData.receiptsHash, blockData.signedTopHashes)) {
    return err({ code: "InvalidReceipts", verdict: "reject" });
  }
  return ok(createChainBlock(signed, after.value, receipts, context.slotDurationMs));
}

/** Whether the receipts have the hash, and the successful ones are those of the operations listed. */
function areReceiptsOf(receipts: readonly Receipt[], hash: Uint8Array, executed: readonly TopHash[]): boolean {
  if (!equalBytes(h256(computeReceiptsHash(receipts)), hash)) return false;
  const successful = receipts.filter(({ outcome }) => outcome === "Success");
  return successful.length === executed.length &&
    successful.every(({ topHash }, i) => equalBytes(topHash, executed[i] as TopHash));
}
