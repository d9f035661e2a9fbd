/**
 * Effects that wait to go out with the next response, or by themselves if no ecall is running.
 *
 * @module
 */
import { type Effect, LOG_LEVELS, type LogLevel } from "../api/effects.ts";
import { MAX_EFFECTS, MAX_TEXT_BYTES } from "../api/limits.ts";

/** Values of log fields: public facts only. */
export type LogFields = Readonly<Record<string, string | number | bigint | boolean>>;

/** Collects effects. */
export class Outbox {
  #effects: Effect[] = [];
  #running = 0;
  readonly #send: (effects: readonly Effect[]) => void;

  /** `send` posts effects that belong to no ecall. */
  constructor(send: (effects: readonly Effect[]) => void) {
    this.#send = send;
  }

  /** Adds effects. */
  push(...effects: readonly Effect[]): void {
    for (const effect of effects) this.#effects.push(effect);
  }

  /** Adds a log line. Above half of what a response may hold, log lines are dropped. */
  log(level: LogLevel, code: string, fields: LogFields = {}): void {
    if (this.#effects.length > MAX_EFFECTS / 2) return;
    const pairs = Object.entries(fields).map(([name, value]) => [name, clip(String(value))] as const);
    this.push({ type: "log", value: { level: LOG_LEVELS.indexOf(level), code, fields: pairs } });
  }

  /** Runs an ecall's work; its effects, and those that gathered meanwhile, are taken at its end. */
  async collect<T>(work: () => Promise<T>): Promise<{ readonly value: T; readonly effects: readonly Effect[] }> {
    this.#running++;
    try {
      const value = await work();
      return { value, effects: this.#take() };
    } finally {
      this.#running--;
    }
  }

  /** Sends what waits, unless an ecall is running that will take it. */
  flush(): void {
    if (this.#running > 0 || this.#effects.length === 0) return;
    this.#send(this.#take());
  }

  #take(): readonly Effect[] {
    return this.#effects.splice(0, MAX_EFFECTS);
  }
}

function clip(text: string): string {
  return text.length > MAX_TEXT_BYTES / 4 ? `${text.slice(0, MAX_TEXT_BYTES / 4)}…` : text;
}
