/**
 * A process with trusted endpoints of several validateers, for the measurement of a broadcast: they take blocks as the enclave's
 * do, and tell when they have one. Prints a line with their addresses, then one line for each block.
 *
 * @module
 */
import { startTlsServer } from "../src/enclave/deno/tls_server.ts";
import { enclaveMethods } from "../src/enclave/rpc/method_table.ts";
import type { RpcService } from "../src/enclave/rpc/rpc_service.ts";
import { createTlsCertificate } from "../src/enclave/tls_certificate.ts";
import { RpcRouter } from "../src/transport/router.ts";
import type { SignedBlock } from "../src/types/signed_block.ts";

/** What is printed when an endpoint has a block. */
export interface Arrival {
  /** Number of the block. */
  readonly number: number;
  /** Milliseconds since 1970, with fractions. */
  readonly at: number;
}

function startEndpoint(certificate: Awaited<ReturnType<typeof createTlsCertificate>>): string {
  const importBlocks = ([block]: readonly SignedBlock[]) => {
    const arrival: Arrival = {
      number: Number(block?.block.header.blockNumber),
      at: performance.timeOrigin + performance.now(),
    };
    console.log(JSON.stringify(arrival));
    return Promise.resolve("taken" as const);
  };
  // Of the service, only what takes blocks is used.
  const service = { importBlocks } as unknown as RpcService;
  const router = new RpcRouter<RpcService>(enclaveMethods());
  const { port } = startTlsServer({ hostname: "127.0.0.1", port: 0, certificate, router, service }, Date.now);
  return `wss://127.0.0.1:${port}`;
}

if (import.meta.main) {
  const certificate = await createTlsCertificate(["localhost", "127.0.0.1"], Date.now());
  const urls = Array.from({ length: Number(Deno.args[0]) }, () => startEndpoint(certificate));
  console.log(JSON.stringify({ urls }));
}
