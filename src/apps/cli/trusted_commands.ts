/**
 * The commands for a shard: accounts, questions to the worker and to private state, trusted calls.
 *
 * Source: worker `cli/src/trusted_base_cli/mod.rs#TrustedBaseCommand` (839eda024)
 *
 * @module
 */
import type { Command } from "commander";
import { sr25519Signer } from "../../client/trusted_signer.ts";
import { encodeBase58 } from "../../primitives/base58.ts";
import { toHex } from "../../primitives/hex.ts";
import type { AccountInfo } from "../../types/account_info.ts";
import { printable } from "../../client/worker_answer.ts";
import { accountOf, createAccount, signerOf } from "./accounts.ts";
import { addBenchmarkCommand } from "./benchmark_command.ts";
import { valueOf } from "./client_errors.ts";
import type { CommandContext } from "./context.ts";
import { addressOf } from "./parentchain.ts";
import { printKeys } from "./parentchain_commands.ts";
import { parseAmount, parseFingerprint, parseShard, parseU32 } from "./parse.ts";
import { performCall } from "./trusted_calls.ts";
import { identifiers, trustedKeystore, type TrustedOptions } from "./trusted_options.ts";
import { withWorker, type WorkerSession } from "./worker_session.ts";

/** Root of development shards. Source: worker `cli/src/trusted_base_cli/commands/set_balance.rs` (839eda024) */
const DEVELOPMENT_ROOT = "//Alice";

interface TextForms {
  readonly hex?: boolean;
  readonly ascii?: boolean;
}

interface CallFlags {
  readonly nonce?: number;
}

/** Adds the group to the program. */
export function addTrustedCommands(program: Command, context: CommandContext): void {
  const group = program.command("trusted").description("trusted calls and getters of a shard")
    .option(
      "-m, --mrenclave <base58>",
      "measurement that calls are signed for (default: the verified one)",
      parseFingerprint,
    )
    .option("-s, --shard <base58>", "shard identifier (default: the one of the verified enclave)", parseShard)
    .option("-a, --xt-signer <account>", "who pays for indirect calls (default on a development chain: //Alice)")
    .option("-d, --direct", "submit to the worker instead of through the parentchain")
    .enablePositionalOptions();
  const options = (): TrustedOptions => group.opts<TrustedOptions>();
  addAccountCommands(group, context, options);
  addWorkerQueries(group, context, options);
  addStateQueries(group, context, options);
  addCallCommands(group, context, options);
  addBenchmarkCommand(group, context, options);
}

function addAccountCommands(group: Command, context: CommandContext, options: () => TrustedOptions): void {
  group.command("new-account").description("make a key for the shard in the local keystore")
    .action(async () => context.terminal.print(addressOf(createAccount(await keystoreOf(context, options())))));
  group.command("list-accounts").description("list the keys for the shard in the local keystore")
    .action(async () => printKeys(context.terminal, await keystoreOf(context, options())));
}

function addWorkerQueries(group: Command, context: CommandContext, options: () => TrustedOptions): void {
  const { print } = context.terminal;
  const ask = (run: (session: WorkerSession) => Promise<void>) => () => withWorker(context, options().shard, run);
  group.command("get-fingerprint").description("print the measurement of the worker's enclave in base58")
    .option("-x, --hex", "also print as hex")
    .action((forms: TextForms) =>
      ask(async ({ client, enclave }) => {
        const fingerprint = enclave?.statement.fingerprint ??
          valueOf("ask for the fingerprint", await client.fingerprint());
        print(encodeBase58(fingerprint));
        if (forms.hex) print(toHex(fingerprint));
      })()
    );
  group.command("get-shard").description("print the shard that the worker serves in base58")
    .option("-x, --hex", "also print as hex")
    .option("-a, --ascii", "also print as text")
    .action((forms: TextForms) =>
      ask(async ({ client }) => {
        const shard = valueOf("ask for the shard", await client.shard());
        print(encodeBase58(shard));
        if (forms.hex) print(toHex(shard));
        if (forms.ascii) print(printable(new TextDecoder().decode(shard)));
      })()
    );
  group.command("get-shard-vault").description("print the account that holds shielded funds")
    .action(
      ask(async ({ client }) => print(addressOf(valueOf("ask for the vault", await client.shardVault()).account))),
    );
  group.command("get-sidechain-header").description("print the header of the newest sidechain block")
    .action(ask(async ({ client }) => {
      const header = valueOf("ask for the header", await client.sidechainHeader());
      print(JSON.stringify({
        parentHash: toHex(header.parentHash),
        blockNumber: Number(header.blockNumber),
        shardId: encodeBase58(header.shardId),
        blockDataHash: toHex(header.blockDataHash),
        nextFinalizationBlockNumber: Number(header.nextFinalizationBlockNumber),
      }));
    }));
}

function addStateQueries(group: Command, context: CommandContext, options: () => TrustedOptions): void {
  const query = (account: string, pick: (info: AccountInfo) => bigint | number): Promise<void> =>
    withWorker(context, options().shard, async (session) => {
      const { shard } = await identifiers(session, options());
      const signer = sr25519Signer(signerOf(account, trustedKeystore(shard)));
      const info = valueOf("read the account", await session.client.accountInfo(shard, signer));
      context.terminal.print(`${pick(info)}`);
    });
  group.command("balance").description("query the free balance of an account in the shard").argument("<account>")
    .action((account: string) => query(account, ({ data }) => data.free));
  group.command("nonce").description("query the nonce of an account in the shard").argument("<account>")
    .action((account: string) => query(account, ({ nonce }) => nonce));
}

function addCallCommands(group: Command, context: CommandContext, options: () => TrustedOptions): void {
  const call = (name: string, description: string): Command =>
    group.command(name).description(description)
      .option("--nonce <nonce>", "nonce of the call (default: the account's next one)", parseU32);
  call("transfer", "transfer funds within the shard")
    .argument("<from>").argument("<to>").argument("<amount>", "in the smallest unit", parseAmount)
    .action((from: string, to: string, amount: bigint, { nonce }: CallFlags) => {
      const recipient = accountOf(to);
      return performCall(context, options(), {
        from,
        nonce,
        build: (sender) => ({ type: "balance_transfer", value: { from: sender, to: recipient, amount } }),
      });
    });
  call("set-balance", "set a balance as the root of a development shard")
    .argument("<account>").argument("<amount>", "in the smallest unit", parseAmount)
    .action((account: string, amount: bigint, { nonce }: CallFlags) => {
      const who = accountOf(account);
      return performCall(context, options(), {
        from: DEVELOPMENT_ROOT,
        nonce,
        build: (root) => ({ type: "balance_set_balance", value: { root, who, free: amount, reserved: amount } }),
      });
    });
  call("unshield-funds", "pay funds of the shard out to an account of the parentchain")
    .argument("<from>").argument("<to>").argument("<amount>", "in the smallest unit", parseAmount)
    .action((from: string, to: string, amount: bigint, { nonce }: CallFlags) => {
      const beneficiary = accountOf(to);
      return performCall(context, options(), {
        from,
        nonce,
        build: (sender, shard) => ({ type: "balance_unshield", value: { from: sender, beneficiary, amount, shard } }),
      });
    });
}

async function keystoreOf(context: CommandContext, options: TrustedOptions): Promise<string> {
  if (options.shard !== undefined) return trustedKeystore(options.shard);
  return await withWorker(
    context,
    undefined,
    async (session) => trustedKeystore((await identifiers(session, options)).shard),
  );
}
