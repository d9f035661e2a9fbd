import { beforeEach, describe, expect, it } from "vitest";
import { PEERS_FILE } from "../../../src/enclave/core/peer_registry.ts";
import { SETUP_ERA } from "../../../src/enclave/duties/duty.ts";
import { FRAMES } from "../../../src/enclave/provisioning/frame.ts";
import { MAX_VIEW_AGE_MS } from "../../../src/parentchain/view_age.ts";
import { toHex } from "../../../src/primitives/hex.ts";
import { unwrap } from "../../../src/primitives/result.ts";
import { type TestBlock, TestChain } from "../../parentchain/builders.ts";
import { MEASUREMENT } from "../harness.ts";
import { listing, registered, shardConfig, type Storage } from "../parentchain_storage.ts";
import { delegates, growAll, headConfirmed, PeerHost, restarted, settle } from "./two_hosts.ts";

const TIMEOUT_MS = 60_000;

let chain: TestChain;
/** Runs the shard. */
let first: PeerHost;
/** Wants it. */
let second: PeerHost;

/** The first enclave runs the shard with a confirmed block; the second has just been started. */
beforeEach(async () => {
  chain = new TestChain();
  first = await PeerHost.create(chain, 1);
  await first.start();
  await growAll([first], { storage: registered(first) });
  first.nowMs += 2_100;
  await first.slots(2);
  await growAll([first], { storage: await headConfirmed(first) });
  await first.call("start_provisioning", undefined);
  second = await PeerHost.create(chain, 2, undefined, first.tip);
  second.provider = first;
  unwrap(await second.init());
}, TIMEOUT_MS);

/** A parentchain block for both, and what follows from it. */
async function step(storage: Storage = []): Promise<void> {
  await growAll([first, second], { storage });
  await settle(first, second);
}

/** The second enclave follows, registers, and asks until it is not only its registration that is missing. */
async function join(): Promise<void> {
  await second.initParentchain();
  await second.importParentchain(first.built);
  for (let block = 0; block < 3; block++) await step(block === 0 ? registered(second) : []);
}

const purposes = (host: PeerHost) => host.extrinsics.map(({ purpose }) => purpose);

describe("who was given the shard", () => {
  it("becomes a delegate of the vault though its receipt never came", async () => {
    const { connectToPeer } = second;
    second.connectToPeer = async function (this: PeerHost, certificate) {
      const channel = await connectToPeer.call(this, certificate);
      const { stream } = channel;
      const write = async (bytes: Uint8Array) =>
        bytes[0] === FRAMES.Received.opcode ? await stream.close() : await stream.write(bytes);
      return { ...channel, stream: { ...stream, write } };
    };
    await join();
    expect(second.codes()).toContain("ShardReceived");
    expect(first.reasons("ProvisioningRefused").at(-1)).toBe("ConnectionBroken");
    expect(first.codes()).not.toContain("ShardProvisioned");
    await step([...delegates(first, first), ...listing(first, second)]);
    expect(purposes(first)).toContain("add_proxy_for_peer");
  }, TIMEOUT_MS);

  it("is made no delegate again once somebody took that right from it, also after a restart", async () => {
    await join();
    await step([...delegates(first, first), ...listing(first, second)]);
    expect(purposes(first)).toContain("add_proxy_for_peer");
    await step(delegates(first, first, second));
    // The one of before may be handed over again until its era is over; there is to be no other.
    const signed = () => {
      const sent = first.extrinsics.filter(({ purpose }) => purpose === "add_proxy_for_peer");
      return new Set(sent.map(({ bytes }) => toHex(bytes)));
    };
    const before = signed();
    await step(delegates(first, first));
    for (let block = 0; block < SETUP_ERA; block++) await growAll([first]);
    expect(signed()).toEqual(before);
    const again = await restarted(first);
    await growAll([again]);
    expect(purposes(again)).not.toContain("add_proxy_for_peer");
  }, TIMEOUT_MS);

  it("is on disk before any of it is sent; where that fails nothing is: PeerNotStored", async () => {
    const { writeFile } = first;
    let failures = 1;
    first.writeFile = async function (this: PeerHost, name: string, bytes: Uint8Array, ticket: bigint) {
      if (name === PEERS_FILE && failures-- > 0) await this.call("file_written", { ticket, ok: false });
      else await writeFile.call(this, name, bytes, ticket);
    };
    await join();
    expect(first.reasons("ProvisioningRefused").at(-1)).toBe("PeerNotStored");
    expect(first.codes()).toContain("PeersNotStored");
    expect(second.codes()).not.toContain("ProvisioningProgress");
    await step();
    expect(second.codes()).toContain("ShardReceived");
  }, TIMEOUT_MS);
});

describe("a provider whose node is gone", () => {
  it("gives the shard to nobody, since the parentchain may have changed its mind: ParentchainViewOld", async () => {
    second.provider = undefined;
    await join();
    second.provider = first;
    await step();
    expect(first.reasons("ProvisioningRefused")).toEqual(["RegistrationUnread"]);
    second.provider = undefined;
    await growAll([first, second]);
    // From here on only the second one hears of the parentchain, whose shard is not open to it any more.
    const blocks: TestBlock[] = [];
    for (let age = 0; age <= MAX_VIEW_AGE_MS; age += 6_000) {
      const storage = shardConfig(first, MEASUREMENT, { authorities: [first.self.signer] });
      second.tip = chain.build(second.tip, age === 0 ? { storage } : {});
      blocks.push(second.tip);
    }
    await second.importParentchain(blocks.slice(0, -1));
    first.nowMs = second.nowMs + 6_000;
    second.provider = first;
    await second.importParentchain(blocks.slice(-1));
    await settle(second, first);
    expect(first.reasons("ProvisioningRefused").at(-1)).toBe("ParentchainViewOld");
    expect(second.codes()).not.toContain("ProvisioningProgress");
  }, TIMEOUT_MS);
});

describe("a provider that cannot give the shard for now", () => {
  it("says so after a quote that failed, and gives it as soon as there is one: QuoteUnavailable", async () => {
    await second.initParentchain();
    await second.importParentchain(first.built);
    first.failingQuotes = 2;
    await step(registered(second));
    await step();
    expect(first.reasons("ProvisioningRefused")).toEqual(["QuoteUnavailable", "QuoteUnavailable"]);
    const said = second.logs.filter(({ code }) => code === "ProvisioningFailed").map(({ fields }) => fields["said"]);
    expect(said).toEqual(["QuoteUnavailable", "QuoteUnavailable"]);
    for (let block = 0; block < 3; block++) await step();
    expect(second.codes()).toContain("ShardReceived");
  }, TIMEOUT_MS);

  it("is asked again after a failed quote of who asks", async () => {
    await second.initParentchain();
    await second.importParentchain(first.built);
    second.failingQuotes = 1;
    await step(registered(second));
    expect(second.reasons("ProvisioningFailed")).toEqual(["QuoteUnavailable"]);
    expect(first.logs.at(-1)?.fields).toEqual({ reason: "RefusedByPeer", said: "QuoteUnavailable" });
    for (let block = 0; block < 3; block++) await step();
    expect(second.codes()).toContain("ShardReceived");
  }, TIMEOUT_MS);

  it("says so while it is joining itself: NotReady", async () => {
    const third = await PeerHost.create(chain, 3, undefined, first.tip);
    third.provider = second;
    unwrap(await third.init());
    second.provider = undefined;
    for (const host of [second, third]) {
      await host.initParentchain();
      await host.importParentchain(first.built);
    }
    await second.call("start_provisioning", undefined);
    await growAll([first, second, third], { storage: registered(third) });
    await settle(second, third);
    expect(second.reasons("ProvisioningRefused")).toEqual(["NotReady"]);
    expect(third.logs.at(-1)?.fields).toEqual({ reason: "RefusedByPeer", said: "NotReady" });
  }, TIMEOUT_MS);
});
