/**
 * The enclave's side of the private port to its platform.
 *
 * @module
 */
import { type EnclaveFingerprint, enclaveFingerprint } from "../../primitives/branded.ts";
import { type PlatformAnswer, type PlatformCall, platformRequest, platformResponse } from "./platform_port.ts";

/** What the processor gives an enclave. */
export interface Platform {
  /** MRENCLAVE of the enclave that asks. */
  readonly measurement: EnclaveFingerprint;
  /** The 32-byte key that only this enclave on this platform gets. @throws {PlatformError} */
  readonly sealingKey: () => Promise<Uint8Array>;
  /** A DCAP quote over 64 bytes of report data. @throws {PlatformError} */
  readonly quote: (reportData: Uint8Array) => Promise<Uint8Array>;
}

/** The platform did not give what was asked for. */
export class PlatformError extends Error {
  override readonly name = "PlatformError";
  /** Always the same: the platform tells no reasons. */
  readonly code = "PlatformCallFailed";
}

/** What the client needs of a `MessagePort`. */
export interface PlatformChannel {
  postMessage(message: Uint8Array): void;
  onmessage: ((event: MessageEvent) => unknown) | null;
}

/** Connects the enclave to its platform. */
export function createPlatformClient(port: PlatformChannel, measurement: Uint8Array): Platform {
  const waiting = new Map<number, (answer: PlatformAnswer) => void>();
  let nextId = 0;
  port.onmessage = (event) => {
    const { id, answer } = platformResponse.decode(event.data);
    waiting.get(id)?.(answer);
    waiting.delete(id);
  };
  const ask = <Type extends "sealing_key" | "quote">(type: Type, call: PlatformCall): Promise<Uint8Array> =>
    new Promise((resolve, reject) => {
      const id = nextId++;
      waiting.set(id, (answer) => {
        if (answer.type === type) resolve(answer.value as Uint8Array);
        else reject(new PlatformError(`Cannot get "${type}" from the platform`));
      });
      port.postMessage(platformRequest.encode({ id, call }));
    });
  return {
    measurement: enclaveFingerprint(measurement),
    sealingKey: () => ask("sealing_key", { type: "sealing_key", value: undefined }),
    quote: (reportData) => ask("quote", { type: "quote", value: reportData }),
  };
}
