/**
 * Entry point of the validateer.
 *
 *     deno task validateer --dev
 *
 * @module
 */
import { installFastCrypto } from "../crypto/fast.ts";
import { orderArguments } from "./cli/argument_order.ts";
import { onStopSignals } from "./stop_signals.ts";
import { exitOnUsage } from "./usage_exit.ts";
import { printMrenclave, writeShieldingKey, writeSigningKey } from "./validateer/keys.ts";
import { migrateShard } from "./validateer/migrate.ts";
import { createProgram } from "./validateer/options.ts";
import { runValidateer } from "./validateer/run.ts";

/** Version that `--version` prints. */
const VERSION = "0.1.0";
/** Exit code of an error. */
const EXIT_FAILURE = 1;
/** Exit code of a second Ctrl-C, as shells give it for one. */
const EXIT_INTERRUPTED = 130;

/** A signal that the first SIGINT or SIGTERM aborts; a second one ends the process at once. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  onStopSignals(() => controller.abort(), () => Deno.exit(EXIT_INTERRUPTED));
  return controller.signal;
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Some messages name their code themselves.
  const code = "code" in error && !error.message.includes(String(error.code)) ? `${error.code}: ` : "";
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : "";
  return `${code}${error.message}${cause}`;
}

if (import.meta.main) {
  try {
    const program = exitOnUsage(createProgram({
      run: async (shard, options) => {
        await installFastCrypto();
        await runValidateer(shard, options, interruption());
      },
      migrateShard: async (folder, shard, options) => {
        await installFastCrypto();
        await migrateShard(folder, shard, options, interruption());
      },
      shieldingKey: writeShieldingKey,
      signingKey: writeSigningKey,
      mrenclave: printMrenclave,
    }, VERSION));
    await program.parseAsync(orderArguments(program, Deno.args, "run"), { from: "user" });
    // Workers that were told to end may keep the process alive for a moment.
    Deno.exit(0);
  } catch (error) {
    console.error(describe(error));
    Deno.exit(EXIT_FAILURE);
  }
}
