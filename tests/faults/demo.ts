/**
 * The steps of scenario S6: a deposit, a call at one validateer, a call at the other, and exact balances at both.
 *
 * @module
 */
import { type SigningDomain, sr25519Signer, type TrustedSigner } from "../../src/client/trusted_signer.ts";
import type { TrustedClient } from "../../src/client/trusted_client.ts";
import { pairFromSuri } from "../../src/crypto/suri.ts";
import { unwrap } from "../../src/primitives/result.ts";
import { credited, TRANSFER_FEE, UNIT } from "../e2e/harness.ts";
import { settle } from "./chain.ts";
import type { NetworkStage } from "./network_stage.ts";

/** Account that deposits and then pays; no other fault pays from it. */
const PAYER = "//Dave";
const DEPOSIT = 5n * UNIT;
const AMOUNT = 2n * UNIT;
/** When a step counts as failed: a deposit has to be final, and the network is late. */
const STEP_TIMEOUT_MS = 120_000;

/** What an account must have. */
interface Expected {
  readonly who: string;
  readonly signer: TrustedSigner;
  readonly free: bigint;
}

/** Plays the steps with a client of each validateer; gives what all must have from then on. @throws If a step fails. */
export async function playDemo(
  { chain, vault, domain }: NetworkStage,
  clients: readonly [TrustedClient, TrustedClient],
  beneficiary: string,
): Promise<readonly Expected[]> {
  const [first, second] = clients;
  const payer = sr25519Signer(pairFromSuri(PAYER));
  const before = unwrap(await first.accountInfo(domain.shard, payer));
  const nonce = Number(before.nonce);
  await chain.pay(PAYER, vault, DEPOSIT);
  const funded = before.data.free + credited(DEPOSIT);
  const payee = sr25519Signer(pairFromSuri(beneficiary));
  await untilAll(clients, domain, [{ who: "the payer", signer: payer, free: funded }]);
  const pay = async (client: TrustedClient, at: number): Promise<void> => {
    const value = { from: payer.account, to: payee.account, amount: AMOUNT };
    const call = { type: "balance_transfer", value } as const;
    const status = unwrap(await unwrap(await client.submitCall(call, domain, payer, { nonce: at })).final);
    if (status.type !== "InSidechainBlock") throw new Error(`The call of nonce ${at} is ${status.type}`);
  };
  await pay(first, nonce);
  await pay(second, nonce + 1);
  const expected = [
    { who: "the payer", signer: payer, free: funded - 2n * (AMOUNT + TRANSFER_FEE) },
    { who: "the beneficiary", signer: payee, free: 2n * AMOUNT },
  ];
  await untilAll(clients, domain, expected);
  return expected;
}

/** Waits until all accounts have exactly what they must at every validateer. @throws If they do not in time. */
export async function untilAll(
  clients: readonly TrustedClient[],
  { shard }: SigningDomain,
  expected: readonly Expected[],
): Promise<void> {
  const look = async (client: TrustedClient, { who, signer, free }: Expected, at: number): Promise<void> => {
    const balance = async () => unwrap(await client.accountInfo(shard, signer)).data.free;
    const found = await settle(balance, free, STEP_TIMEOUT_MS);
    if (found !== free) throw new Error(`${who} has ${found} at validateer ${at}, want ${free}`);
  };
  await Promise.all(clients.flatMap((client, i) => expected.map((one) => look(client, one, i + 1))));
}
