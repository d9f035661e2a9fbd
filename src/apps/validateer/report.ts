/**
 * What the validateer tells when it is up.
 *
 * @module
 */
import { encodeSs58 } from "../../crypto/ss58.ts";
import type { Health, Identity } from "../../enclave/api/ecall_values.ts";
import type { NodeLink } from "../../host/parentchain/link.ts";
import { encodeBase58 } from "../../primitives/base58.ts";
import { accountId } from "../../primitives/branded.ts";
import { toHex } from "../../primitives/hex.ts";
import { listenHostname } from "./addresses.ts";
import type { Endpoints } from "./endpoints.ts";
import type { RunOptions } from "./options.ts";
import { renderTable } from "./table.ts";

/** What the table is made of. */
export interface StartReport {
  readonly options: RunOptions;
  readonly url: string;
  readonly link: NodeLink;
  readonly identity: Identity;
  readonly health: Health;
  readonly trustedPort: number;
  readonly endpoints: Endpoints;
}

/** The table that is printed once blocks are authored. */
export function renderStartTable(report: StartReport): string {
  const { options, url, link, identity, health, trustedPort, endpoints } = report;
  const host = listenHostname(options);
  const { metadata, name, genesisHash } = link.facts;
  const { vault } = health;
  const { metrics } = endpoints;
  return renderTable("EMULATED ENCLAVE: it protects nothing from its host; for development and tests only.", [
    ["parentchain", `${name} at ${url}`],
    ["genesis", toHex(genesisHash)],
    ["finality", options.parentchainFinality],
    ["trusted RPC", `wss://${host}:${trustedPort}`],
    ["untrusted RPC", `ws://${host}:${endpoints.untrusted.port}`],
    ["health", `http://${host}:${endpoints.health.port}/is_initialized`],
    ["metrics", metrics === undefined ? "off (--enable-metrics)" : `http://${host}:${metrics.port}/metrics`],
    ["fingerprint", encodeBase58(identity.fingerprint)],
    ["shard", encodeBase58(identity.shard)],
    ["signer", encodeSs58(accountId(identity.signer), metadata.ss58Prefix)],
    ["vault", vault === undefined ? "none" : encodeSs58(accountId(vault), metadata.ss58Prefix)],
    ["block", `${health.blockNumber} every ${health.slotDurationMs} ms`],
  ]);
}
