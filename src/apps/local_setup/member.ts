/**
 * One process of a local network: its lines go out with a coloured prefix, and it ends with the others.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

/** Folder of the project. */
const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
/** How long a member may take to end before it is killed; a validateer takes two seconds at most. */
const END_TIMEOUT_MS = 5_000;
/** ANSI colours of the prefixes, in turn. */
const COLOURS = [36, 33, 32, 35, 34, 31, 96, 93, 92, 95];

/** A started program. */
export class Member {
  readonly name: string;
  readonly #child: Deno.ChildProcess;
  readonly #lines: Promise<unknown>;
  #ended = false;

  /** Starts `src/apps/<program>`; `position` chooses the colour. */
  constructor(name: string, program: string, args: readonly string[], position: number, width: number) {
    this.name = name;
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--unstable-worker-options", `${ROOT}src/apps/${program}`, ...args],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const label = name.padEnd(width);
    const prefix = Deno.stdout.isTerminal()
      ? `\x1b[${COLOURS[position % COLOURS.length]}m${label}\x1b[0m | `
      : `${label} | `;
    this.#lines = Promise.all([printLines(this.#child.stdout, prefix), printLines(this.#child.stderr, prefix)]);
    void this.#child.status.then(() => this.#ended = true);
  }

  /** Resolves with the exit code when it has ended. */
  get ended(): Promise<number> {
    return this.#child.status.then(({ code }) => code);
  }

  /** Ends it: first politely, after a while by force. */
  async stop(): Promise<void> {
    if (!this.#ended) this.#child.kill("SIGTERM");
    const killer = setTimeout(() => this.#ended || this.#child.kill("SIGKILL"), END_TIMEOUT_MS);
    await this.#child.status;
    clearTimeout(killer);
    await this.#lines;
  }
}

async function printLines(stream: ReadableStream<Uint8Array>, prefix: string): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) console.log(prefix + line);
  }
  if (rest !== "") console.log(prefix + rest);
}
