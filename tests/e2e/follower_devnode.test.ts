import { afterEach, describe, expect, it, vi } from "vitest";
import { ed25519FromSeed, ed25519Sign } from "../../src/crypto/ed25519.ts";
import { deriveVault } from "../../src/crypto/vault.ts";
import type { RpcProfile, RuntimeVariant } from "../../src/devnode/options.ts";
import { type RunningDevnode, startDevnode } from "../../src/devnode/deno/run_devnode.ts";
import { NodeLink } from "../../src/host/parentchain/link.ts";
import type { FollowerPosition } from "../../src/host/service.ts";
import { importParentchainBlocks, startFollower } from "../../src/parentchain/follower.ts";
import type { FinalityLevel, FollowerState } from "../../src/parentchain/follower_state.ts";
import { enclaveFunds } from "../../src/parentchain/funding.ts";
import type { ImportedBlock } from "../../src/parentchain/imported_block.ts";
import { ParentchainMetadata } from "../../src/parentchain/metadata.ts";
import { blockInput, parentchainInfo } from "../../src/parentchain/parentchain_init.ts";
import { type FollowerConfig, wantedKeys } from "../../src/parentchain/wanted_keys.ts";
import { accountId, enclaveFingerprint, shardIdentifier } from "../../src/primitives/branded.ts";
import { toHex } from "../../src/primitives/hex.ts";
import type { DutyChain, DutyIdentity } from "../../src/enclave/duties/duty.ts";
import { type DutyState, nextDuties, NO_DUTIES, noteImported } from "../../src/enclave/duties/duties.ts";
import {
  ledgerStored,
  type PayoutLedger,
  readBlockForPayouts,
  startPayoutLedger,
} from "../../src/enclave/duties/payout_ledger.ts";
import { planPayouts, reservedNonces } from "../../src/enclave/duties/payouts.ts";
import type { ConfirmationWish } from "../../src/enclave/duties/sidechain_confirmation.ts";
import { blockHash } from "../../src/primitives/branded.ts";
import type { KeyringPair } from "@polkadot/keyring/types";
import type { Payout } from "../../src/types/payout.ts";
import { connectApi, devKeyring, PATIENCE, sendAndWatch, until } from "./devnode_support.ts";
import { ManualTimer } from "../host/peers/support.ts";

vi.setConfig(PATIENCE);

const SEED = new Uint8Array(32).fill(0xe1);
const FINGERPRINT = enclaveFingerprint(new Uint8Array(32).fill(0xf1));
const SHARD = shardIdentifier(new Uint8Array(32).fill(0xf1));
const PAIR = ed25519FromSeed(SEED);
const SIGNER = accountId(PAIR.publicKey);
const OWN_VAULT = deriveVault(SEED, SHARD);
const BLOCK_TIME_MS = 250;
const noLog = () => {};

const IDENTITY: DutyIdentity = {
  signer: { account: SIGNER, sign: (payload) => ed25519Sign(PAIR, payload) },
  fingerprint: FINGERPRINT,
  shard: SHARD,
  vault: { account: OWN_VAULT.account, sign: (payload) => ed25519Sign(OWN_VAULT.pair, payload) },
};

/** What the enclave does with the parentchain, and nothing else of it. */
class TestEnclave {
  readonly blocks: ImportedBlock[] = [];
  readonly alerts: string[] = [];
  payouts: Payout[] = [];
  confirmation: ConfirmationWish | undefined;
  #config: FollowerConfig;
  #state: FollowerState;
  #duties: DutyState = NO_DUTIES;
  #ledger: PayoutLedger;
  #isFunded = false;
  readonly #link: NodeLink;

  constructor(link: NodeLink, info: Uint8Array, level: FinalityLevel) {
    const { genesisHash, metadata, header, storage } = parentchainInfo.decode(info);
    this.#link = link;
    this.#config = {
      parentchain: "Integritee",
      metadata: new ParentchainMetadata(metadata),
      shard: SHARD,
      signer: SIGNER,
      vault: OWN_VAULT.account,
    };
    const started = startFollower(this.#config, { genesisHash, level, header, storage, contentFrom: 1 });
    if (!started.ok) throw new Error(started.error.code);
    this.#state = started.value;
    this.#ledger = startPayoutLedger(0, 0n, "sealed");
  }

  get view() {
    return this.blocks.at(-1)?.content?.view;
  }

  position(): FollowerPosition {
    const { head, proven } = this.#state;
    const keys = wantedKeys(this.#config);
    return { ...head, provenNumber: proven.number, provenHash: proven.hash, contentFrom: 1, keys };
  }

  async importBlocks(encoded: readonly Uint8Array[]): Promise<FollowerPosition> {
    const result = importParentchainBlocks(this.#config, this.#state, encoded.map(blockInput.decode));
    if (!result.ok) throw new Error(JSON.stringify(result.error));
    this.#state = result.value.state;
    for (const block of result.value.imported) {
      this.blocks.push(block);
      this.#duties = noteImported(this.#duties, block);
      const step = readBlockForPayouts(this.#ledger, block, {
        ...{ payouts: this.payouts, stateNumber: this.payouts.at(-1)?.blockNumber ?? 0n },
        shard: SHARD,
      });
      this.#ledger = step.ledger;
      this.alerts.push(...step.alerts.map(({ code }) => code));
    }
    await this.#act();
    return this.position();
  }

  async #act(): Promise<void> {
    const last = this.blocks.at(-1);
    if (last?.content === undefined) return;
    const { view } = last.content;
    const chain: DutyChain = {
      metadata: this.#config.metadata,
      genesisHash: this.#state.genesisHash,
      head: { number: last.number, hash: last.hash },
      view,
    };
    this.#isFunded ||= view.signer.free >= enclaveFunds(chain.metadata, true);
    const isFunded = this.#isFunded;
    const outcome = nextDuties(this.#duties, chain, IDENTITY, {
      registration: isFunded ? { proof: { type: "Skip" }, url: "wss://127.0.0.1:2000" } : undefined,
      isReady: isFunded,
      peers: [],
      confirmation: this.confirmation,
      reserved: reservedNonces(this.#ledger, SIGNER),
    });
    this.#duties = outcome.state;
    this.alerts.push(...outcome.alerts.map(({ code }) => code));
    for (const { purpose, bytes } of outcome.send) await this.#link.submit(purpose, bytes);
    const terms = { vault: OWN_VAULT.account, reserved: this.#duties.outbox, isOpen: () => true, maySign: true };
    const first = planPayouts(this.#ledger, chain, IDENTITY, terms);
    const second = planPayouts(ledgerStored(first.ledger), chain, IDENTITY, terms);
    this.#ledger = second.ledger;
    for (const { purpose, bytes } of second.send) await this.#link.submit(purpose, bytes);
  }

  get openPayouts(): number {
    return this.#ledger.entries.filter(({ paidAt }) => paidAt === undefined).length;
  }
}

let node: RunningDevnode | undefined;
let link: NodeLink | undefined;

async function connect(level: FinalityLevel, runtime: RuntimeVariant, rpcProfile: RpcProfile): Promise<NodeLink> {
  node = await startDevnode({ runtime, rpcProfile, blockTimeMs: BLOCK_TIME_MS }, noLog);
  link = await NodeLink.connect({
    url: node.url,
    level,
    log: noLog,
    timer: new ManualTimer(),
    onFatal: (error) => {
      throw error;
    },
  });
  return link;
}

afterEach(async () => {
  await link?.stop();
  await node?.stop();
  [link, node] = [undefined, undefined];
});

describe("the follower and the development parentchain", () => {
  it("reports FinalityUnavailable with the other choices where a node offers no justifications", async () => {
    await expect(connect("proven", "integritee", "integritee")).rejects.toMatchObject({
      code: "FinalityUnavailable",
      message: expect.stringMatching(/sealed.*trusted/s),
    });
  });

  for (
    const [level, runtime, profile] of [
      ["proven", "integritee", "full"],
      ["proven", "permuted", "full"],
      ["sealed", "integritee", "integritee"],
      ["trusted", "permuted", "integritee"],
    ] as const
  ) {
    it(`founds a shard, takes deposits and invokes, and pays out: ${level}, ${runtime}, ${profile}`, async () => {
      const connected = await connect(level, runtime, profile);
      const enclave = new TestEnclave(connected, await connected.info(), level);
      await connected.follow({
        position: () => enclave.position(),
        importBlocks: (blocks) => enclave.importBlocks(blocks),
      });
      const api = await connectApi((node as RunningDevnode).url);
      try {
        const keyring = await devKeyring();
        const [alice, bob, charlie] = ["//Alice", "//Bob", "//Charlie"].map((uri) => keyring.addFromUri(uri)) as [
          KeyringPair,
          KeyringPair,
          KeyringPair,
        ];
        const tx = api.tx as unknown as Record<string, Record<string, (...args: unknown[]) => never>>;
        const sendBy = (signer: KeyringPair, pallet: string, call: string, ...args: unknown[]) =>
          sendAndWatch(tx[pallet]?.[call]?.(...args) as never, signer as never);
        const send = (pallet: string, call: string, ...args: unknown[]) => sendBy(alice, pallet, call, ...args);
        const { metadata, tokenDecimals } = connected.facts;
        // In the permuted runtime with its fewer decimals no single account could pay the deposits.
        const third = enclaveFunds(metadata, true) / 3n + 1n;
        await Promise.all(
          [alice, bob, charlie].map((signer) => sendBy(signer, "balances", "transferAllowDeath", SIGNER, third)),
        );
        const unit = 10n ** BigInt(tokenDecimals);
        await until("the vault has its delegate", () => (enclave.view?.vaultProxies.length ?? 0) > 0);
        expect(enclave.view?.enclave?.mrEnclave).toEqual(FINGERPRINT);
        expect(enclave.view?.shardStatus.map(({ signer }) => signer)).toEqual([SIGNER]);
        const deposits = () => enclave.blocks.flatMap(({ content }) => content?.deposits ?? []);
        expect(deposits()).toEqual([]);

        await send("balances", "transferKeepAlive", OWN_VAULT.account, 5n * unit);
        const cyphertext = new Uint8Array(384).fill(7);
        await send("enclaveBridge", "invoke", { shard: SHARD, cyphertext: toHex(cyphertext) });
        const invokes = () => enclave.blocks.flatMap(({ content }) => content?.invokes ?? []);
        await until("deposit and invoke are there", () => deposits().length === 1 && invokes().length === 1);
        expect(deposits()[0]).toMatchObject({ from: alice.publicKey, amount: 5n * unit });
        expect(invokes()[0]?.cyphertext).toEqual(cyphertext);

        const candidate = { blockNumber: 1n, blockHeaderHash: blockHash(new Uint8Array(32).fill(3)) };
        enclave.confirmation = { ancestor: undefined, candidate };
        await until("the block is confirmed", () => enclave.view?.confirmation !== undefined);
        enclave.confirmation = undefined;
        expect(enclave.view?.confirmation).toEqual(candidate);

        if (level !== "trusted") {
          const status = { type: "queued" as const, value: undefined };
          const beneficiary = accountId(bob.publicKey);
          const entry = {
            chain: "Integritee" as const,
            beneficiary,
            amount: unit,
            blockNumber: 1n,
            status,
          };
          const before = await freeOf(api, bob.address);
          enclave.payouts = [{ ...entry, id: 0n }, { ...entry, id: 1n }];
          await until("both payouts are known", () => enclave.openPayouts === 2);
          await until("both payouts are paid", () => enclave.openPayouts === 0);
          expect(await freeOf(api, bob.address) - before).toBe(2n * unit);
        }
        expect(enclave.alerts.filter((code) => code !== "VaultFundsMissing" && code !== "PayoutLedgerStopped")).toEqual(
          [],
        );
      } finally {
        await api.disconnect();
      }
    }, 90_000);
  }
});

async function freeOf(api: Awaited<ReturnType<typeof connectApi>>, address: string): Promise<bigint> {
  const query = api.query as unknown as Record<string, Record<string, (address: string) => Promise<unknown>>>;
  const info = await query["system"]?.["account"]?.(address) as { data: { free: { toBigInt: () => bigint } } };
  return info.data.free.toBigInt();
}
