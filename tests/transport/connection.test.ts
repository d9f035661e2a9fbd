import { describe, expect, it } from "vitest";
import { CLOSE_TOO_SLOW, type ConnectionLimits, RpcConnection } from "../../src/transport/connection.ts";
import { ignoreParams, positional, textParam } from "../../src/transport/params.ts";
import { TokenBucket } from "../../src/transport/rate_limit.ts";
import { defineMethod, RpcRouter } from "../../src/transport/router.ts";
import { RpcError } from "../../src/transport/rpc_error.ts";
import { failureText, type Subscription } from "../../src/transport/subscription.ts";

class Fixture {
  readonly sent: string[] = [];
  readonly open: Subscription[] = [];
  readonly ended: string[] = [];
  readonly gates: (() => void)[] = [];
  buffered = 0;
  closedWith: number | undefined;
  readonly connection: RpcConnection<Fixture>;

  constructor(limits: Partial<ConnectionLimits> = {}) {
    const router = new RpcRouter<Fixture>([
      defineMethod({
        name: "subscribe",
        decode: (params) => textParam(positional(params, 1, 1)[0], 10),
        handle: (id: string, fixture: Fixture, call) => {
          const subscription = call.subscribe({ type: "substrate", method: "news" }, id);
          subscription.onClose = () => fixture.ended.push(id);
          subscription.notify("early");
          fixture.open.push(subscription);
          return id;
        },
      }),
      defineMethod({
        name: "unsubscribe",
        decode: (params) => textParam(positional(params, 1, 1)[0], 10),
        handle: (id: string, _fixture: Fixture, call) => call.unsubscribe(id),
      }),
      defineMethod({
        name: "submit",
        decode: ignoreParams,
        handle: (_params, _fixture: Fixture, call) => {
          const subscription = call.subscribe({ type: "worker", method: "submit" }, "0xab");
          subscription.notify("0x010a");
          subscription.close();
          return "0xab";
        },
      }),
      defineMethod({
        name: "slow",
        decode: ignoreParams,
        handle: (_params, fixture: Fixture) => new Promise((resolve) => fixture.gates.push(() => resolve("done"))),
      }),
    ]);
    const socket = {
      send: (text: string) => void this.sent.push(text),
      close: (code: number) => void (this.closedWith = code),
      bufferedAmount: () => this.buffered,
    };
    this.connection = new RpcConnection<Fixture>(router, socket, this, 0, limits);
  }

  receive(method: string, params: unknown[] = [], nowMs = 0, id = 1): Promise<void> {
    return this.connection.receive(JSON.stringify({ jsonrpc: "2.0", id, method, params }), nowMs);
  }

  errorCodes(): (number | undefined)[] {
    return this.sent.map((text) => JSON.parse(text).error?.code);
  }
}

describe("RpcConnection", () => {
  it("sends notifications of a subscription only after the answer that names it", async () => {
    const fixture = new Fixture();
    await fixture.receive("subscribe", ["s1"]);
    fixture.open[0]?.notify({ number: 1 });
    expect(fixture.sent).toEqual([
      '{"jsonrpc":"2.0","result":"s1","id":1}',
      '{"jsonrpc":"2.0","method":"news","params":{"subscription":"s1","result":"early"}}',
      '{"jsonrpc":"2.0","method":"news","params":{"subscription":"s1","result":{"number":1}}}',
    ]);
  });

  it("writes the worker's status push, also if it was closed before the answer", async () => {
    const fixture = new Fixture();
    await fixture.receive("submit");
    expect(fixture.sent).toEqual([
      '{"jsonrpc":"2.0","result":"0xab","id":1}',
      '{"jsonrpc":"2.0","id":1,"method":"submit","params":{"error":null,"result":"0x010a","subscription":"0xab"}}',
    ]);
    expect(fixture.connection.subscriptionCount).toBe(0);
  });

  it("writes failures in both styles", () => {
    const error = new RpcError(1, "no");
    expect(failureText({ type: "substrate", method: "m" }, "s", error)).toBe(
      '{"jsonrpc":"2.0","method":"m","params":{"subscription":"s","error":{"code":1,"message":"no"}}}',
    );
    expect(JSON.parse(failureText({ type: "worker", method: "m" }, "s", error)).params.error).toBe("no");
  });

  it("ends a subscription by unsubscribe, and tells its owner once", async () => {
    const fixture = new Fixture();
    await fixture.receive("subscribe", ["s1"]);
    await fixture.receive("unsubscribe", ["s1"]);
    await fixture.receive("unsubscribe", ["s1"]);
    expect(fixture.sent.slice(2)).toEqual([
      '{"jsonrpc":"2.0","result":true,"id":1}',
      '{"jsonrpc":"2.0","result":false,"id":1}',
    ]);
    expect(fixture.ended).toEqual(["s1"]);
    fixture.open[0]?.notify(1);
    expect(fixture.sent).toHaveLength(4);
  });

  it("replaces a subscription of the same id", async () => {
    const fixture = new Fixture();
    await fixture.receive("subscribe", ["s1"]);
    await fixture.receive("subscribe", ["s1"]);
    expect(fixture.ended).toEqual(["s1"]);
    expect(fixture.connection.subscriptionCount).toBe(1);
  });

  it("refuses more subscriptions than its limit", async () => {
    const fixture = new Fixture({ subscriptions: 1 });
    await fixture.receive("subscribe", ["s1"]);
    await fixture.receive("subscribe", ["s2"]);
    expect(fixture.errorCodes().at(-1)).toBe(-32005);
  });

  it("tells all owners when the connection ends, and sends nothing afterwards", async () => {
    const fixture = new Fixture();
    await fixture.receive("subscribe", ["s1"]);
    const waiting = fixture.receive("slow");
    fixture.connection.end();
    fixture.connection.end();
    expect(fixture.ended).toEqual(["s1"]);
    for (const gate of fixture.gates) gate();
    await waiting;
    await fixture.receive("unsubscribe", ["s1"]);
    expect(fixture.sent).toHaveLength(2);
  });

  it("refuses requests above those in flight, and takes them again afterwards", async () => {
    const fixture = new Fixture({ requestsInFlight: 2 });
    const slow = [fixture.receive("slow"), fixture.receive("slow")];
    await fixture.receive("unsubscribe", ["x"]);
    expect(fixture.errorCodes()).toEqual([-32005]);
    for (const gate of fixture.gates) gate();
    await Promise.all(slow);
    await fixture.receive("unsubscribe", ["x"]);
    expect(fixture.errorCodes()).toEqual([-32005, undefined, undefined, undefined]);
  });

  it("counts the parts of a batch in flight", async () => {
    const fixture = new Fixture({ requestsInFlight: 1 });
    const request = { jsonrpc: "2.0", method: "slow" };
    const batch = fixture.connection.receive(JSON.stringify([{ ...request, id: 1 }, { ...request, id: 2 }]), 0);
    for (const gate of fixture.gates) gate();
    await batch;
    expect(JSON.parse(fixture.sent[0] as string).map(({ error }: { error?: { code: number } }) => error?.code)).toEqual(
      [
        undefined,
        -32005,
      ],
    );
  });

  it("refuses requests that come too fast, and refills with time", async () => {
    const fixture = new Fixture({ rate: { burst: 2, perSecond: 1 } });
    for (const nowMs of [0, 0, 0, 1000]) await fixture.receive("unsubscribe", ["x"], nowMs);
    expect(fixture.errorCodes()).toEqual([undefined, undefined, -32005, undefined]);
  });

  it("closes the connection of a reader that is too slow", async () => {
    const fixture = new Fixture({ bufferedBytes: 100 });
    await fixture.receive("subscribe", ["s1"]);
    fixture.buffered = 101;
    fixture.open[0]?.notify(1);
    expect(fixture.closedWith).toBe(CLOSE_TOO_SLOW);
    expect(fixture.ended).toEqual(["s1"]);
    expect(fixture.connection.closed).toBe(true);
  });

  it("answers garbage with an error object", async () => {
    const fixture = new Fixture();
    await fixture.connection.receive("{", 0);
    expect(fixture.sent).toEqual(['{"jsonrpc":"2.0","error":{"code":-32700,"message":"Parse error"},"id":null}']);
  });
});

describe("TokenBucket", () => {
  it("is not refilled by a clock that goes back", () => {
    const bucket = new TokenBucket({ burst: 1, perSecond: 1 }, 1000);
    expect(bucket.take(1, 1000)).toBe(true);
    expect(bucket.take(1, 0)).toBe(false);
    expect(bucket.take(1, 1500)).toBe(false);
    expect(bucket.take(1, 2000)).toBe(true);
  });

  it("refuses a rate that is not positive", () => {
    expect(() => new TokenBucket({ burst: 0, perSecond: 1 }, 0)).toThrow(RangeError);
  });
});
