/**
 * The closed-loop benchmark: each client transfers to fresh accounts, one call after the other.
 *
 * Source: worker `cli/src/benchmark/mod.rs#BenchmarkCommand` (839eda024)
 *
 * @module
 */
import type { Command } from "commander";
import type { TrustedClient } from "../../client/trusted_client.ts";
import { type SigningDomain, sr25519Signer, type TrustedSigner } from "../../client/trusted_signer.ts";
import { randomBytes } from "../../crypto/random.ts";
import { sr25519FromSeed } from "../../crypto/sr25519.ts";
import { accountId } from "../../primitives/branded.ts";
import { computeCallFee } from "../../stf/fees.ts";
import type { TrustedCall } from "../../types/trusted_call.ts";
import { signerOf } from "./accounts.ts";
import { CliError } from "./cli_error.ts";
import { valueOf } from "./client_errors.ts";
import type { CommandContext } from "./context.ts";
import { percentileLines } from "./percentiles.ts";
import { parseU32 } from "./parse.ts";
import { oneToken } from "./trusted_calls.ts";
import { identifiers, trustedKeystore, type TrustedOptions } from "./trusted_options.ts";
import { withWorker, type WorkerSession } from "./worker_session.ts";

/** Amount of each transfer, above the existential deposit of 500 so that it makes an account. */
const TRANSFER_AMOUNT = 1_000n;
/** Most clients: each holds a TLS connection. */
const MAX_CLIENTS = 1_000;

interface BenchmarkPlan {
  readonly iterations: number;
  readonly minWaitMs: number;
  readonly maxWaitMs: number;
  readonly waitForConfirmation: boolean;
  readonly domain: SigningDomain;
  readonly fee: bigint;
}

interface BenchmarkClient {
  readonly client: TrustedClient;
  readonly signer: TrustedSigner;
  readonly close: () => void;
}

/** Adds the command to the group. */
export function addBenchmarkCommand(group: Command, context: CommandContext, options: () => TrustedOptions): void {
  group.command("benchmark").description("measure how long transfers take; needs //Alice funded in the shard")
    .argument("[clients]", "number of clients", parseU32, 10)
    .argument("[iterations]", "transfers of each client", parseU32, 30)
    .argument("[min-wait-ms]", "shortest pause before a transfer", parseU32, 0)
    .argument("[max-wait-ms]", "longest pause before a transfer", parseU32, 0)
    .argument("[funding-account]", "who funds the clients", "//Alice")
    .option("-w, --wait-for-confirmation", "wait until each transfer is in a sidechain block")
    .action((
      clients: number,
      iterations: number,
      minWaitMs: number,
      maxWaitMs: number,
      funding: string,
      flags: { waitForConfirmation?: boolean },
    ) => {
      if (clients < 1 || clients > MAX_CLIENTS) {
        throw new CliError("Usage", `Cannot run ${clients} clients: want 1 to ${MAX_CLIENTS}`);
      }
      if (options().direct !== true) throw new CliError("Usage", "Cannot run the benchmark indirectly: pass --direct");
      if (minWaitMs > maxWaitMs) {
        throw new CliError("Usage", `Cannot pause for ${minWaitMs} to ${maxWaitMs} ms: want the longest pause last`);
      }
      const waitForConfirmation = flags.waitForConfirmation === true;
      return withWorker(context, options().shard, async (session) => {
        const domain = await identifiers(session, options());
        const fee = computeCallFee(transferCall(domain.shard, domain.shard), await oneToken(session));
        const plan = { iterations, minWaitMs, maxWaitMs, waitForConfirmation, domain, fee };
        await runBenchmark(context, session, plan, clients, funding);
      });
    });
}

async function runBenchmark(
  { terminal }: CommandContext,
  session: WorkerSession,
  plan: BenchmarkPlan,
  count: number,
  funding: string,
): Promise<void> {
  const clients: BenchmarkClient[] = [];
  try {
    for (let i = 0; i < count; i++) {
      const opened = await session.openClient();
      clients.push({ ...opened, signer: sr25519Signer(sr25519FromSeed(randomBytes(32))) });
    }
    await fundClients(session, plan, clients, sr25519Signer(signerOf(funding, trustedKeystore(plan.domain.shard))));
    terminal.note(`funded ${count} clients`);
    const started = performance.now();
    const latencies = (await Promise.all(clients.map((client) => runClient(client, plan)))).flat();
    const elapsedMs = Math.round(performance.now() - started);
    terminal.print(
      `Finished benchmark with ${count} clients and ${plan.iterations} transactions in ${elapsedMs} ms`,
    );
    for (const line of percentileLines(latencies)) terminal.print(line);
    terminal.note(`${(latencies.length * 1_000 / elapsedMs).toFixed(1)} transfers per second`);
  } finally {
    for (const { close } of clients) close();
  }
}

/** Funds with consecutive nonces, waiting for the last only. */
async function fundClients(
  session: WorkerSession,
  plan: BenchmarkPlan,
  clients: readonly BenchmarkClient[],
  funder: TrustedSigner,
): Promise<void> {
  const { domain } = plan;
  const first = valueOf("read the nonce", await session.client.accountInfo(domain.shard, funder)).nonce;
  const amount = startBalance(plan);
  for (const [i, { signer }] of clients.entries()) {
    const call = transferCall(funder.account, signer.account, amount);
    const watched = valueOf(
      "fund a client",
      await session.client.submitCall(call, domain, funder, { nonce: first + i }),
    );
    if (i + 1 < clients.length) continue;
    const status = valueOf("fund the clients", await watched.final);
    if (status.type !== "InSidechainBlock") throw new CliError("Operation", `Cannot fund the clients: ${status.type}`);
  }
}

async function runClient(benchmark: BenchmarkClient, plan: BenchmarkPlan): Promise<number[]> {
  const { client, signer } = benchmark;
  const { shard } = plan.domain;
  const latencies: number[] = [];
  let expected = startBalance(plan);
  for (let i = 0; i < plan.iterations; i++) {
    if (plan.maxWaitMs > 0) await pause(plan.minWaitMs + Math.random() * (plan.maxWaitMs - plan.minWaitMs));
    const recipient = accountId(sr25519FromSeed(randomBytes(32)).publicKey);
    const call = transferCall(signer.account, recipient);
    const { nonce } = valueOf("read the nonce", await client.accountInfo(shard, signer));
    const started = performance.now();
    const watched = valueOf("submit a transfer", await client.submitCall(call, plan.domain, signer, { nonce }));
    const submitted = performance.now();
    // The next nonce is read from the state, so each transfer must be in a block before the next.
    const status = valueOf("learn how a transfer ended", await watched.final);
    if (status.type !== "InSidechainBlock") throw new CliError("Operation", `A transfer ended as ${status.type}`);
    latencies.push((plan.waitForConfirmation ? performance.now() : submitted) - started);
    expected -= TRANSFER_AMOUNT + plan.fee;
    const info = valueOf("read the balance", await client.accountInfo(shard, signer));
    if (info.data.free !== expected) {
      throw new CliError("Operation", `A client has ${info.data.free} after ${i + 1} transfers, want ${expected}`);
    }
  }
  return latencies;
}

function startBalance({ iterations, fee }: BenchmarkPlan): bigint {
  return BigInt(iterations + 1) * (fee + TRANSFER_AMOUNT);
}

function transferCall(from: Uint8Array, to: Uint8Array, amount = TRANSFER_AMOUNT): TrustedCall {
  return { type: "balance_transfer", value: { from: accountId(from), to: accountId(to), amount } };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
