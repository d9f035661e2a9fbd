/**
 * The `author_*` methods: submitting transactions and following them.
 *
 * Source: substrate `client/rpc-api/src/author/mod.rs#AuthorApi`, `error.rs` for codes and texts
 *
 * @module
 */
import { blake2_256 } from "../../crypto/blake2.ts";
import { toHex } from "../../primitives/hex.ts";
import type { RpcRequest } from "../../transport/message.ts";
import { hexParam, ignoreParams, positional } from "../../transport/params.ts";
import { RpcError } from "../../transport/rpc_error.ts";
import { MAX_EXTRINSIC_BYTES } from "../node.ts";
import { isLastStatus, type SubmitError } from "../node_event.ts";
import { statusToJson } from "./block_json.ts";
import { defineAliases, type DevMethod, type RpcNode, type Subscriber, unsubscribeMethods } from "./rpc_node.ts";

/** Tokens that a submission takes from its connection's rate: it costs a signature check. */
const COST_OF_SUBMISSION = 5;

/** The rows of the `author_*` methods. */
export function authorMethods<Block>({ node, prepare }: RpcNode<Block>, subscribe: Subscriber): DevMethod[] {
  return [
    ...defineAliases(["author_submitExtrinsic"], {
      summary: "Takes an extrinsic into the pool; the answer is its hash",
      paramNames: ["extrinsic"],
      cost: COST_OF_SUBMISSION,
      decode: decodeExtrinsic,
      handle: async (extrinsic) => {
        await prepare(extrinsic);
        const submitted = node.submit(extrinsic);
        if (!submitted.ok) throw submitErrorToRpc(submitted.error);
        return submitted.value;
      },
    }),
    ...defineAliases(["author_submitAndWatchExtrinsic"], {
      summary: "Takes an extrinsic into the pool and tells what happens to it",
      paramNames: ["extrinsic"],
      cost: COST_OF_SUBMISSION,
      decode: decodeExtrinsic,
      handle: async (extrinsic, _context, call) => {
        await prepare(extrinsic);
        const subscription = subscribe(call, "author_extrinsicUpdate");
        const unwatch = node.watch(toHex(blake2_256(extrinsic)), (status) => {
          subscription.notify(statusToJson(status));
          if (isLastStatus(status)) subscription.close();
        });
        const submitted = node.submit(extrinsic);
        if (!submitted.ok) {
          unwatch();
          subscription.close();
          throw submitErrorToRpc(submitted.error);
        }
        subscription.onClose = unwatch;
        return subscription.id;
      },
    }),
    ...unsubscribeMethods(["author_unwatchExtrinsic"]),
    ...defineAliases(["author_pendingExtrinsics"], {
      summary: "All extrinsics in the pool",
      decode: ignoreParams,
      handle: () => node.pool.all().map(({ bytes }) => toHex(bytes)),
    }),
  ];
}

function decodeExtrinsic(params: RpcRequest["params"]): Uint8Array {
  return hexParam(positional(params, 1, 1)[0], MAX_EXTRINSIC_BYTES);
}

/** The error object that a Substrate node answers a refused extrinsic with. */
export function submitErrorToRpc(error: SubmitError): RpcError {
  switch (error.code) {
    case "BadFormat":
      return new RpcError(1001, `Extrinsic has invalid format: ${error.detail}`);
    case "Verification": {
      const detail = `Execution failed: Runtime error: ${error.detail}`;
      return new RpcError(1002, `Verification Error: ${detail}`, `RuntimeApi("${detail}")`);
    }
    case "Invalid":
      return new RpcError(1010, "Invalid Transaction", error.text);
    case "Unknown":
      return new RpcError(1011, "Unknown Transaction Validity", error.text);
    case "TemporarilyBanned":
      return new RpcError(1012, "Transaction is temporarily banned");
    case "AlreadyImported":
      return new RpcError(1013, "Transaction Already Imported", error.hash);
    case "TooLowPriority":
      return new RpcError(
        1014,
        `Priority is too low: (${error.old} vs ${error.new})`,
        "The transaction has too low priority to replace another transaction already in the pool.",
      );
    case "CycleDetected":
      return new RpcError(1015, "Cycle Detected");
    case "ImmediatelyDropped":
      return new RpcError(
        1016,
        "Immediately Dropped",
        "The transaction couldn't enter the pool because of the limit",
      );
    case "NoTagsProvided":
      return new RpcError(
        1019,
        "No tags provided",
        "Transaction does not provide any tags, so the pool can't identify it",
      );
  }
}
