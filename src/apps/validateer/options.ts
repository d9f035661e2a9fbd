/**
 * The options of the validateer and their defaults.
 *
 * Source: worker `service/src/cli.yml` and `service/src/config.rs` (839eda024)
 * Differs: the data directory defaults to `.data` below the current directory; options of other worker modes are not
 * offered; options for the emulated enclave, finality and the embedded devnode are added.
 *
 * @module
 */
import { Command, InvalidArgumentError, Option } from "commander";
import { parseNodeUrl, parseShard } from "../cli/parse.ts";
import { type AddressOptions, type AddressScheme, externalAddress } from "./addresses.ts";
import { takeMigrateOptions } from "./migrate_options.ts";
import { MAX_SLOT_DURATION_MS, MIN_SLOT_DURATION_MS } from "../../stf/pallets/shard.ts";

/** Everything that the command line says. */
export interface ValidateerOptions extends AddressOptions {
  readonly integriteeRpcUrl: string | undefined;
  readonly integriteeRpcPort: number;
  readonly dataDir: string;
  readonly enableMetrics: boolean;
  readonly metricsPort: number;
  readonly untrustedHttpPort: number;
  readonly cleanReset: boolean;
  readonly acceptEmulatedEnclave: boolean;
  readonly platformRoot: string | undefined;
  readonly enclaveBundle: string | undefined;
  readonly parentchainFinality: FinalityLevel;
  readonly payoutFinality: FinalityLevel;
  readonly slotDurationMs: number;
  readonly logLevel: LogLevel;
}

/** Options of `run` alone. */
export interface RunOptions extends ValidateerOptions {
  readonly dev: boolean;
  readonly skipRa: boolean;
}

/** How much of the parentchain's finality is proven: see docs/OPERATIONS.md. */
export type FinalityLevel = "proven" | "sealed" | "trusted";
/** How much is logged. */
export type LogLevel = "error" | "warn" | "info" | "debug";

const FINALITY_LEVELS: readonly FinalityLevel[] = ["proven", "sealed", "trusted"];
const LOG_LEVELS: readonly LogLevel[] = ["error", "warn", "info", "debug"];

function integerBetween(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`Want a whole number from ${min} to ${max}, got "${text}".`);
    }
    return value;
  };
}

const port = integerBetween(0, 65_535);

function addressWith(scheme: AddressScheme): (text: string) => string {
  return (text) => {
    try {
      externalAddress(text, scheme, 0);
      return text;
    } catch (error) {
      throw new InvalidArgumentError((error as Error).message);
    }
  };
}

/** A shard's name as it was typed, once it is known to be one. */
function shardName(text: string): string {
  parseShard(text);
  return text;
}

function globalOptions(): Option[] {
  return [
    new Option("-u, --integritee-rpc-url <url>", "parentchain node; with --dev the default is an embedded one")
      .argParser(parseNodeUrl),
    new Option("-p, --integritee-rpc-port <port>", "its port").argParser(port).default(9944),
    new Option("-d, --data-dir <folder>", "where keys, state and blocks are kept").default(".data"),
    new Option("--ws-external", "listen on all interfaces instead of 127.0.0.1").default(false),
    new Option("-P, --trusted-worker-port <port>", "trusted RPC, wss").argParser(port).default(2000),
    new Option("-w, --untrusted-worker-port <port>", "untrusted RPC, ws").argParser(port).default(2001),
    new Option("-r, --mu-ra-port <port>", "provisioning of other validateers").argParser(port).default(3443),
    new Option("-T, --trusted-external-address <address>", "advertised address of the trusted RPC")
      .argParser(addressWith("wss://")),
    new Option("-U, --untrusted-external-address <address>", "advertised address of the untrusted RPC")
      .argParser(addressWith("ws://")),
    new Option("-M, --mu-ra-external-address <address>", "advertised address of the provisioning")
      .argParser(addressWith("")),
    new Option("--enable-metrics", "serve Prometheus metrics").default(false),
    new Option("-i, --metrics-port <port>", "port of the metrics").argParser(port).default(8787),
    new Option("-h, --untrusted-http-port <port>", "port of /is_initialized").argParser(port).default(4545),
    new Option("-c, --clean-reset", "remove keys, state and blocks before the start").default(false),
    new Option(
      "--accept-emulated-enclave",
      "start outside of development although the enclave protects nothing from its host",
    )
      .default(false),
    new Option(
      "--platform-root <file>",
      "file with the operator's own platform root (key and certificate) instead of the published one",
    ),
    new Option("--enclave-bundle <file>", "start this enclave instead of building the one of these sources"),
    new Option("--parentchain-finality <level>", "what counts as final on the parentchain").choices(FINALITY_LEVELS)
      .default("proven"),
    new Option("--payout-finality <level>", "what must be final before a payout is sent").choices(FINALITY_LEVELS)
      .default("proven"),
    new Option("--slot-duration-ms <ms>", "slot duration of a shard that is created")
      .argParser(integerBetween(MIN_SLOT_DURATION_MS, MAX_SLOT_DURATION_MS)).default(300),
    new Option("--log-level <level>", "how much is logged").choices(LOG_LEVELS).default("info"),
  ];
}

const SKIP_RA = "register without attestation, where the parentchain allows it";

function runOptions(): Option[] {
  return [
    new Option(
      "-d, --dev",
      "development: embedded parentchain node, account paid by //Alice, no attestation without a root",
    ).default(false),
    new Option("--skip-ra", SKIP_RA).default(false),
  ];
}

function migrateOptions(): Option[] {
  return [
    new Option(
      "--dev",
      "development: account paid by //Alice, no attestation without a root; wants --integritee-rpc-url",
    )
      .default(false),
    new Option("--skip-ra", SKIP_RA).default(false),
  ];
}

/** Width of the flags in the list of options. */
const OPTION_COLUMN = 44;

/** What each subcommand does; the service passes the functions. */
export interface ValidateerActions {
  readonly run: (shard: string | undefined, options: RunOptions) => Promise<void>;
  readonly migrateShard: (folder: string, shard: string | undefined, options: RunOptions) => Promise<void>;
  readonly shieldingKey: (options: ValidateerOptions) => Promise<void>;
  readonly signingKey: (options: ValidateerOptions) => Promise<void>;
  readonly mrenclave: (options: ValidateerOptions) => Promise<void>;
}

/** The program with its subcommands. */
export function createProgram(actions: ValidateerActions, version: string): Command {
  const program = new Command("validateer");
  program.description("Integritee validateer with an EMULATED enclave: it protects nothing from its host.")
    .version(version).helpOption("--help", "show this help").helpCommand(false).showHelpAfterError("(see --help)")
    .enablePositionalOptions();
  for (const option of globalOptions()) program.addOption(option);
  const add = (name: string, summary: string, isDefault = false): Command =>
    program.command(name, { isDefault }).description(summary).helpOption("--help", "show this help")
      .configureHelp({ showGlobalOptions: true });
  const run = add("run", "run the validateer (the default)", true);
  run.argument(
    "[shard]",
    "base58; default: the one that the data directory belongs to, a new one to the enclave's fingerprint",
    shardName,
  );
  for (const option of runOptions()) run.addOption(option);
  run.action((shard: string | undefined) => actions.run(shard, run.optsWithGlobals<RunOptions>()));
  const migrate = add("migrate-shard", "hand the shard of this data directory over to another enclave of this machine");
  migrate.argument("<folder>", "data directory of the other enclave; it is made if it is not there");
  migrate.argument("[shard]", "base58; default: the one that this data directory belongs to", shardName);
  for (const option of migrateOptions()) migrate.addOption(option);
  takeMigrateOptions(migrate);
  migrate.action((folder: string, shard: string | undefined) =>
    actions.migrateShard(folder, shard, migrate.optsWithGlobals<RunOptions>())
  );
  const plain = (name: string, summary: string, action: (options: ValidateerOptions) => Promise<void>): void => {
    add(name, summary).action(() => action(program.opts<ValidateerOptions>()));
  };
  program.addHelpText("after", () => `\nOptions of run, the default command:\n${describeOptions(runOptions())}`);
  plain("shielding-key", "write the public shielding key to enclave-shielding-pubkey.json", actions.shieldingKey);
  plain("signing-key", "write the public signing key to enclave-signing-pubkey.bin", actions.signingKey);
  plain("mrenclave", "print the fingerprint of the enclave in base58", actions.mrenclave);
  return program;
}

function describeOptions(options: readonly Option[]): string {
  return options.map((option) => `  ${option.flags.padEnd(OPTION_COLUMN)}${option.description}`).join("\n");
}
