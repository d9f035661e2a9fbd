/**
 * All methods of the trusted RPC.
 *
 * @module
 */
import { describeService } from "../../transport/openrpc.ts";
import { ignoreParams } from "../../transport/params.ts";
import { defineMethod, type RpcMethod } from "../../transport/router.ts";
import { peerMethods } from "./peer_methods.ts";
import { queryMethods } from "./query_methods.ts";
import type { RpcService } from "./rpc_service.ts";
import { submitMethods } from "./submit_methods.ts";

/** The method table; `rpc.discover` describes it. */
export function enclaveMethods(): RpcMethod<RpcService>[] {
  const methods = [...submitMethods(), ...queryMethods(), ...peerMethods()];
  const discover = defineMethod({
    name: "rpc.discover",
    summary: "Description of this service in the form of OpenRPC",
    decode: ignoreParams,
    handle: (_params, { info }: RpcService) => describeService(methods, "Integritee enclave (emulated)", info.version),
  });
  return [...methods, discover];
}
