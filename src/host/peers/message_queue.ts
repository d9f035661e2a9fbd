/**
 * Messages that wait, bounded in number and length; the oldest give way.
 *
 * @module
 */

/** Bounds of a queue. */
export interface MessageQueueLimits {
  readonly count: number;
  /** Characters of all messages. */
  readonly length: number;
}

/** First in, first out. */
export class MessageQueue {
  readonly #limits: MessageQueueLimits;
  #messages: string[] = [];
  #length = 0;

  constructor(limits: MessageQueueLimits) {
    this.#limits = limits;
  }

  /** Messages that wait. */
  get size(): number {
    return this.#messages.length;
  }

  /** Adds a message. */
  push(message: string): void {
    this.#messages.push(message);
    this.#length += message.length;
  }

  /** Takes the oldest message. */
  shift(): string | undefined {
    const message = this.#messages.shift();
    this.#length -= message?.length ?? 0;
    return message;
  }

  /** Lets the oldest go until what is left is within the bounds; how many went. */
  trim(): number {
    const before = this.#messages.length;
    while (this.#messages.length > this.#limits.count || this.#length > this.#limits.length) this.shift();
    return before - this.#messages.length;
  }

  /** Lets all go. */
  clear(): void {
    this.#messages = [];
    this.#length = 0;
  }
}
