/**
 * Calls through the parentchain: the encrypted operation travels in `EnclaveBridge.invoke`, and the enclave's
 * confirmation of that block tells that it was read.
 *
 * Source: worker `cli/src/trusted_operation.rs#send_indirect_request` (839eda024)
 * Differs: confirmations of other shards do not count, and one of a later block counts if ours is on its chain.
 *
 * @module
 */
import type { Sr25519Pair } from "../../crypto/sr25519.ts";
import { type BlockHash, type ShardIdentifier } from "../../primitives/branded.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import { toHex } from "../../primitives/hex.ts";
import type { Request } from "../../types/request.ts";
import { type BlockStream, type EventBlock, type EventRecord, streamBlocks } from "./block_events.ts";
import { CliError } from "./cli_error.ts";
import { buildCall, type Parentchain, submitAndWait } from "./parentchain.ts";
import type { Terminal } from "./terminal.ts";

/** Blocks after its own in which an invocation must be confirmed. Source: worker `cli/src/trusted_operation.rs` */
export const MAX_BLOCKS_TO_CONFIRMATION = 10;

/** Sends an encrypted operation and waits until the enclave has processed its block. @throws {CliError} */
export async function invokeAndWait(
  chain: Parentchain,
  terminal: Terminal,
  request: Request,
  signer: Sr25519Pair,
): Promise<void> {
  const argument = { shard: toHex(request.shard), cyphertext: toHex(request.cyphertext) };
  // The stream begins BEFORE the extrinsic, so that no block between is missed.
  const stream = await streamBlocks(chain);
  try {
    const inclusion = await submitAndWait(chain, buildCall(chain, "enclaveBridge", "invoke", argument), signer);
    terminal.note(
      `invoke is in parentchain block ${toHex(inclusion.blockHash)}, waiting for the enclave to process it`,
    );
    await waitUntilProcessed(chain, stream, request.shard, inclusion.blockHash);
    terminal.note("the enclave has processed the block; whether the call succeeded shows in the state");
  } finally {
    stream.stop();
  }
}

async function waitUntilProcessed(
  chain: Parentchain,
  stream: BlockStream,
  shard: ShardIdentifier,
  invokedIn: BlockHash,
): Promise<void> {
  const invokedAt = (await chain.api.rpc.chain.getHeader(invokedIn)).number.toNumber();
  for (;;) {
    const block = await stream.next();
    for (const confirmation of confirmationsIn(block, shard)) {
      if (equalBytes(confirmation.blockHash, invokedIn)) return;
      if (confirmation.blockNumber < invokedAt) continue;
      const canonical = await chain.api.rpc.chain.getBlockHash(invokedAt);
      if (confirmation.blockNumber > invokedAt && equalBytes(canonical.toU8a(), invokedIn)) return;
      throw new CliError("Operation", "The parentchain abandoned the block of this call; send it again");
    }
    if (block.number > invokedAt + MAX_BLOCKS_TO_CONFIRMATION) {
      throw new CliError(
        "Timeout",
        `No enclave processed the block of this call within ${MAX_BLOCKS_TO_CONFIRMATION} blocks`,
      );
    }
  }
}

interface Confirmation {
  readonly blockHash: Uint8Array;
  readonly blockNumber: number;
}

function* confirmationsIn(block: EventBlock, shard: ShardIdentifier): Generator<Confirmation> {
  for (const { event } of block.events) {
    if (event.section !== "enclaveBridge" || event.method !== "ProcessedParentchainBlock") continue;
    const confirmation = readConfirmation(event.data, shard);
    if (confirmation !== undefined) yield confirmation;
  }
}

/** Fields by position: shard, block hash, root, block number; another order than the call's. */
function readConfirmation(data: EventRecord["event"]["data"], shard: ShardIdentifier): Confirmation | undefined {
  const [confirmedShard, blockHash, , blockNumber] = data;
  if (confirmedShard === undefined || blockHash === undefined || blockNumber === undefined) return undefined;
  if (!equalBytes(confirmedShard.toU8a(), shard)) return undefined;
  return { blockHash: blockHash.toU8a(), blockNumber: Number(blockNumber.toString()) };
}
