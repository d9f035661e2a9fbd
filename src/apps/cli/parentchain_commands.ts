/**
 * The commands for the parentchain.
 *
 * Source: worker `cli/src/base_cli/mod.rs#BaseCommand` (839eda024)
 *
 * @module
 */
import type { Command } from "commander";
import { MIN_UPGRADE_VISIBLE_BLOCKS } from "../../enclave/api/upgrade_delay.ts";
import { type AccountId, accountId, type EnclaveFingerprint, type ShardIdentifier } from "../../primitives/branded.ts";
import { accountOf, createAccount, signerOf } from "./accounts.ts";
import type { CommandContext } from "./context.ts";
import { enclaveLines, listEnclaves } from "./enclave_registry.ts";
import { KEYSTORE_PATH, listKeys } from "./keystore.ts";
import { listenToEvents } from "./listen.ts";
import {
  addressOf,
  buildCall,
  connectParentchain,
  freeBalance,
  nextNonce,
  type Parentchain,
  submit,
  submitAndWait,
} from "./parentchain.ts";
import { parseAmount, parseFingerprint, parseShard, parseU32 } from "./parse.ts";
import { enclaveAccount, PURGE_NOTE, purgeEnclave } from "./purge_enclave.ts";
import type { Terminal } from "./terminal.ts";
import { RECOMMENDED_UPGRADE_DELAY, type UpgradeOrder, upgradeShard } from "./upgrade_shard.ts";

/** What the faucet gives each account. Source: worker `cli/src/base_cli/commands/faucet.rs#PREFUNDING_AMOUNT` (839eda024) */
export const PREFUNDING_AMOUNT = 1_000_000_000n;

/** Who has root rights on development chains. */
const DEVELOPMENT_SUDO = "//Alice";
const SUDO_HELP = "account with root rights on the parentchain; the default has them on development chains only";

type UpgradeOptions = Omit<UpgradeOrder, "shard" | "fingerprint">;

/** Adds the commands to the program. */
export function addParentchainCommands(program: Command, context: CommandContext): void {
  const { terminal } = context;
  program.command("balance").description("query the free balance of an account on the parentchain")
    .argument("<account>")
    .action((account: string) =>
      withParentchain(context, async (chain) => terminal.print(`${await freeBalance(chain, accountOf(account))}`))
    );
  program.command("new-account").description("make a key for the parentchain in the local keystore")
    .action(() => terminal.print(addressOf(createAccount(KEYSTORE_PATH))));
  program.command("list-accounts").description("list the keys in the local keystore")
    .action(() => printKeys(terminal, KEYSTORE_PATH));
  program.command("print-metadata").description("print the metadata of the node as JSON")
    .action(() =>
      withParentchain(context, async ({ api }) => {
        const metadata = await api.rpc.state.getMetadata();
        terminal.print(`Metadata:\n${JSON.stringify(metadata.toJSON(), undefined, 2)}`);
      })
    );
  program.command("faucet").description("send some bootstrapping funds from //Alice to the accounts")
    .argument("<accounts...>")
    .action((accounts: string[]) =>
      withParentchain(context, (chain) => drip(chain, terminal, accounts.map(accountOf)))
    );
  program.command("transfer").description("transfer funds from one account of the parentchain to another")
    .argument("<from>").argument("<to>").argument("<amount>", "in the smallest unit", parseAmount)
    .action((from: string, to: string, amount: bigint) =>
      withParentchain(context, (chain) => transfer(chain, terminal, from, accountOf(to), amount))
    );
  program.command("list-workers").description("query the enclave registry and list all workers")
    .action(() =>
      withParentchain(context, async (chain) => {
        const enclaves = await listEnclaves(chain);
        terminal.print(`number of enclaves registered: ${enclaves.length}`);
        for (const enclave of enclaves) enclaveLines(enclave).forEach(terminal.print);
      })
    );
  program.command("purge-enclave").description("take an enclave out of the validateers of a shard (needs root rights)")
    .argument("<shard>", "in base58", parseShard)
    .argument("<signer>", "account of the enclave, not its fingerprint: an address, or the 0x… of the logs")
    .option("--sudo <account>", SUDO_HELP, DEVELOPMENT_SUDO)
    .action((shard: ShardIdentifier, signer: string, { sudo }: { sudo: string }) =>
      withParentchain(
        context,
        (chain) => purgeEnclave(chain, terminal, { shard, subject: enclaveAccount(signer), sudo }),
      )
    ).addHelpText("after", `\nNote: ${PURGE_NOTE}`);
  program.command("upgrade-shard").description("announce the next code of a shard (needs root rights)")
    .argument("<shard>", "in base58", parseShard).argument(
      "<fingerprint>",
      "of the new code, in base58",
      parseFingerprint,
    )
    .requiredOption(
      "--delay <blocks>",
      `parentchain blocks until it is in force: at least ${MIN_UPGRADE_VISIBLE_BLOCKS} outside development (a day of ` +
        `6 s blocks), since validateers hand the shard only to code that they have seen for so long; ` +
        `recommended: ${RECOMMENDED_UPGRADE_DELAY}`,
      parseU32,
    )
    .option(
      "--allow-short-delay",
      "take a shorter delay: then nobody authors until the code was visible for so long",
      false,
    )
    .option("--sudo <account>", SUDO_HELP, DEVELOPMENT_SUDO)
    .action((shard: ShardIdentifier, fingerprint: EnclaveFingerprint, options: UpgradeOptions) =>
      withParentchain(context, (chain) => upgradeShard(chain, terminal, { shard, fingerprint, ...options }))
    );
  program.command("listen").description("print the events of the parentchain")
    .option("-e, --exit-after <events>", "exit after this number of events", parseU32)
    .option("-b, --await-blocks <blocks>", "exit after this number of blocks", parseU32)
    .action((limits: { exitAfter?: number; awaitBlocks?: number }) =>
      withParentchain(context, (chain) => listenToEvents(chain, terminal, limits))
    );
}

/** Runs with a connection to the parentchain and closes it. */
export async function withParentchain(
  context: CommandContext,
  run: (chain: Parentchain) => Promise<void>,
): Promise<void> {
  const { nodeUrl, nodePort } = context.options();
  const chain = await connectParentchain(nodeUrl, nodePort);
  try {
    await run(chain);
  } finally {
    await chain.close();
  }
}

/** Prints the keys of a keystore by their kind. */
export function printKeys(terminal: Terminal, keystore: string): void {
  terminal.print("sr25519 keys:");
  for (const key of listKeys(keystore, "sr25")) terminal.print(addressOf(key));
  terminal.print("ed25519 keys:");
  for (const key of listKeys(keystore, "ed25")) terminal.print(addressOf(key));
}

async function drip(chain: Parentchain, terminal: Terminal, accounts: readonly AccountId[]): Promise<void> {
  const alice = signerOf("//Alice", KEYSTORE_PATH);
  let nonce = await nextNonce(chain, accountId(alice.publicKey));
  for (const account of accounts) {
    terminal.print(`Faucet drips to ${addressOf(account)} (Alice's nonce=${nonce})`);
    await submit(buildCall(chain, "balances", "transferKeepAlive", account, PREFUNDING_AMOUNT), alice, nonce);
    nonce += 1;
  }
}

async function transfer(
  chain: Parentchain,
  terminal: Terminal,
  from: string,
  to: AccountId,
  amount: bigint,
): Promise<void> {
  const signer = signerOf(from, KEYSTORE_PATH);
  const inclusion = await submitAndWait(chain, buildCall(chain, "balances", "transferKeepAlive", to, amount), signer);
  terminal.print(`[+] L1 extrinsic success. extrinsic hash: ${inclusion.extrinsicHash}`);
  terminal.print(`balance for ${addressOf(to)} is now ${await freeBalance(chain, to)}`);
}
