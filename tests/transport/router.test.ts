import { describe, expect, it } from "vitest";
import {
  hexParam,
  ignoreParams,
  integerParam,
  optionalParam,
  positional,
  textParam,
} from "../../src/transport/params.ts";
import { defineMethod, RpcRouter } from "../../src/transport/router.ts";
import { RpcError } from "../../src/transport/rpc_error.ts";

interface Context {
  readonly name: string;
}

const failures: string[] = [];
const router = new RpcRouter<Context>([
  defineMethod({ name: "hello", decode: ignoreParams, handle: (_params, { name }: Context) => `hello ${name}` }),
  defineMethod({
    name: "add",
    cost: 3,
    decode: (params) => positional(params, 2, 2).map((value) => integerParam(value, 100)),
    handle: async (numbers) => numbers.reduce((sum, value) => sum + value, 0),
  }),
  defineMethod({
    name: "refuse",
    decode: ignoreParams,
    handle: () => {
      throw new RpcError(1010, "Invalid Transaction", "stale");
    },
  }),
  defineMethod({
    name: "break",
    decode: ignoreParams,
    handle: () => {
      throw new Error("the secret is 42");
    },
  }),
  defineMethod({
    name: "watch",
    decode: ignoreParams,
    handle: (_p, _c, call) => call.subscribe({ type: "substrate", method: "w" }, "1"),
  }),
], { onInternalError: (method, error) => failures.push(`${method} ${(error as Error).message}`) });

const ask = (text: string) => router.answerFrame(text, { name: "world" });
const call = (method: string, params: unknown = []) => ask(JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }));

describe("RpcRouter", () => {
  it("answers by the method table", async () => {
    expect(await call("hello", { any: "thing" })).toBe('{"jsonrpc":"2.0","result":"hello world","id":1}');
    expect(await call("add", [2, 3])).toBe('{"jsonrpc":"2.0","result":5,"id":1}');
  });

  it("lists its methods as rpc_methods", async () => {
    expect(JSON.parse(await call("rpc_methods") as string).result).toEqual({
      methods: ["add", "break", "hello", "refuse", "rpc_methods", "watch"],
    });
  });

  it("reports -32601 for unknown methods, also for names of object members", async () => {
    for (const name of ["nothing", "constructor", "__proto__", "toString"]) {
      expect(await call(name)).toBe('{"jsonrpc":"2.0","error":{"code":-32601,"message":"Method not found"},"id":1}');
    }
  });

  it("reports -32602 for parameters that do not fit", async () => {
    for (const params of [[], [1], [1, 2, 3], [1, "2"], [1, -1], [1, 101], [1, 1.5], { a: 1 }]) {
      expect(JSON.parse(await call("add", params) as string).error.code).toBe(-32602);
    }
  });

  it("passes on RpcError, and keeps the message of any other error to itself", async () => {
    expect(JSON.parse(await call("refuse") as string).error).toEqual({
      code: 1010,
      message: "Invalid Transaction",
      data: "stale",
    });
    const text = await call("break") as string;
    expect(text).toBe('{"jsonrpc":"2.0","error":{"code":-32603,"message":"Internal error"},"id":1}');
    expect(failures).toEqual(["break the secret is 42"]);
  });

  it("answers nothing to notifications, also in a batch", async () => {
    expect(await ask('{"jsonrpc":"2.0","method":"hello"}')).toBeUndefined();
    expect(await ask('{"jsonrpc":"2.0","method":"nothing"}')).toBeUndefined();
    expect(await ask('[{"jsonrpc":"2.0","method":"hello"}]')).toBeUndefined();
  });

  it("answers a batch with a batch, in order, whatever its parts are", async () => {
    const answers = JSON.parse(
      await ask('[{"jsonrpc":"2.0","method":"hello","id":1},7,{"jsonrpc":"2.0","method":"no","id":2}]') as string,
    );
    expect(answers.map(({ id, error }: { id: unknown; error?: { code: number } }) => [id, error?.code])).toEqual([
      [1, undefined],
      [null, -32600],
      [2, -32601],
    ]);
  });

  it("refuses subscriptions without a connection, and requests without tokens", async () => {
    expect(JSON.parse(await call("watch") as string).error.code).toBe(-32000);
    const costs: number[] = [];
    const text = await router.answerFrame(
      '{"jsonrpc":"2.0","method":"add","params":[1,2],"id":1}',
      { name: "" },
      (cost) => {
        costs.push(cost);
        return false;
      },
    );
    expect(costs).toEqual([3]);
    expect(JSON.parse(text as string).error.code).toBe(-32005);
  });

  it("refuses two methods of one name", () => {
    const method = defineMethod({ name: "a", decode: ignoreParams, handle: () => 1 });
    expect(() => new RpcRouter([method, method])).toThrow(TypeError);
  });
});

describe("parameter decoders", () => {
  it("take what fits and throw a TypeError otherwise", () => {
    expect(textParam("ab", 2)).toBe("ab");
    expect(() => textParam("abc", 2)).toThrow(TypeError);
    expect(() => textParam(1, 2)).toThrow(TypeError);
    expect(hexParam("0x01ff", 2)).toEqual(new Uint8Array([1, 255]));
    expect(() => hexParam("0x01ff00", 2)).toThrow(TypeError);
    expect(() => hexParam("0xzz", 2)).toThrow(TypeError);
    expect(optionalParam(null, (value) => textParam(value, 1))).toBeUndefined();
    expect(optionalParam("a", (value) => textParam(value, 1))).toBe("a");
    expect(positional(undefined, 0, 1)).toEqual([]);
  });
});
