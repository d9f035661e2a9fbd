/**
 * The endpoints of provisioning as the enclave needs them; `deno/provisioning_server.ts` and `deno/piped_tls_client.ts` are
 * they in Deno, tests have their own.
 *
 * @module
 */
import type { RunningServer } from "../server_port.ts";
import type { TlsCertificate } from "../tls_certificate.ts";
import type { SecureChannel } from "./secure_channel.ts";

/** What the server serves, and where. */
export interface ProvisioningServerOptions {
  readonly hostname: string;
  /** 0 for any. */
  readonly port: number;
  readonly certificate: TlsCertificate;
  /** Serves one connection to its end. */
  readonly serve: (channel: SecureChannel) => Promise<void>;
}

/** Both endpoints. */
export interface ProvisioningPorts {
  /** Listens for requesters. @throws If the address cannot be listened on. */
  readonly listen: (options: ProvisioningServerOptions) => Promise<RunningServer>;
  /** Speaks TLS with a provider through a pipe that the host has opened. @throws {StreamError} */
  readonly connect: (pipe: number, certificate: TlsCertificate) => Promise<SecureChannel>;
}
