/**
 * Starts a network on this machine from one file: nodes first, then the validateers one after the other, each when the
 * one before is up.
 *
 *     deno task local-setup local-setup/two-validateers.json
 *
 * Source: worker `local-setup/launch.py` (839eda024)
 *
 * @module
 */
import { Command } from "commander";
import { flagValue, type LocalSetup, parseLocalSetup } from "./local_setup/config.ts";
import { Member } from "./local_setup/member.ts";

/** How long a member may take until it is up: registration waits for several parentchain blocks. */
const UP_TIMEOUT_MS = 180_000;
/** Pause between two looks. */
const LOOK_INTERVAL_MS = 250;

async function run(setup: LocalSetup, stop: AbortSignal): Promise<number> {
  const members: Member[] = [];
  const width = Math.max(...[...setup.nodes, ...setup.validateers].map(({ name }) => name.length));
  const failed = Promise.withResolvers<string>();
  const start = (name: string, program: string, args: readonly string[]): void => {
    const member = new Member(name, program, args, members.length, width);
    members.push(member);
    void member.ended.then((code) => failed.resolve(`"${name}" ended with ${code}`));
  };
  const stopped = new Promise<undefined>((resolve) => {
    if (stop.aborted) resolve(undefined);
    stop.addEventListener("abort", () => resolve(undefined), { once: true });
  });
  const ended = Promise.race([failed.promise, stopped]);
  try {
    const up = startAll(setup, start).then(() => console.log(`local-setup: ${members.length} processes are up`));
    const reason = await Promise.race([up.then(() => ended), ended]);
    if (reason === undefined) return 0;
    if (!stop.aborted) console.error(`local-setup: ${reason}`);
    return stop.aborted ? 0 : 1;
  } finally {
    // The last started first: a validateer says goodbye while its node is still there.
    for (const member of members.toReversed()) await member.stop();
  }
}

type Start = (name: string, program: string, args: readonly string[]) => void;

async function startAll({ nodes, validateers }: LocalSetup, start: Start): Promise<void> {
  for (const { name, flags } of nodes) {
    start(name, "devnode.ts", flags);
    await untilUp(name, () => isListening(Number(flagValue(flags, "--rpc-port"))));
  }
  for (const { name, flags } of validateers) {
    start(name, "validateer.ts", ["run", ...flags]);
    await untilUp(name, () => isInitialized(Number(flagValue(flags, "--untrusted-http-port"))));
  }
}

async function untilUp(name: string, isUp: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + UP_TIMEOUT_MS; !await isUp();) {
    if (Date.now() > deadline) throw new Error(`Cannot start "${name}": it is not up after ${UP_TIMEOUT_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL_MS));
  }
}

async function isListening(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch {
    return false;
  }
}

async function isInitialized(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/is_initialized`);
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

if (import.meta.main) {
  const controller = new AbortController();
  Deno.addSignalListener("SIGINT", () => controller.abort());
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", () => controller.abort());
  const program = new Command("local-setup")
    .description("start parentchain nodes and validateers from one file, and stop them together on Ctrl-C")
    .argument("<file>", "configuration, such as local-setup/one-validateer.json")
    .action(async (file: string) => {
      try {
        Deno.exit(await run(parseLocalSetup(await Deno.readTextFile(file)), controller.signal));
      } catch (error) {
        console.error(error instanceof Error ? error.message : error);
        Deno.exit(1);
      }
    });
  await program.parseAsync(Deno.args, { from: "user" });
}
