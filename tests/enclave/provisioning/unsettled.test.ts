import { beforeEach, describe, expect, it } from "vitest";
import { rpcReturnValue } from "../../../src/types/rpc_return_value.ts";
import { fromHex } from "../../../src/primitives/hex.ts";
import { unwrap } from "../../../src/primitives/result.ts";
import { encodeBase58 } from "../../../src/primitives/base58.ts";
import { testAccount, TestChain } from "../../parentchain/builders.ts";
import { confirmed, listing, registered, shardConfig, type Storage } from "../parentchain_storage.ts";
import { founder, growAll, PeerHost, settle } from "./two_hosts.ts";

const TIMEOUT_MS = 60_000;
/** What tells clients where their money and their secrets go. */
const KEY_METHODS = ["author_getShieldingKey", "author_getShardVault", "attestation_getEvidence"];

let chain: TestChain;
/** Runs the shard, which has a confirmed block. */
let first: PeerHost;
/** Has just been started, and seen nothing of the parentchain but its genesis. */
let second: PeerHost;

beforeEach(async () => {
  chain = new TestChain();
  first = await founder(chain, testAccount(0xb0));
  second = await PeerHost.create(chain, 2, undefined, first.tip);
  second.nowMs = first.nowMs;
  second.provider = first;
  unwrap(await second.init());
  unwrap(await second.initParentchain());
}, TIMEOUT_MS);

/** Which of the methods answer with a value. */
async function told(host: PeerHost): Promise<string[]> {
  const client = host.connect();
  const answers: string[] = [];
  for (const method of KEY_METHODS) {
    const { status } = rpcReturnValue.decode(fromHex(await client.request(method)));
    if (status.type === "Ok") answers.push(method);
  }
  return answers;
}

const purposes = (host: PeerHost) => host.extrinsics.map(({ purpose }) => purpose);

describe("an enclave of which it is not known yet whether its keys are the shard's", () => {
  it("tells no key, no vault and no evidence, as long as its host shows it nothing of the parentchain", async () => {
    expect(await told(second)).toEqual([]);
    await second.importParentchain(first.built);
    for (let block = 0; block < 3; block++) {
      await growAll([first, second], { storage: block === 0 ? registered(second) : [] });
      await settle(first, second);
    }
    expect(second.codes()).toContain("ShardReceived");
    expect(await told(second)).toEqual(KEY_METHODS);
    expect(second.enclave.service().info.shieldingKey).toBe(first.enclave.service().info.shieldingKey);
  }, TIMEOUT_MS);

  it("joins, although it is the first that is listed, if the shard has confirmed blocks and it has none", async () => {
    await growAll([first], { storage: [...registered(second), ...listing(second, first)] });
    await second.importParentchain(first.built);
    expect([second.codes().includes("JoiningShard"), second.codes().includes("ShardFounded")]).toEqual([true, false]);
    expect(await told(second)).toEqual([]);
    await growAll([first, second]);
    await settle(first, second);
    expect(second.codes()).toContain("ShardReceived");
    expect(purposes(second)).not.toContain("fund_vault");
  }, TIMEOUT_MS);
});

describe("an enclave that finds nobody listed for its shard", () => {
  /** A first enclave, started on a parentchain whose first blocks have this storage. */
  async function alone(storage: (host: PeerHost) => Storage): Promise<PeerHost> {
    const host = await PeerHost.create(new TestChain(), 3);
    unwrap(await host.init());
    unwrap(await host.initParentchain());
    for (let block = 0; block < 3; block++) {
      await growAll([host], {
        storage: block === 0
          ? [...registered(host), ...shardConfig(host, host.self.fingerprint), ...storage(host)]
          : [],
      });
      host.nowMs += 2_100;
      await host.slots(3);
    }
    return host;
  }

  it("founds the shard, and says so, if no block of it was ever confirmed", async () => {
    const host = await alone(() => []);
    expect(purposes(host)).toContain("confirm_processed_parentchain_block");
    expect(host.codes()).not.toContain("ShardFounded");
    await growAll([host], { storage: listing(host) });
    const [line] = host.logs.filter(({ code }) => code === "ShardFounded");
    expect(line?.fields["shard"]).toBe(encodeBase58(host.shard));
    expect(await told(host)).toEqual(expect.arrayContaining(["author_getShieldingKey", "attestation_getEvidence"]));
  }, TIMEOUT_MS);

  it(
    "founds no second history of a shard with confirmed blocks: it waits for whoever has it, and says so once",
    async () => {
      const point = { number: 5_000n, hash: new Uint8Array(32).fill(7) };
      const host = await alone((self) => confirmed(self, point));
      expect(purposes(host)).not.toContain("confirm_processed_parentchain_block");
      expect(host.codes().filter((code) => code === "NoProviderKnown")).toHaveLength(1);
      expect(await told(host)).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
