/**
 * The runtime's version as JSON.
 *
 * @module
 */
import { type Hex, toHex } from "../../primitives/hex.ts";
import type { RuntimeVersion } from "../runtime/runtime_interface.ts";

/** JSON of a runtime version, in the order of a Substrate node. */
export interface RuntimeVersionJson {
  readonly specName: string;
  readonly implName: string;
  readonly authoringVersion: number;
  readonly specVersion: number;
  readonly implVersion: number;
  readonly apis: readonly (readonly [id: Hex, version: number])[];
  readonly transactionVersion: number;
  readonly stateVersion: number;
  /** The same number under the name of newer nodes. */
  readonly systemVersion: number;
}

/** A runtime version as JSON. */
export function runtimeVersionToJson(version: RuntimeVersion): RuntimeVersionJson {
  return {
    specName: version.specName,
    implName: version.implName,
    authoringVersion: version.authoringVersion,
    specVersion: version.specVersion,
    implVersion: version.implVersion,
    apis: version.apis.map(([id, number]) => [toHex(id), number]),
    transactionVersion: version.transactionVersion,
    stateVersion: version.stateVersion,
    systemVersion: version.stateVersion,
  };
}
