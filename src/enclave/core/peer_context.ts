/**
 * What this enclave is, and what it asks of others, when it gives or takes a shard.
 *
 * @module
 */
import { EMULATED_DEVELOPMENT_ROOT } from "../../attestation/emulated_root.ts";
import { INTEL_SGX_ROOT, type PlatformRoot } from "../../attestation/platform_root.ts";
import { parseEnclaveQuoteWithChain } from "../../attestation/verify_quote.ts";
import { randomBytes } from "../../crypto/random.ts";
import type { ParentchainView } from "../../parentchain/view.ts";
import { type BlockHash, h256 } from "../../primitives/branded.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import { isProductionChain } from "../../stf/parentchain_specs.ts";
import { DEVELOPMENT_UPGRADE_VISIBLE_BLOCKS, MIN_UPGRADE_VISIBLE_BLOCKS } from "../api/upgrade_delay.ts";
import type { Platform } from "../api/platform_client.ts";
import type { PeerContext } from "../provisioning/peer_evidence.ts";
import type { EnclavePorts } from "./enclave_ports.ts";
import type { PeerRegistry } from "./peer_registry.ts";
import type { EnclaveSetup } from "./setup.ts";

/** Name of a root that is neither Intel's nor the published one. */
export const OPERATOR_ROOT_NAME = "the platform root of this enclave";

/** What a context is made of. */
export interface PeerContextSource {
  readonly setup: EnclaveSetup;
  readonly ports: EnclavePorts;
  readonly registry: PeerRegistry;
  readonly genesis: BlockHash;
  readonly view: () => ParentchainView | undefined;
  readonly roots: PeerContext["roots"];
  /**
   * Whether the shard is one of development. By its state where there is one, never by the host's configuration: that may
   * be another one at each start. Who has no state yet looks at it as soon as it has come.
   */
  readonly isDevelopment: boolean;
}

/** Makes the context. */
export function createPeerContext(source: PeerContextSource): PeerContext {
  const { setup, ports, registry, genesis, view, roots } = source;
  const isDevelopment = source.isDevelopment && !isProductionChain(genesis);
  return {
    nowMs: ports.nowMs,
    randomBytes,
    signer: setup.keys.signer,
    fingerprint: setup.fingerprint,
    shard: setup.shard,
    genesis: h256(genesis),
    quote: (reportData) => ports.platform.quote(reportData),
    roots,
    view,
    upgrade: () => ({
      watch: registry.watch,
      minVisibleBlocks: isDevelopment ? DEVELOPMENT_UPGRADE_VISIBLE_BLOCKS : MIN_UPGRADE_VISIBLE_BLOCKS,
    }),
    // Who registers without attestation itself cannot ask others for more; never in a shard that holds value.
    allowSkip: isDevelopment && setup.config.skipRa,
  };
}

/**
 * The one root that counts for peers: that of the own platform. So enclaves of real processors keep to themselves, and
 * emulated ones to those of the same operator, or of development.
 */
export class OwnRoots {
  readonly #platform: Platform;
  #found: PeerContext["roots"] | undefined;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  /** The root, read off a quote once; `undefined` while the platform gives none, which is looked at anew each time. */
  async get(): Promise<PeerContext["roots"] | undefined> {
    if (this.#found !== undefined) return this.#found;
    const root = await ownRoot(this.#platform);
    if (root === undefined) return undefined;
    this.#found = { roots: [root], acceptedEmulatedRoots: root.isEmulated ? [root.name] : [] };
    return this.#found;
  }
}

async function ownRoot(platform: Platform): Promise<PlatformRoot | undefined> {
  let quote: Uint8Array;
  try {
    quote = await platform.quote(new Uint8Array(64));
  } catch {
    return undefined;
  }
  const parsed = parseEnclaveQuoteWithChain(quote);
  const publicKey = parsed.ok ? parsed.value.certificates.at(-1)?.publicKey : undefined;
  if (publicKey === undefined) return undefined;
  const known = [INTEL_SGX_ROOT, EMULATED_DEVELOPMENT_ROOT].find((root) => equalBytes(root.publicKey, publicKey));
  return known ?? { name: OPERATOR_ROOT_NAME, publicKey, isEmulated: true };
}
