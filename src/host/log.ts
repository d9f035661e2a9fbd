/**
 * Log lines: a short code and public fields, to a sink that is passed in.
 *
 * @module
 */

/** Severity, most severe first. */
export type LogLevel = "error" | "warn" | "info" | "debug";

const LEVELS: readonly LogLevel[] = ["error", "warn", "info", "debug"];

/** Public facts of a line. */
export type LogFields = Readonly<Record<string, string | number | bigint | boolean | undefined>>;

/** Writes one line. */
export type Log = (level: LogLevel, code: string, fields?: LogFields) => void;

/** A log that writes lines of text, `time level code key=value …`, up to a level. */
export function createLog(write: (line: string) => void, now: () => Date, most: LogLevel): Log {
  const limit = LEVELS.indexOf(most);
  return (level, code, fields = {}) => {
    if (LEVELS.indexOf(level) > limit) return;
    const parts = Object.entries(fields).filter(([, value]) => value !== undefined).map(([key, value]) =>
      `${key}=${quote(String(value))}`
    );
    write([now().toISOString(), level.toUpperCase().padEnd(5), code, ...parts].join(" "));
  };
}

// Quoted where it is needed to tell one field from the next; JSON keeps line breaks out of the log.
function quote(text: string): string {
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}
