/**
 * Which options `validateer migrate-shard` takes: those of a run, but for what makes no sense while two enclaves of one shard
 * run side by side. The others are refused by name and not shown.
 *
 * @module
 */
import type { Command, Option } from "commander";

/** Global options that the command does not take, by their names in the code, and why. */
const REFUSED: ReadonlyMap<string, string> = new Map([
  ["cleanReset", "nothing would be left to hand over"],
  ["enableMetrics", "metrics are served by run"],
  ["metricsPort", "metrics are served by run"],
  ["slotDurationMs", "the shard keeps its slots"],
]);

/** Shows only what the command takes, and refuses the rest. */
export function takeMigrateOptions(command: Command): void {
  const global = (): Option[] => command.parent?.options.filter(({ hidden }) => !hidden) ?? [];
  command.configureHelp({
    showGlobalOptions: true,
    visibleGlobalOptions: () => global().filter((option) => !REFUSED.has(option.attributeName())),
  });
  command.hook("preAction", () => {
    for (const option of global()) {
      const name = option.attributeName();
      const why = REFUSED.get(name);
      if (why === undefined || command.parent?.getOptionValueSource(name) !== "cli") continue;
      command.error(`error: option '${option.flags}' is not taken by ${command.name()}: ${why}`);
    }
  });
}
