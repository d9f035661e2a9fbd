/**
 * Command lines of the validateer as its program reads them.
 *
 * @module
 */
import { createProgram, type RunOptions } from "../../src/apps/validateer/options.ts";

/** The options of a command line; a command without a data directory is an error of the test. */
export async function optionsOf(...argv: readonly string[]): Promise<RunOptions> {
  let parsed: RunOptions | undefined;
  // The other commands take options of this type, too, if fewer.
  const take = (options: object): Promise<void> => Promise.resolve(void (parsed = options as RunOptions));
  const program = createProgram({
    run: (_shard, options) => take(options),
    migrateShard: (_folder, _shard, options) => take(options),
    ...{ shieldingKey: take, signingKey: take, mrenclave: take },
  }, "0.1.0");
  await program.parseAsync([...argv], { from: "user" });
  if (parsed === undefined) throw new TypeError(`Cannot take "${argv.join(" ")}": it runs no command`);
  return parsed;
}
