/**
 * Description of a service in the form of OpenRPC, generated from its method table.
 *
 * @module
 */
import type { RpcMethod } from "./router.ts";

/** A description as JSON. */
export interface OpenRpcDocument {
  readonly openrpc: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly methods: readonly OpenRpcMethod[];
}

/** One method of a description. */
export interface OpenRpcMethod {
  readonly name: string;
  readonly summary: string;
  readonly paramStructure: "by-position";
  readonly params: readonly { readonly name: string; readonly schema: Readonly<Record<string, never>> }[];
  readonly result: { readonly name: string; readonly schema: Readonly<Record<string, never>> };
}

/** Version of OpenRPC. */
const OPENRPC_VERSION = "1.3.2";

/** Describes the methods of a table in alphabetical order; the content of parameters and results is not typed. */
export function describeService<Context>(
  methods: readonly RpcMethod<Context>[],
  title: string,
  version: string,
): OpenRpcDocument {
  const described = methods.map(({ name, summary, paramNames }): OpenRpcMethod => ({
    name,
    summary,
    paramStructure: "by-position",
    params: paramNames.map((param) => ({ name: param, schema: {} })),
    result: { name: "result", schema: {} },
  }));
  described.sort((a, b) => (a.name < b.name ? -1 : 1));
  return { openrpc: OPENRPC_VERSION, info: { title, version }, methods: described };
}
