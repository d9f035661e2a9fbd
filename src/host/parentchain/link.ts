/**
 * The link to a parentchain node: follows its final blocks and hands them in, with one read proof per block, and submits
 * extrinsics.
 *
 * Source: worker `service/src/parentchain_handler.rs` (839eda024)
 * Differs: what is handed in is proven; storage is read once per parentchain block instead of once per slot.
 *
 * @module
 */
import type { BlockHash } from "../../primitives/branded.ts";
import { toHex } from "../../primitives/hex.ts";
import type { FinalityLevel } from "../../parentchain/follower_state.ts";
import { messageOf } from "../../primitives/message_of.ts";
import { parentchainHeader } from "../../parentchain/header.ts";
import { ParentchainMetadata } from "../../parentchain/metadata.ts";
import { parentchainInfo } from "../../parentchain/parentchain_init.ts";
import { startKeys } from "../../parentchain/wanted_keys.ts";
import type { Log } from "../log.ts";
import type { FollowerPosition, ParentchainImporter, ParentchainLink } from "../service.ts";
import type { SlotTimer } from "../slot_clock.ts";
import { BlockFetcher } from "./block_fetcher.ts";
import { JustificationFeed } from "./justification_feed.ts";
import { LinkError } from "./link_error.ts";
import { headerOf, hexBytes, NodeRpc } from "./node_rpc.ts";
import { assertSameHistory } from "./same_history.ts";
import { SilenceWatch } from "./silence_watch.ts";

/** Newest start from block 0: fetching more headers than this takes minutes, so a checkpoint is taken instead. */
const MAX_HEADERS_FROM_GENESIS = 20_000;

/** What the link is told. */
export interface LinkOptions {
  readonly url: string;
  readonly level: FinalityLevel;
  readonly log: Log;
  readonly timer: SlotTimer;
  /** Called when the link cannot go on. */
  readonly onFatal: (error: LinkError) => void;
}

/** Facts about the chain, on the node's word. */
export interface ChainFacts {
  readonly genesisHash: BlockHash;
  readonly name: string;
  /** Whether the node calls the chain a development chain. */
  readonly isDevelopment: boolean;
  readonly specVersion: number;
  /** Decimals of the chain's token; 12 if the node does not say. */
  readonly tokenDecimals: number;
  readonly metadata: ParentchainMetadata;
}

/** A connected node. */
export class NodeLink implements ParentchainLink {
  readonly facts: ChainFacts;
  readonly #rpc: NodeRpc;
  readonly #options: LinkOptions;
  readonly #fetcher: BlockFetcher;
  readonly #metadataBytes: Uint8Array;
  readonly #silence: SilenceWatch;
  #importer: ParentchainImporter | undefined;
  /** Newest final block that the node has told of since it was connected. */
  #target = 0;
  #work: Promise<void> | undefined;
  #stopped = false;
  /** Whether the node is known to have what was followed. */
  #isCompared = false;
  #isBehind = false;

  private constructor(
    rpc: NodeRpc,
    options: LinkOptions,
    facts: ChainFacts,
    metadataBytes: Uint8Array,
    feed: JustificationFeed,
  ) {
    this.#rpc = rpc;
    this.#options = options;
    this.facts = facts;
    this.#metadataBytes = metadataBytes;
    this.#fetcher = new BlockFetcher(rpc, options.level, feed);
    this.#silence = new SilenceWatch({
      timer: options.timer,
      hasMore: async () => (await rpc.finalizedHead()).number > this.#target,
      onSilent: (reason) => {
        options.log("warn", "ParentchainSilent", { url: options.url, reason });
        rpc.connection.renew();
      },
    });
  }

  /** Connects and looks at what the node offers. @throws {LinkError} */
  static async connect(options: LinkOptions): Promise<NodeLink> {
    const rpc = await NodeRpc.connect(options.url, (error) => {
      options.log("warn", "ParentchainUnreadable", { reason: refusalOf(error) });
    });
    try {
      const feed = new JustificationFeed();
      await assertOffers(rpc, options.level);
      const methods = await rpc.methods();
      if (options.level !== "trusted" && methods.has("grandpa_subscribeJustifications")) {
        await rpc.connection.subscribe(
          "grandpa_justifications",
          "grandpa_subscribeJustifications",
          (v) => feed.push(hexBytes(v)),
        );
      }
      const [genesisHash, name, type, properties, metadata] = await Promise.all([
        rpc.blockHash(0),
        rpc.ask("system_chain"),
        rpc.ask("system_chainType"),
        rpc.ask("system_properties"),
        rpc.ask("state_getMetadata"),
      ]);
      const metadataBytes = hexBytes(metadata);
      const described = new ParentchainMetadata(metadataBytes);
      const facts = {
        genesisHash,
        name: String(name),
        isDevelopment: type === "Development",
        specVersion: described.specVersion,
        tokenDecimals: tokenDecimalsOf(properties),
        metadata: described,
      };
      return new NodeLink(rpc, options, facts, metadataBytes, feed);
    } catch (error) {
      rpc.connection.close();
      throw error;
    }
  }

  async info(): Promise<Uint8Array> {
    const { facts } = this;
    const final = await this.#rpc.finalizedHead();
    const fromGenesis = { number: 0, hash: facts.genesisHash };
    const keys = startKeys(facts.metadata);
    const atGenesis = final.number > MAX_HEADERS_FROM_GENESIS
      ? undefined
      : await this.#fetcher.storage(keys, fromGenesis.hash).catch((error) => this.#noteDiscarded(error));
    const start = atGenesis === undefined ? final : fromGenesis;
    return parentchainInfo.encode({
      genesisHash: facts.genesisHash,
      metadata: this.#metadataBytes,
      header: parentchainHeader.encode(await this.#rpc.header(start.hash)),
      storage: atGenesis ?? await this.#fetcher.storage(keys, start.hash),
      contentFrom: final.number,
    });
  }

  /** Nodes discard old states, that of block 0 too. @throws {LinkError} If that is not what is wrong. */
  #noteDiscarded(error: unknown): undefined {
    if (!(error instanceof LinkError && error.code === "BadAnswer")) throw error;
    this.#options.log("info", "ParentchainGenesisDiscarded", { reason: error.message });
    return undefined;
  }

  async follow(importer: ParentchainImporter): Promise<void> {
    this.#importer = importer;
    this.#watchConnection();
    await this.#catchUp();
    await this.#rpc.connection.subscribe("chain_finalizedHead", "chain_subscribeFinalizedHeads", (json) => {
      const header = headerOf(json);
      this.#silence.heard();
      this.#fetcher.noteAnnounced(header);
      this.#target = Math.max(this.#target, header.number);
      this.#wake();
    });
    await this.#rpc.connection.subscribe("state_runtimeVersion", "state_subscribeRuntimeVersion", (version) => {
      const { specVersion } = version as { specVersion: unknown };
      if (specVersion === this.facts.specVersion) return;
      const message = `The parentchain's runtime is now version ${specVersion}: start the validateer anew`;
      this.#options.onFatal(new LinkError("RuntimeChanged", message));
    });
    void this.#silence.start();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#silence.stop();
    this.#rpc.connection.close();
    await this.#work;
  }

  /** Submits an extrinsic; false if the node does not take it. Never rejects. */
  async submit(purpose: string, extrinsic: Uint8Array): Promise<boolean> {
    try {
      const hash = await this.#rpc.ask("author_submitExtrinsic", toHex(extrinsic));
      this.#options.log("debug", "ExtrinsicSubmitted", { purpose, hash: String(hash) });
      return true;
    } catch (error) {
      this.#options.log("warn", "ExtrinsicRefused", { purpose, reason: refusalOf(error) });
      return false;
    }
  }

  /** Free balance of an account at the newest block, in smallest units; on the node's word. @throws {LinkError} */
  async freeBalance(account: Uint8Array): Promise<bigint> {
    const item = this.facts.metadata.storage("System", "Account");
    if (item === undefined) throw new LinkError("BadAnswer", "The parentchain keeps no accounts");
    const bytes = await this.#rpc.value(item.key(account));
    if (bytes === undefined) return 0n;
    return (item.value.decode(bytes) as { data: { free: bigint } }).data.free;
  }

  /** Who may act for an account at the newest block; on the node's word. @throws {LinkError} */
  async delegates(account: Uint8Array): Promise<readonly Uint8Array[]> {
    const item = this.facts.metadata.storage("Proxy", "Proxies");
    if (item === undefined) throw new LinkError("BadAnswer", "The parentchain knows no delegates");
    const bytes = await this.#rpc.value(item.key(account));
    if (bytes === undefined) return [];
    const [entries] = item.value.decode(bytes) as [{ readonly delegate: Uint8Array }[], bigint];
    return entries.map(({ delegate }) => delegate);
  }

  #watchConnection(): void {
    const { log, url } = this.#options;
    const { connection } = this.#rpc;
    connection.onLost = () => {
      if (!this.#stopped) log("warn", "ParentchainDisconnected", { url });
      // What comes back may be a node that has less, or other things: its next final block is taken after a comparison.
      this.#isCompared = false;
      this.#target = 0;
    };
    connection.onConnected = () => log("info", "ParentchainConnected", { url });
  }

  #wake(): void {
    if (this.#work !== undefined || this.#stopped) return;
    this.#work = this.#catchUp()
      .catch((error) => this.#noteFailure(error))
      .finally(() => this.#work = undefined);
  }

  #noteFailure(error: unknown): void {
    if (this.#stopped) return;
    const { log, onFatal } = this.#options;
    const code = error instanceof LinkError ? error.code : undefined;
    if (code === "ChainChanged" || code === "OtherHistory") {
      this.#stopped = true;
      return onFatal(error as LinkError);
    }
    // That the node is lost has been said; the next final block after its return begins anew.
    if (code === "Disconnected") return log("debug", "ParentchainInterrupted", { reason: refusalOf(error) });
    this.#isCompared = false;
    log("error", "ParentchainNotImported", { reason: refusalOf(error) });
  }

  /** Looks whether the node has what was followed; again with each of its final blocks for as long as it is behind. */
  async #compare(position: FollowerPosition): Promise<void> {
    const final = await this.#rpc.finalizedHead();
    await assertSameHistory(this.#rpc, this.facts.genesisHash, position, final.number);
    this.#target = Math.max(this.#target, final.number);
    const isBehind = final.number < position.number;
    if (isBehind && !this.#isBehind) {
      this.#options.log("warn", "NodeBehind", { followed: position.number, node: final.number });
    }
    this.#isBehind = isBehind;
    this.#isCompared = !isBehind;
  }

  /** Hands blocks in until the target is reached; at level `proven` until the newest justified one. */
  async #catchUp(): Promise<void> {
    const importer = this.#importer as ParentchainImporter;
    let refused: FollowerPosition | undefined;
    for (let position = importer.position(); !this.#stopped;) {
      if (!this.#isCompared) await this.#compare(position);
      if (position.number >= this.#target) return;
      const range = await this.#fetcher.next({
        from: position.number + 1,
        to: this.#target,
        keys: position.keys,
        contentFrom: position.contentFrom,
      });
      if (range.blocks.length === 0) return;
      const next = await importer.importBlocks(range.blocks);
      if (next.number <= position.number) {
        // Once may be a change of keys within the range; twice is a refusal, which the enclave has logged.
        if (refused !== undefined) throw new LinkError("BadAnswer", `The enclave refuses block ${position.number + 1}`);
        refused = next;
      } else refused = undefined;
      position = next;
    }
  }
}

function tokenDecimalsOf(properties: unknown): number {
  const { tokenDecimals } = (properties ?? {}) as { tokenDecimals?: unknown };
  const first = Array.isArray(tokenDecimals) ? tokenDecimals[0] : tokenDecimals;
  return typeof first === "number" ? first : 12;
}

async function assertOffers(rpc: NodeRpc, level: FinalityLevel): Promise<void> {
  const methods = await rpc.methods();
  if (level !== "trusted" && !methods.has("state_getReadProof")) {
    throw new LinkError(
      "FinalityUnavailable",
      `The node at ${rpc.url} gives no read proofs: start with "--parentchain-finality trusted" to take its word`,
    );
  }
  if (level === "proven" && !methods.has("grandpa_subscribeJustifications")) {
    throw new LinkError(
      "FinalityUnavailable",
      `The node at ${rpc.url} offers no GRANDPA justifications by subscription: start with ` +
        '"--parentchain-finality sealed" (authors\' seals above the last justification) or "--parentchain-finality ' +
        "trusted\" (the node's word)",
    );
  }
}

/** What went wrong, with its code if it has one: the enclave's refusals are told apart by it. */
function refusalOf(error: unknown): string {
  return error instanceof Error && "code" in error ? `${error.code}: ${error.message}` : messageOf(error);
}
