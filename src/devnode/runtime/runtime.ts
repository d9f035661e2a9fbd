/**
 * A development runtime as the node uses it.
 *
 * @module
 */
import { CodecError } from "../../codec/error.ts";
import { err, ok, type Result } from "../../primitives/result.ts";
import type { Trie } from "../../trie/trie.ts";
import type { ApiContext, RuntimeApiMethod } from "./api/api_definition.ts";
import { RUNTIME_APIS } from "./api/apis.ts";
import type { GenesisConfig, RuntimeDefinition } from "./definition.ts";
import type { RuntimeCall } from "./dispatch/call.ts";
import type { RuntimeParameters } from "./parameters.ts";
import type { BlockExecution } from "./executive/block_execution.ts";
import { applyExtrinsic, finalizeBlock, initializeBlock, validateTransaction } from "./executive/executive.ts";
import { encodeBareExtrinsic, isBareExtrinsic } from "./executive/extrinsic.ts";
import { buildGenesis, genesisConfig } from "./genesis.ts";
import { buildMetadataV14, buildMetadataV15 } from "./metadata/metadata.ts";
import { createModel, type RuntimeModel } from "./model.ts";
import { encodedVersion } from "./pallets/system/system.ts";
import type { RuntimeCallError, RuntimePort, RuntimeVersion } from "./runtime_interface.ts";
import { openCursor } from "../../codec/cursor.ts";

/** The state of a block: an immutable trie, to be asked with `src/trie/`. */
export type RuntimeState = Trie;

/** A runtime over tries. */
export interface Runtime extends RuntimePort<RuntimeState, BlockExecution> {
  readonly definition: RuntimeDefinition;
  /** Types and tables of the runtime. */
  readonly model: RuntimeModel;
  /** Builds a genesis with other accounts and authorities. */
  readonly buildCustomGenesis: (config: GenesisConfig) => RuntimeState;
  /** Encodes a call by names. */
  readonly encodeCall: (call: RuntimeCall) => Uint8Array;
}

function versionOf(parameters: RuntimeParameters): RuntimeVersion {
  const encoded = encodedVersion(parameters);
  return {
    specName: encoded.spec_name,
    implName: encoded.impl_name,
    authoringVersion: encoded.authoring_version,
    specVersion: encoded.spec_version,
    implVersion: encoded.impl_version,
    apis: encoded.apis,
    transactionVersion: encoded.transaction_version,
    stateVersion: encoded.state_version,
  };
}

function apiMethods(): ReadonlyMap<string, RuntimeApiMethod> {
  return new Map(
    RUNTIME_APIS.flatMap((api) => api.methods.map((method) => [`${api.name}_${method.name}`, method] as const)),
  );
}

function callApi(
  methods: ReadonlyMap<string, RuntimeApiMethod>,
  ctx: ApiContext,
  name: string,
  args: Uint8Array,
): Result<Uint8Array, RuntimeCallError> {
  const method = methods.get(name);
  if (method === undefined) return err({ code: "UnknownFunction", name });
  try {
    const cursor = openCursor(args);
    const decoded = method.argsCodec.read(cursor);
    if (cursor.i !== cursor.length) throw new CodecError("TrailingBytes", `${cursor.length - cursor.i} bytes left`);
    return ok(method.output.codec.encode(method.run(ctx, decoded as never) as never));
  } catch (error) {
    if (!(error instanceof CodecError) && !(error instanceof TypeError && error.cause instanceof CodecError)) {
      throw error;
    }
    return err({ code: "InvalidArguments", name, detail: error.message });
  }
}

/**
 * Creates a runtime of a definition; other slot lengths are a matter of `parameters`.
 *
 * @example
 * ```ts
 * const definition = { ...integriteeRuntime, parameters: { ...integriteeRuntime.parameters, slotDurationMs: 1000 } };
 * const runtime = createRuntime(definition);
 * ```
 * @throws {TypeError} If two pallets share an index or a name.
 */
export function createRuntime(definition: RuntimeDefinition): Runtime {
  const model = createModel(definition);
  const { parameters } = definition;
  const metadataV14 = buildMetadataV14(model);
  const metadataV15 = buildMetadataV15(model, RUNTIME_APIS);
  const metadata = new Map([[14, metadataV14], [15, metadataV15]]);
  const methods = apiMethods();
  const buildCustomGenesis = (config: GenesisConfig) => buildGenesis(model, config);
  return {
    definition,
    model,
    version: versionOf(parameters),
    properties: {
      ss58Format: parameters.ss58Prefix,
      tokenDecimals: parameters.tokenDecimals,
      tokenSymbol: parameters.tokenSymbol,
    },
    slotDurationMs: parameters.slotDurationMs,
    metadataV14,
    metadataV15,
    buildGenesis: (preset) => buildCustomGenesis(genesisConfig(preset, parameters)),
    buildCustomGenesis,
    encodeCall: model.callType.codec.encode,
    initializeBlock: (parent, start) => initializeBlock(model, parent, start),
    inherentExtrinsics: (nowMs) => [
      encodeBareExtrinsic(model, { pallet: "Timestamp", call: "set", args: { now: BigInt(nowMs) } }),
    ],
    isBare: isBareExtrinsic,
    applyExtrinsic,
    finalizeBlock,
    validateTransaction: (state, blockHash, source, bytes) =>
      validateTransaction(model, state, blockHash, source, bytes),
    call: (name, args, state, blockHash) => callApi(methods, { model, state, blockHash, metadata }, name, args),
  };
}
