/**
 * The method table: name, decoder of the parameters, handler. One router serves WebSocket and HTTP.
 *
 * @module
 */
import { CodecError } from "../codec/error.ts";
import { errorText, type ParsedRequest, parseFrame, resultText, type RpcRequest } from "./message.ts";
import { INTERNAL_ERROR, invalidParams, limitExceeded, methodNotFound, RpcError } from "./rpc_error.ts";
import type { Subscription, SubscriptionStyle } from "./subscription.ts";

/** What a handler may do with the connection that its request came on. */
export interface RpcCall {
  /** The connection itself, to tell its requests from others. */
  readonly connection: object;
  /**
   * Opens a subscription on the connection; one with the same id is replaced. Its notifications wait until the answer
   * of this request has been sent.
   *
   * @throws {RpcError} If the connection has too many, or the request did not come on a connection.
   */
  readonly subscribe: (style: SubscriptionStyle, id: string) => Subscription;
  /** Closes a subscription of this connection; false if it has none with this id. */
  readonly unsubscribe: (id: string) => boolean;
  /** Ends the connection, whose other end does what no honest one does; nothing more is sent. */
  readonly close: (reason: string) => void;
}

/** One row of the method table. */
export interface RpcMethod<Context, Params = unknown> {
  readonly name: string;
  /** What it does, for the description of the service. */
  readonly summary: string;
  /** Names of the positional parameters, for the description of the service. */
  readonly paramNames: readonly string[];
  /** Tokens that a request takes from the connection's bucket; a function of the parameters as they came never throws. */
  readonly cost: number | ((params: RpcRequest["params"]) => number);
  /** Reads the parameters. A thrown TypeError, RangeError or CodecError is answered as -32602. */
  readonly decode: (params: RpcRequest["params"]) => Params;
  /** Answers. A thrown {@linkcode RpcError} is the answer; anything else is -32603. */
  readonly handle: (params: Params, context: Context, call: RpcCall) => unknown | Promise<unknown>;
}

/** Fields of a method that have a usual value. */
export type MethodDefinition<Context, Params> =
  & Pick<RpcMethod<Context, Params>, "name" | "decode" | "handle">
  & Partial<Pick<RpcMethod<Context, Params>, "summary" | "paramNames" | "cost">>;

/** Makes a row of the method table and hides the type of its parameters. */
export function defineMethod<Context, Params>(method: MethodDefinition<Context, Params>): RpcMethod<Context> {
  return {
    name: method.name,
    summary: method.summary ?? "",
    paramNames: method.paramNames ?? [],
    cost: method.cost ?? 1,
    decode: method.decode,
    handle: (params, context, call) => method.handle(params as Params, context, call),
  };
}

/** Where a router reports what it does not tell its clients. */
export interface RouterOptions {
  /** Told of a handler that failed with something else than an {@linkcode RpcError}. */
  readonly onInternalError?: (method: string, error: unknown) => void;
  /** Longest frame; default {@linkcode MAX_FRAME_LENGTH}. */
  readonly maxFrameLength?: number;
}

/** For requests that did not come on a connection, such as HTTP. */
export const NO_CONNECTION: RpcCall = {
  connection: {},
  subscribe: () => {
    throw new RpcError(-32000, "Subscriptions are not available on this transport");
  },
  unsubscribe: () => false,
  close: () => {},
};

/** The method table with `rpc_methods` added; pure of any connection. */
export class RpcRouter<Context> {
  readonly #methods = new Map<string, RpcMethod<Context>>();
  readonly #options: RouterOptions;

  /** @throws {TypeError} If two methods have one name. */
  constructor(methods: readonly RpcMethod<Context>[], options: RouterOptions = {}) {
    this.#options = options;
    const list: RpcMethod<Context> = defineMethod({
      name: "rpc_methods",
      summary: "Names of all methods",
      decode: () => undefined,
      handle: () => ({ methods: this.names() }),
    });
    for (const method of [...methods, list]) {
      if (this.#methods.has(method.name)) throw new TypeError(`Cannot add method "${method.name}" twice`);
      this.#methods.set(method.name, method);
    }
  }

  /** Names of all methods in alphabetical order. */
  names(): string[] {
    return [...this.#methods.keys()].sort();
  }

  /** The row of a method, for descriptions and costs. */
  method(name: string): RpcMethod<Context> | undefined {
    return this.#methods.get(name);
  }

  /** Tokens that a request takes; 1 for what is no request. */
  costOf(request: ParsedRequest): number {
    if (!request.ok) return 1;
    const cost = this.#methods.get(request.value.method)?.cost ?? 1;
    return typeof cost === "number" ? cost : cost(request.value.params);
  }

  /** The text that answers one parsed request; `undefined` for a notification. Never throws. */
  async answer(request: ParsedRequest, context: Context, call: RpcCall): Promise<string | undefined> {
    if (!request.ok) return errorText(request.error.id, request.error.error);
    const { id } = request.value;
    try {
      const result = await this.#run(request.value, context, call);
      return id === undefined ? undefined : resultText(id, result);
    } catch (error) {
      return id === undefined ? undefined : errorText(id, this.#asRpcError(request.value.method, error));
    }
  }

  /**
   * The text that answers a frame without a connection, for HTTP; `undefined` if there is nothing to answer. `take`
   * takes tokens from a rate limit and says whether there were enough.
   */
  async answerFrame(
    text: string,
    context: Context,
    take: (cost: number) => boolean = () => true,
  ): Promise<string | undefined> {
    const frame = parseFrame(text, this.#options.maxFrameLength);
    if (!frame.ok) return errorText(null, frame.error);
    const answers: string[] = [];
    for (const request of frame.value.requests) {
      const answer = take(this.costOf(request))
        ? await this.answer(request, context, NO_CONNECTION)
        : limitText(request, "requests per second");
      if (answer !== undefined) answers.push(answer);
    }
    return joinAnswers(frame.value.batch, answers);
  }

  /** Longest frame that this router reads. */
  get maxFrameLength(): number | undefined {
    return this.#options.maxFrameLength;
  }

  async #run(request: RpcRequest, context: Context, call: RpcCall): Promise<unknown> {
    const method = this.#methods.get(request.method);
    if (method === undefined) throw methodNotFound();
    const params = decodeParams(method, request.params);
    return await method.handle(params, context, call);
  }

  #asRpcError(method: string, error: unknown): RpcError {
    if (error instanceof RpcError) return error;
    this.#options.onInternalError?.(method, error);
    return new RpcError(INTERNAL_ERROR, "Internal error");
  }
}

function decodeParams<Context>(method: RpcMethod<Context>, params: RpcRequest["params"]): unknown {
  try {
    return method.decode(params);
  } catch (error) {
    if (error instanceof CodecError || error instanceof TypeError || error instanceof RangeError) {
      throw invalidParams(error.message);
    }
    throw error;
  }
}

/** The text that refuses a request for a limit; `undefined` for a notification. */
export function limitText(request: ParsedRequest, limit: string): string | undefined {
  const id = request.ok ? request.value.id : request.error.id;
  return id === undefined ? undefined : errorText(id, limitExceeded(limit));
}

/** One text of the answers of a frame; `undefined` if there are none. */
export function joinAnswers(batch: boolean, answers: readonly string[]): string | undefined {
  if (answers.length === 0) return undefined;
  return batch ? `[${answers.join(",")}]` : answers[0];
}
