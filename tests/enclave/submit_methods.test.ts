import { describe, expect, it } from "vitest";
import type { RpcService } from "../../src/enclave/rpc/rpc_service.ts";
import type { StatusWatcher } from "../../src/enclave/rpc/status_hub.ts";
import { submitMethods } from "../../src/enclave/rpc/submit_methods.ts";
import { blockHash, shardIdentifier } from "../../src/primitives/branded.ts";
import { toHex } from "../../src/primitives/hex.ts";
import { ok } from "../../src/primitives/result.ts";
import type { RpcCall } from "../../src/transport/router.ts";
import type { Subscription } from "../../src/transport/subscription.ts";
import { directRequestStatus } from "../../src/types/direct_request_status.ts";
import { request } from "../../src/types/request.ts";
import type { TrustedOperationStatus } from "../../src/types/trusted_operation_status.ts";

const HASH = new Uint8Array(32).fill(1);
const IN_BLOCK: TrustedOperationStatus = { type: "InSidechainBlock", value: blockHash(new Uint8Array(32).fill(2)) };
const REQUEST = toHex(request.encode({ shard: shardIdentifier(HASH), cyphertext: new Uint8Array(0) }));

/** The method with a service and a connection in memory; the answer leaves when `tick` is called. */
function setUp(subscribe?: () => never) {
  const watchers: StatusWatcher[] = [];
  const pushed: unknown[] = [];
  const { promise: ticked, resolve: tick } = Promise.withResolvers<void>();
  let stopped = 0;
  const watch = (watcher: StatusWatcher) => {
    watchers.push(watcher);
    return () => void (stopped += 1);
  };
  const service: Pick<RpcService, "submit" | "tick" | "count"> = {
    submit: () => Promise.resolve(ok({ topHash: HASH, watch })),
    tick: () => ticked,
    count: () => {},
  };
  const subscription: Subscription = {
    id: toHex(HASH),
    notify: (result) => void pushed.push(result),
    fail: () => {},
    close: () => void pushed.push("closed"),
    closed: () => false,
    onClose: undefined,
  };
  const call: RpcCall = {
    ...{ connection: {}, subscribe: subscribe ?? (() => subscription), unsubscribe: () => false },
    close: () => {},
  };
  const method = submitMethods().find(({ name }) => name === "author_submitAndWatchExtrinsic");
  const answer = Promise.resolve(method?.handle(method.decode([REQUEST]), service as RpcService, call));
  return { answer, tick, watchers, pushed, subscription, stopped: () => stopped };
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

describe("author_submitAndWatchExtrinsic", () => {
  it("tells a status that was reached before the answer left", async () => {
    const { answer, tick, watchers, pushed } = setUp();
    await turn();
    watchers[0]?.(IN_BLOCK, true);
    expect(pushed).toEqual([]);
    tick();
    expect(await answer).toBe(toHex(HASH));
    const status = toHex(directRequestStatus.encode({ type: "TrustedOperationStatus", value: IN_BLOCK }));
    expect(pushed).toEqual([status, "closed"]);
  });

  it("tells later statuses at once and stops watching with the connection", async () => {
    const { answer, tick, watchers, pushed, subscription, stopped } = setUp();
    tick();
    await answer;
    watchers[0]?.({ type: "Ready", value: undefined }, false);
    expect(pushed).toEqual(["0x0102"]);
    subscription.onClose?.();
    expect(stopped()).toBe(1);
  });

  it("stops watching when the connection ended before the answer", async () => {
    const { answer, tick, stopped } = setUp(() => {
      throw new Error("closed");
    });
    tick();
    await expect(answer).rejects.toThrow("closed");
    expect(stopped()).toBe(1);
  });
});
