/**
 * Where a command writes: results to standard output, everything else to standard error.
 *
 * @module
 */

/** The two streams of a command. */
export interface Terminal {
  /** Writes a line of the result, to standard output. */
  readonly print: (line: string) => void;
  /** Writes progress or a warning, to standard error. */
  readonly note: (line: string) => void;
}

/** The streams of this process. Lines are written at once, so that a script sees progress. */
export function processTerminal(): Terminal {
  const encoder = new TextEncoder();
  return {
    print: (line) => writeAll(Deno.stdout, encoder.encode(`${line}\n`)),
    note: (line) => writeAll(Deno.stderr, encoder.encode(`${line}\n`)),
  };
}

function writeAll(stream: { writeSync: (bytes: Uint8Array) => number }, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += stream.writeSync(bytes.subarray(at));
}
