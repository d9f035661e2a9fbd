/**
 * One process of a local network: its lines go out with a prefix, and it ends with the others.
 *
 * @module
 */

/** How long a member may take to end before it is killed; a validateer takes two seconds, on a busy machine more. */
const END_TIMEOUT_MS = 5_000;
/** ANSI colours of the prefixes, in turn. */
const COLOURS = [36, 33, 32, 35, 34, 31, 96, 93, 92, 95];

/** A program and its arguments. */
export interface MemberCommand {
  readonly program: string;
  readonly args: readonly string[];
}

/** Where the lines of a member go. */
export interface MemberOutput {
  readonly print: (line: string) => void;
  /** Its place among the members, which chooses the colour. */
  readonly position: number;
  /** Width of the longest name. */
  readonly width: number;
  readonly isColoured: boolean;
}

/** A started program. */
export class Member {
  readonly name: string;
  readonly #child: Deno.ChildProcess;
  readonly #lines: Promise<unknown>;
  #isEnded = false;

  /** Starts it, in a process group of its own: Ctrl-C reaches the network, which ends its members in order. */
  constructor(name: string, { program, args }: MemberCommand, { print, position, width, isColoured }: MemberOutput) {
    this.name = name;
    this.#child = new Deno.Command(program, {
      args: [...args],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      detached: Deno.build.os !== "windows",
    }).spawn();
    const label = name.padEnd(width);
    const prefix = isColoured ? `\x1b[${COLOURS[position % COLOURS.length]}m${label} |\x1b[0m ` : `${label} | `;
    const printLine = (line: string): void => print(prefix + line);
    this.#lines = Promise.all([readLines(this.#child.stdout, printLine), readLines(this.#child.stderr, printLine)]);
    void this.#child.status.then(() => this.#isEnded = true);
  }

  /** Resolves with the exit code when it has ended and all its lines are out. */
  get ended(): Promise<number> {
    return Promise.all([this.#child.status, this.#lines]).then(([{ code }]) => code);
  }

  /** Ends it: first politely, after a while by force. */
  async stop(): Promise<void> {
    if (!this.#isEnded) this.#child.kill("SIGTERM");
    const killer = setTimeout(() => this.#isEnded || this.#child.kill("SIGKILL"), END_TIMEOUT_MS);
    await this.#child.status;
    clearTimeout(killer);
    await this.#lines;
  }
}

async function readLines(stream: ReadableStream<Uint8Array>, onLine: (line: string) => void): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
  }
  if (rest !== "") onLine(rest);
}
