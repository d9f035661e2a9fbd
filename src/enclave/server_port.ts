/**
 * The TLS endpoint as the enclave needs it; `deno/tls_server.ts` is it in Deno, tests have their own.
 *
 * @module
 */
import type { RpcRouter } from "../transport/router.ts";
import type { RpcService } from "./rpc/rpc_service.ts";
import type { TlsCertificate } from "./tls_certificate.ts";

/** What the server serves, and where. */
export interface ServerOptions {
  readonly hostname: string;
  /** 0 for any. */
  readonly port: number;
  readonly certificate: TlsCertificate;
  readonly router: RpcRouter<RpcService>;
  readonly service: RpcService;
}

/** A server that listens. */
export interface RunningServer {
  readonly port: number;
  /** Open connections. */
  readonly connections: () => number;
  /** Ends all connections; resolves when it listens no more. */
  readonly stop: () => Promise<void>;
}

/** Starts a server. @throws If the address cannot be listened on. */
export type StartServer = (options: ServerOptions) => RunningServer;
