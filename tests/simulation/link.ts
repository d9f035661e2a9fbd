/**
 * A validateer's parentchain node, as the service drives it: it sees blocks some time after they are made, and hands them
 * in with justifications, proofs or values as the level of finality wants.
 *
 * @module
 */
import type { FinalityLevel } from "../../src/parentchain/follower_state.ts";
import type { StorageEvidence } from "../../src/parentchain/imported_block.ts";
import { blockInput, parentchainInfo } from "../../src/parentchain/parentchain_init.ts";
import { startKeys } from "../../src/parentchain/wanted_keys.ts";
import type { ParentchainImporter, ParentchainLink } from "../../src/host/service.ts";
import { type Hex, toHex } from "../../src/primitives/hex.ts";
import { trieReadProof } from "../../src/trie/read_proof.ts";
import { trieGet } from "../../src/trie/trie.ts";
import { blocksBetween, isAncestor, type ParentBlock, type Parentchain } from "./parentchain.ts";

/** Blocks handed in at once. */
const BATCH = 32;

/** What the link needs of its surroundings. */
export interface LinkContext {
  readonly chain: Parentchain;
  readonly level: FinalityLevel;
  /** Blocks by hash, of all forks. */
  readonly blockOf: (id: Hex) => ParentBlock | undefined;
  /** The newest final block that the node has seen. */
  readonly final: () => ParentBlock;
  /** The newest block that the node has seen, final or not. */
  readonly best: () => ParentBlock;
  /** First block whose content a new shard wants. */
  readonly contentFrom: number;
  readonly onError: (error: unknown) => void;
}

/** A link to a simulated node. */
export class SimulatedLink implements ParentchainLink {
  readonly #context: LinkContext;
  #importer: ParentchainImporter | undefined;
  #work: Promise<void> | undefined;
  #again = false;
  #stopped = false;

  constructor(context: LinkContext) {
    this.#context = context;
  }

  info(): Promise<Uint8Array> {
    const { chain, contentFrom, level } = this.#context;
    const { genesis, rules: { metadata, runtime } } = chain;
    return Promise.resolve(parentchainInfo.encode({
      genesisHash: genesis.hash,
      metadata: runtime.metadataV14,
      header: genesis.headerBytes,
      storage: evidence(genesis, startKeys(metadata), level),
      contentFrom,
    }));
  }

  async follow(importer: ParentchainImporter): Promise<void> {
    this.#importer = importer;
    await this.#catchUp();
  }

  stop(): Promise<void> {
    this.#stopped = true;
    return Promise.resolve();
  }

  /** The node has seen something new. */
  wake(): void {
    this.#again = true;
    if (this.#work !== undefined || this.#stopped || this.#importer === undefined) return;
    this.#work = this.#catchUp().catch(this.#context.onError).finally(() => this.#work = undefined);
  }

  async #catchUp(): Promise<void> {
    do {
      this.#again = false;
      while (!this.#stopped) {
        const blocks = this.#next();
        if (blocks.length === 0) break;
        await (this.#importer as ParentchainImporter).importBlocks(blocks);
      }
    } while (this.#again && !this.#stopped);
  }

  /** The next blocks to hand in; none if the follower has all that the node has seen. */
  #next(): readonly Uint8Array[] {
    const { chain, final, best, level, blockOf } = this.#context;
    const position = (this.#importer as ParentchainImporter).position();
    const head = blockOf(toHex(position.hash));
    if (head === undefined) throw new RangeError("Cannot feed a follower that is on a block nobody made");
    const encode = (blocks: readonly ParentBlock[]) =>
      blocks.map((block) =>
        encodeInput(block, {
          keys: block.number >= position.contentFrom ? position.keys : undefined,
          justification: level === "trusted" ? undefined : chain.justificationOf(block),
          level,
        })
      );
    if (level !== "sealed") {
      const blocks = isAncestor(head, final()) ? blocksBetween(head, final()) : [];
      if (level === "trusted") return encode(blocks.slice(0, BATCH));
      // What is handed in at level "proven" ends with a justified block.
      const end = blocks.findIndex((block, i) => i + 1 >= BATCH && chain.justificationOf(block) !== undefined);
      return encode(end < 0 ? blocks : blocks.slice(0, end + 1));
    }
    // The follower's tail may be on a fork that lost: then the justified blocks of the other one come first.
    if (!isAncestor(head, final()) && !isAncestor(final(), head)) {
      let shared = head;
      while (!isAncestor(shared, final())) shared = shared.parent as ParentBlock;
      return encode(blocksBetween(shared, final()));
    }
    if (final().number > position.provenNumber && isAncestor(final(), head)) return encode([final()]);
    return isAncestor(head, best()) ? encode(blocksBetween(head, best()).slice(0, BATCH)) : [];
  }
}

/** What goes with a block. */
interface InputParts {
  readonly keys: readonly Uint8Array[] | undefined;
  readonly justification: Uint8Array | undefined;
  readonly level: FinalityLevel;
}

function encodeInput(block: ParentBlock, { keys, justification, level }: InputParts): Uint8Array {
  return blockInput.encode({
    header: block.headerBytes,
    justification,
    content: keys === undefined ? undefined : { extrinsics: block.extrinsics, storage: evidence(block, keys, level) },
  });
}

function evidence({ state }: ParentBlock, keys: readonly Uint8Array[], level: FinalityLevel): StorageEvidence {
  return level === "trusted"
    ? { type: "trusted", values: keys.map((key) => trieGet(state, key)) }
    : { type: "proof", nodes: trieReadProof(state, keys, 1) };
}
