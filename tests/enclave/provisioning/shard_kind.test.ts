import { describe, expect, it } from "vitest";
import type { InitRequest } from "../../../src/enclave/api/ecall_values.ts";
import { DEVELOPMENT_UPGRADE_VISIBLE_BLOCKS } from "../../../src/enclave/api/upgrade_delay.ts";
import { enclaveFingerprint } from "../../../src/primitives/branded.ts";
import { seed, TestChain } from "../../parentchain/builders.ts";
import { MEASUREMENT } from "../harness.ts";
import { registered, shardConfig, type Storage } from "../parentchain_storage.ts";
import { growAll, headConfirmed, PeerHost, requester, restarted, settle } from "./two_hosts.ts";

const NEW = enclaveFingerprint(seed(0x4e));
const DCAP = { attestation_method: { type: "Dcap", value: { proxied: false } } };
const TIMEOUT_MS = 60_000;

let chain: TestChain;
/** Runs the shard. */
let first: PeerHost;
/** Wants it. */
let second: PeerHost;

/** The first enclave founds the shard with one configuration, and is started again with another. */
async function startFirst(founded: Partial<InitRequest>, again: Partial<InitRequest>, storage?: () => Storage) {
  chain = new TestChain();
  const founder = await PeerHost.create(chain, 1);
  first = founder;
  await founder.start(founded);
  await growAll([founder], { storage: registered(founder) });
  founder.nowMs += 2_100;
  await founder.slots(2);
  await growAll([founder], { storage: [...await headConfirmed(founder), ...storage?.() ?? []] });
  for (let block = 0; block < DEVELOPMENT_UPGRADE_VISIBLE_BLOCKS; block++) await growAll([founder]);
  first = await restarted(founder, undefined, again);
  await first.call("start_provisioning", undefined);
}

/** The second enclave, with some code, asks for the shard until it has it, or to no avail. */
async function ask(measurement: Uint8Array, registration: Readonly<Record<string, unknown>>): Promise<void> {
  second = await requester(first, 2, measurement);
  await growAll([first, second], { storage: registered(second, registration) });
  for (let block = 0; block < 4; block++) {
    await growAll([first, second]);
    first.nowMs += 2_100;
    await first.slot();
    await settle(first, second);
  }
}

/** Other code is in force from one block to the next. */
const upgraded = (): Storage => shardConfig(first, NEW);

describe("whether a shard is one of development", () => {
  it(
    "is read off its state: the host of another shard cannot shorten the time an upgrade has to be visible",
    async () => {
      await startFirst({ testGenesis: false }, { testGenesis: true }, upgraded);
      await ask(NEW, DCAP);
      expect(first.reasons("ProvisioningRefused").at(-1)).toBe("FingerprintNotAccepted");
      expect(second.codes()).not.toContain("ShardReceived");
    },
    TIMEOUT_MS,
  );

  it("is read off its state: the host of a development shard cannot make that time longer", async () => {
    await startFirst({ testGenesis: true }, { testGenesis: false }, upgraded);
    await ask(NEW, DCAP);
    expect(second.codes()).toContain("ShardReceived");
  }, TIMEOUT_MS);

  it("decides about peers without attestation: SkipAttestationNotAllowed, whatever the host says", async () => {
    await startFirst({ testGenesis: false }, { testGenesis: true, skipRa: true });
    await ask(MEASUREMENT, {});
    expect(first.reasons("ProvisioningRefused").at(-1)).toBe("SkipAttestationNotAllowed");
    expect(second.codes()).not.toContain("ShardReceived");
  }, TIMEOUT_MS);
});
