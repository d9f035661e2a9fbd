/**
 * Clients of the shard: deposits, direct and indirect calls, good and bad ones, some of them sent again and again.
 *
 * @module
 */
import { ed25519Sign } from "../../src/crypto/ed25519.ts";
import { rsaEncrypt } from "../../src/crypto/rsa_oaep.ts";
import { type AccountId, accountId } from "../../src/primitives/branded.ts";
import { type Hex, toHex } from "../../src/primitives/hex.ts";
import { readFreeBalance } from "../../src/stf/pallets/balances.ts";
import { readNonce } from "../../src/stf/pallets/system.ts";
import { computeTopHash } from "../../src/types/top_hash.ts";
import type { TrustedCall } from "../../src/types/trusted_call.ts";
import { trustedCallPayload, type TrustedCallSigned } from "../../src/types/trusted_call_signed.ts";
import { type TrustedOperation, trustedOperation } from "../../src/types/trusted_operation.ts";
import { CLIENT_ACCOUNTS, CLIENT_PAIRS, SHARD } from "./accounts.ts";
import type { ChainChecks } from "./chains.ts";
import type { Random } from "./random.ts";
import { accountNonce, type Stage, submitAs, transferCall } from "./stage.ts";
import type { Counts } from "./trace.ts";
import { FINGERPRINT, type SimulatedValidateer } from "./validateer.ts";
import type { World } from "./world.ts";

const TOKEN = 10n ** 12n;
const CALL_FEE = TOKEN / 100n;
/** Accounts that only receive. */
const OTHERS: readonly AccountId[] = [0x31, 0x32, 0x33].map((byte) => accountId(new Uint8Array(32).fill(byte)));

/** What clients work with. */
export interface ClientContext {
  readonly world: World;
  readonly stage: Stage;
  readonly random: Random;
  readonly counts: Counts;
  readonly checks: ChainChecks;
}

/** All clients. */
export class Clients {
  readonly #context: ClientContext;
  readonly #key: CryptoKey;
  /** Next nonce by client, as it believes. */
  readonly #nonces: number[] = CLIENT_ACCOUNTS.map(() => 0);
  /** Operations that were sent, to be sent again. */
  readonly #sent: TrustedOperation[] = [];
  readonly #calls = new Map<Hex, TrustedCallSigned>();
  #serial = 0n;

  constructor(context: ClientContext) {
    this.#context = context;
    this.#key = (context.stage.keys[0] as Stage["keys"][number]).shielding.publicKey;
  }

  /** A call by the hash of its operation. */
  callOf(topHash: Hex): TrustedCallSigned | undefined {
    return this.#calls.get(topHash);
  }

  /** Every client wants something paid out at once, so that payouts are under way while faults are. */
  async begin(): Promise<void> {
    for (const [who, account] of CLIENT_ACCOUNTS.entries()) {
      const operation = this.#sign(who, 0, this.#unshield(account));
      await this.#submit(this.#context.random.pick(this.#context.world.validateers), operation);
    }
  }

  /** Something that a client does. */
  async act(): Promise<void> {
    const { random, counts } = this.#context;
    const what = random.int(100);
    if (what < 12) return this.#deposit();
    if (what < 24) {
      const again = this.#sent.length > 0 ? random.pick(this.#sent) : undefined;
      if (again === undefined) return;
      counts.add("call replayed");
      return await this.#submit(random.pick(this.#context.world.validateers), again);
    }
    const operation = this.#newOperation();
    if (what < 34) return await this.#invoke(operation);
    // The same call at several validateers is what a client without patience does.
    for (let copies = random.chance(0.15) ? 2 : 1; copies > 0; copies--) {
      await this.#submit(random.pick(this.#context.world.validateers), operation);
    }
  }

  #newOperation(): TrustedOperation {
    const { random, world } = this.#context;
    const who = random.int(CLIENT_ACCOUNTS.length);
    const account = CLIENT_ACCOUNTS[who] as AccountId;
    const { shard } = random.pick(world.validateers);
    const known = shard === undefined ? 0 : readNonce(shard.chain.head.snapshot, account);
    const believed = this.#nonces[who] ?? 0;
    let nonce = random.chance(0.3) ? known : Math.max(known, believed);
    const oddity = random.int(100);
    if (oddity < 4) nonce += random.between(1, 3);
    else if (oddity < 8 && nonce > 0) nonce--;
    return this.#sign(who, nonce, this.#newCall(account), oddity === 99);
  }

  #sign(who: number, nonce: number, call: TrustedCall, isBad = false): TrustedOperation {
    this.#nonces[who] = nonce + 1;
    const payload = trustedCallPayload(call, nonce, FINGERPRINT, SHARD);
    const signature = ed25519Sign(CLIENT_PAIRS[who] as typeof CLIENT_PAIRS[number], payload);
    if (isBad) {
      this.#context.counts.add("call with a bad signature");
      signature[3] = (signature[3] as number) ^ 1;
    }
    const signed: TrustedCallSigned = {
      call,
      nonce,
      delegate: undefined,
      signature: { type: "Ed25519", value: signature },
    };
    if (!isBad) {
      for (const type of ["direct_call", "indirect_call"] as const) {
        this.#calls.set(toHex(computeTopHash({ type, value: signed })), signed);
      }
    }
    const operation: TrustedOperation = { type: "direct_call", value: signed };
    this.#sent.push(operation);
    return operation;
  }

  #newCall(from: AccountId): TrustedCall {
    const { random } = this.#context;
    const kind = random.int(10);
    if (kind === 0) return { type: "noop", value: { sender: from } };
    if (kind < 4) return this.#unshield(from);
    if (kind === 4) {
      // All but a little, which is less than an account may keep.
      const { shard } = random.pick(this.#context.world.validateers);
      const free = shard === undefined ? 0n : readFreeBalance(shard.chain.head.snapshot, from);
      const left = CALL_FEE + BigInt(random.int(700));
      const value = { from, to: random.pick(CLIENT_ACCOUNTS), amount: free > left ? free - left : 0n };
      return { type: "balance_transfer", value };
    }
    const amounts = [1n, 499n, 500n, TOKEN / 7n, TOKEN, 20n * TOKEN, 5000n * TOKEN];
    const to = random.pick([...CLIENT_ACCOUNTS, ...OTHERS]);
    return { type: "balance_transfer", value: { from, to, amount: random.pick(amounts) + BigInt(random.int(100)) } };
  }

  #unshield(from: AccountId): TrustedCall {
    const { random } = this.#context;
    // Some amounts come again and again, so that payments must not be taken for one another; others tell their call.
    const amount = random.chance(0.4)
      ? BigInt(random.between(1, 3)) * 10n ** 9n
      : BigInt(random.between(4, 1000)) * 10n ** 9n + ++this.#serial;
    return { type: "balance_unshield", value: { from, beneficiary: random.pick(OTHERS), amount, shard: SHARD } };
  }

  async #submit(validateer: SimulatedValidateer, operation: TrustedOperation): Promise<void> {
    const { rpc } = validateer;
    if (rpc === undefined || operation.type === "get") return;
    const cyphertext = await rsaEncrypt(this.#key, trustedOperation.encode(operation));
    const hash = computeTopHash(operation);
    this.#context.counts.add("call sent");
    await rpc.submit({ shard: SHARD, cyphertext }, {});
    if (validateer.shard?.pool.find(hash) === undefined) return;
    this.#context.counts.add("call admitted");
    this.#context.checks.admitted(validateer, hash);
  }

  /** Through the parentchain. */
  async #invoke(operation: TrustedOperation): Promise<void> {
    const { world: { chain }, random, counts } = this.#context;
    const cyphertext = await rsaEncrypt(this.#key, trustedOperation.encode(operation));
    const call = chain.rules.metadata.encodeCall("EnclaveBridge", "invoke", { request: { shard: SHARD, cyphertext } });
    if (this.#send(random.int(CLIENT_PAIRS.length), call)) counts.add("indirect call sent");
  }

  #deposit(): void {
    const { world: { chain }, stage, random, counts } = this.#context;
    const amount = BigInt(random.pick([1, 700, 5_000_000])) * 10n ** BigInt(random.pick([0, 6, 9])) + 100n;
    const call = transferCall(chain, stage.vault.account, amount);
    if (this.#send(random.int(CLIENT_PAIRS.length), call)) counts.add("deposit sent");
  }

  /** One extrinsic of a client is under way at a time. */
  #send(who: number, call: Uint8Array): boolean {
    const { chain } = this.#context.world;
    const nonce = accountNonce(chain, CLIENT_ACCOUNTS[who] as AccountId, chain.tip);
    return submitAs(chain, CLIENT_PAIRS[who] as typeof CLIENT_PAIRS[number], call, nonce);
  }
}
