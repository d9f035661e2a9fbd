/**
 * Storage of a parentchain on which the enclave has done its first duties.
 *
 * @module
 */
import type { Identity } from "../../src/enclave/api/ecall_values.ts";
import { utf8 } from "../../src/primitives/bytes.ts";
import type { TestBlockSpec } from "../parentchain/builders.ts";
import { type TestHost, timeOf } from "./harness.ts";

/** Storage in which this enclave is registered without a quote. */
export function registered(host: TestHost): NonNullable<TestBlockSpec["storage"]> {
  const { signer, fingerprint } = host.identity as Identity;
  const enclave = {
    report_data: new Uint8Array(64),
    mr_enclave: fingerprint,
    mr_signer: new Uint8Array(32),
    timestamp: BigInt(timeOf(1_000)),
    url: utf8("wss://127.0.0.1:2000"),
    build_mode: { type: "Production", value: undefined },
    attestation_method: { type: "Skip", value: { proxied: false } },
    status: { type: "Invalid", value: undefined },
  };
  return [["Teerex", "SovereignEnclaves", [signer], { type: "Sgx", value: enclave }]];
}
