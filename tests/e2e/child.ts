/**
 * One child process with its output, for tests of starting and stopping.
 *
 * @module
 */

const ROOT = new URL("../../", import.meta.url).pathname;
/** How long an awaited line may take before the test fails with what was printed. */
const LINE_TIMEOUT_MS = 300_000;
/** Pause between two looks at the output. */
const LOOK_INTERVAL_MS = 50;

/** A started program of `src/apps/`. */
export class Child {
  readonly #child: Deno.ChildProcess;
  readonly #readers: Promise<unknown>;
  #output = "";

  /** Starts `src/apps/<program>` with arguments. */
  constructor(program: string, args: readonly string[]) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--unstable-worker-options", `src/apps/${program}`, ...args],
      cwd: ROOT,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#readers = Promise.all([this.#read(this.#child.stdout), this.#read(this.#child.stderr)]);
  }

  /** Its process id. */
  get pid(): number {
    return this.#child.pid;
  }

  /** Everything printed so far. */
  get output(): string {
    return this.#output;
  }

  /** Waits until the output matches. @throws If it does not in time or the process ends before. */
  async until(pattern: RegExp): Promise<RegExpExecArray> {
    let ended = false;
    void this.#child.status.then(() => ended = true);
    for (const deadline = Date.now() + LINE_TIMEOUT_MS; Date.now() < deadline;) {
      const isLast = ended;
      const match = pattern.exec(this.#output);
      if (match !== null) return match;
      if (isLast) break;
      await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL_MS));
    }
    throw new Error(`${pattern} was not printed:\n${this.#output}`);
  }

  /** Sends a signal. */
  signal(name: Deno.Signal): void {
    this.#child.kill(name);
  }

  /** Waits for the end; gives code and output. */
  async end(): Promise<{ readonly code: number; readonly output: string }> {
    const { code } = await this.#child.status;
    await this.#readers;
    return { code, output: this.#output };
  }

  /** Ends it by force if it still runs. */
  async kill(): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // Ended already.
    }
    await this.end();
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) this.#output += decoder.decode(chunk, { stream: true });
  }
}
