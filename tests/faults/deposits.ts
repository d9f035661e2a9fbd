/**
 * Deposits of one account, and how often each validateer has credited them.
 *
 * @module
 */
import { sr25519Signer, type TrustedSigner } from "../../src/client/trusted_signer.ts";
import { pairFromSuri } from "../../src/crypto/suri.ts";
import { unwrap } from "../../src/primitives/result.ts";
import { credited, UNIT } from "../e2e/harness.ts";
import { settle } from "./chain.ts";
import type { NetworkStage } from "./network_stage.ts";
import type { RelayedMember } from "./relayed_member.ts";

/** What each deposit is. */
const DEPOSIT = 2n * UNIT;

/** Pays the vault of a shard from an account that has no other business in it. */
export class Deposits {
  readonly #stage: NetworkStage;
  readonly #suri: string;
  readonly #depositor: TrustedSigner;
  #count = 0;

  /** None yet; the account is one that the parentchain endows and the shard does not know. */
  constructor(stage: NetworkStage, suri: string) {
    this.#stage = stage;
    this.#suri = suri;
    this.#depositor = sr25519Signer(pairFromSuri(suri));
  }

  /** How many were paid. */
  get count(): number {
    return this.#count;
  }

  /** Pays one; resolves when it is in a block of the parentchain. */
  async pay(): Promise<void> {
    await this.#stage.chain.pay(this.#suri, this.#stage.vault, DEPOSIT);
    this.#count++;
  }

  /** Waits until every validateer has credited each exactly once; gives what is wrong when the time is over. */
  async audit(timeoutMs: number): Promise<readonly string[]> {
    const wanted = BigInt(this.#count) * credited(DEPOSIT);
    const wrong = await Promise.all(this.#stage.members.map(async (member) => {
      const free = await settle(() => this.#freeAt(member), wanted, timeoutMs);
      return free === wanted ? [] : [`${member.name} has credited ${free} for ${this.#count} deposits, want ${wanted}`];
    }));
    return wrong.flat();
  }

  async #freeAt({ client }: RelayedMember): Promise<bigint> {
    return unwrap(await client.accountInfo(this.#stage.domain.shard, this.#depositor)).data.free;
  }
}
