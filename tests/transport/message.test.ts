import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_BATCH_LENGTH, MAX_ID_LENGTH, MAX_JSON_DEPTH, MAX_METHOD_LENGTH } from "../../src/transport/limits.ts";
import { errorText, parseBoundedJson, parseFrame, resultText } from "../../src/transport/message.ts";
import { INVALID_REQUEST, PARSE_ERROR, RpcError } from "../../src/transport/rpc_error.ts";

const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);

function codeOf(text: string): number | undefined {
  const frame = parseFrame(text);
  if (!frame.ok) return frame.error.code;
  const [request] = frame.value.requests;
  return request?.ok === false ? request.error.error.code : undefined;
}

describe("parseBoundedJson()", () => {
  it("takes the deepest allowed nesting and refuses one more", () => {
    expect(parseBoundedJson(nested(MAX_JSON_DEPTH)).ok).toBe(true);
    expect(parseBoundedJson(nested(MAX_JSON_DEPTH + 1)).ok).toBe(false);
  });

  it("refuses a hundred thousand brackets without parsing them", () => {
    expect(parseBoundedJson("[".repeat(100_000)).ok).toBe(false);
  });

  it("counts no brackets inside strings, also after escaped quotes", () => {
    expect(parseBoundedJson(JSON.stringify([nested(100), '\\"[[[[', "\\"])).ok).toBe(true);
  });

  it("is not misled by a backslash at the end of a string", () => {
    const text = `["\\\\",${nested(MAX_JSON_DEPTH)}]`;
    expect(parseBoundedJson(text).ok).toBe(false);
  });

  it("reports -32600 for a frame that is too long", () => {
    const result = parseBoundedJson('"aaaaaaaaaa"', 5);
    expect(!result.ok && result.error.code).toBe(INVALID_REQUEST);
  });

  it("agrees with JSON.parse on shallow texts", () => {
    fc.assert(fc.property(fc.json({ maxDepth: 5 }), (text) => {
      const result = parseBoundedJson(text);
      expect(result.ok && JSON.stringify(result.value)).toBe(JSON.stringify(JSON.parse(text)));
    }));
  });
});

describe("parseFrame()", () => {
  it("takes a request, and keeps number, string and null ids", () => {
    for (const id of [1, "a", null]) {
      const frame = parseFrame(JSON.stringify({ jsonrpc: "2.0", method: "m", params: [1], id }));
      expect(frame.ok && frame.value.requests[0]).toEqual({ ok: true, value: { method: "m", params: [1], id } });
    }
  });

  it("reports -32700 for text that is no JSON", () => {
    for (const text of ["", "{", "nope", '{"a":}']) expect(codeOf(text)).toBe(PARSE_ERROR);
  });

  it("reports -32600 for JSON that is no request", () => {
    const bad: unknown[] = [
      1,
      "text",
      null,
      {},
      { method: "m", id: 1 },
      { jsonrpc: "1.0", method: "m", id: 1 },
      { jsonrpc: "2.0", method: 1, id: 1 },
      { jsonrpc: "2.0", method: "m", params: 1, id: 1 },
      { jsonrpc: "2.0", method: "m", id: {} },
      { jsonrpc: "2.0", method: "m", id: "x".repeat(MAX_ID_LENGTH + 1) },
      { jsonrpc: "2.0", method: "x".repeat(MAX_METHOD_LENGTH + 1), id: 1 },
    ];
    for (const value of bad) expect(codeOf(JSON.stringify(value))).toBe(INVALID_REQUEST);
  });

  it("reports -32600 for an empty batch and for one that is too large", () => {
    expect(codeOf("[]")).toBe(INVALID_REQUEST);
    expect(codeOf(JSON.stringify(Array(MAX_BATCH_LENGTH + 1).fill(1)))).toBe(INVALID_REQUEST);
    const full = parseFrame(JSON.stringify(Array(MAX_BATCH_LENGTH).fill({ jsonrpc: "2.0", method: "m" })));
    expect(full.ok && full.value.requests).toHaveLength(MAX_BATCH_LENGTH);
  });

  it("never throws", () => {
    fc.assert(fc.property(fc.string(), (text) => void parseFrame(text)));
    fc.assert(fc.property(fc.json(), (text) => void parseFrame(text)));
  });
});

describe("resultText() and errorText()", () => {
  it("write the fields in the order of the worker", () => {
    expect(resultText(1, "0x00")).toBe('{"jsonrpc":"2.0","result":"0x00","id":1}');
    expect(resultText("a", undefined)).toBe('{"jsonrpc":"2.0","result":null,"id":"a"}');
    expect(errorText(4, new RpcError(-32601, "Method not found"))).toBe(
      '{"jsonrpc":"2.0","error":{"code":-32601,"message":"Method not found"},"id":4}',
    );
  });
});
