/**
 * Answers one enclave's questions over its private port. The enclave cannot choose for which measurement: the port is
 * its identity.
 *
 * @module
 */
import { tryDecode } from "../../codec/codec.ts";
import type { EnclaveFingerprint } from "../../primitives/branded.ts";
import { type PlatformAnswer, type PlatformCall, platformRequest, platformResponse } from "../api/platform_port.ts";
import type { PlatformChannel } from "../api/platform_client.ts";
import type { EmulatedProcessor } from "./emulated_processor.ts";

/** Serves the enclave of this measurement until the port closes; what is no request is dropped. */
export function servePlatformPort(
  port: PlatformChannel,
  processor: EmulatedProcessor,
  measurement: EnclaveFingerprint,
): void {
  port.onmessage = async (event) => {
    if (!(event.data instanceof Uint8Array)) return;
    const request = tryDecode(platformRequest, event.data);
    if (!request.ok) return;
    const { id, call } = request.value;
    port.postMessage(platformResponse.encode({ id, answer: await answer(processor, measurement, call) }));
  };
}

async function answer(
  processor: EmulatedProcessor,
  measurement: EnclaveFingerprint,
  call: PlatformCall,
): Promise<PlatformAnswer> {
  switch (call.type) {
    case "sealing_key":
      return { type: "sealing_key", value: processor.sealingKey(measurement) };
    case "quote":
      try {
        return { type: "quote", value: await processor.quote(measurement, call.value) };
      } catch {
        // The enclave learns that there is no quote; the reasons are the platform's.
        return { type: "failed", value: undefined };
      }
  }
}
