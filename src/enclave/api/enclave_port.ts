/**
 * The host's end of the boundary, in the same form over a worker's port and in one process.
 *
 * Messages over a port: the host posts {@linkcode EcallMessage}; the enclave posts {@linkcode AnswerMessage} and, of
 * its own accord, {@linkcode EffectsMessage}. Only numbers, strings and byte arrays cross; and the ends of pipes, in
 * {@linkcode PipeMessage}s, through which the host passes the bytes of a connection.
 *
 * @module
 */
import { type Codec, makeCodec, str, struct, u8 } from "../../codec/codec.ts";
import { CodecError } from "../../codec/error.ts";
import { concatBytes } from "../../primitives/bytes.ts";
import { err, ok, type Result } from "../../primitives/result.ts";
import { type EcallError, type EcallName, type EcallRequest, type EcallResponse, ecallRow } from "./ecalls.ts";
import { type Effect, effects } from "./effects.ts";
import { MAX_TEXT_BYTES } from "./limits.ts";

/** What an ecall gives: its result, and effects that count whether or not it succeeded. */
export interface Outcome<Response> {
  readonly result: Result<Response, EcallError>;
  readonly effects: readonly Effect[];
}

/** The enclave as its host sees it. */
export interface EnclavePort {
  /** Runs an ecall. Rejects with {@linkcode EnclavePortError} only if the enclave is gone or the message is garbage. */
  readonly call: <N extends EcallName>(name: N, request: EcallRequest<N>) => Promise<Outcome<EcallResponse<N>>>;
  /** Hands over one end of a pipe and gives the number by which an ecall names it. */
  readonly openPipe: (port: MessagePort) => number;
  /** Called with effects that belong to no ecall; set it before the first ecall. */
  onEffects: ((effects: readonly Effect[]) => void) | undefined;
}

/** The enclave cannot be reached, or its answer makes no sense. */
export class EnclavePortError extends Error {
  override readonly name = "EnclavePortError";
  readonly code: "EnclaveGone" | "InvalidAnswer";

  constructor(code: "EnclaveGone" | "InvalidAnswer", message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** Host to enclave. */
export interface EcallMessage {
  readonly id: number;
  readonly ecall: string;
  readonly bytes: Uint8Array;
}

/** Enclave to host: the encoded outcome of an ecall. */
export interface AnswerMessage {
  readonly id: number;
  readonly bytes: Uint8Array;
}

/** Enclave to host: effects that belong to no ecall. */
export interface EffectsMessage {
  readonly effects: Uint8Array;
}

/** Host to enclave: one end of a pipe. */
export interface PipeMessage {
  readonly pipe: number;
  readonly port: MessagePort;
}

/** What both ends of the worker's boundary need of a `MessagePort` or `Worker`. */
export interface MessageEnd {
  readonly postMessage: (message: unknown, transfer?: Transferable[]) => void;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
}

const ecallError: Codec<EcallError> = struct<EcallError>({ code: str(MAX_TEXT_BYTES), detail: str(MAX_TEXT_BYTES) });

/** SCALE codec of an outcome: 0 and the response, or 1 and the error; then the effects. */
export function outcome<Response>(response: Codec<Response>): Codec<Outcome<Response>> {
  return makeCodec<Outcome<Response>>(
    (value) =>
      concatBytes(
        value.result.ok
          ? concatBytes(new Uint8Array([0]), response.encode(value.result.value))
          : concatBytes(new Uint8Array([1]), ecallError.encode(value.result.error)),
        effects.encode(value.effects),
      ),
    (cursor) => {
      const index = u8.read(cursor);
      if (index > 1) throw new CodecError("UnknownVariant", `no variant has index ${index}`);
      const result = index === 0 ? ok(response.read(cursor)) : err(ecallError.read(cursor));
      return { result, effects: effects.read(cursor) };
    },
  );
}

/** Runs an encoded ecall: the enclave's side of the boundary. */
export type EcallHandler = (ecall: string, bytes: Uint8Array) => Promise<Uint8Array>;

/** Takes a pipe: the enclave's side of the boundary. */
export type PipeHandler = (pipe: number, port: MessagePort) => void;

/** A port to an enclave in the same process; everything is encoded and decoded as over a worker's port. */
export function createInProcessPort(handle: EcallHandler, onPipe: PipeHandler = () => {}): EnclavePort {
  let pipes = 0;
  return {
    onEffects: undefined,
    openPipe: (port) => {
      onPipe(++pipes, port);
      return pipes;
    },
    call: async <N extends EcallName>(name: N, request: EcallRequest<N>) => {
      const bytes = await handle(name, encodeRequest(name, request));
      return decodeOutcome(name, bytes);
    },
  };
}

/** A port to an enclave behind a message port; `gone` is to be called when the worker has ended. */
export function createMessageEnclavePort(end: MessageEnd): EnclavePort & { readonly gone: (cause: unknown) => void } {
  const waiting = new Map<number, { resolve: (bytes: Uint8Array) => void; reject: (error: Error) => void }>();
  let nextId = 1;
  let pipes = 0;
  let lost: EnclavePortError | undefined;
  const port = {
    onEffects: undefined as EnclavePort["onEffects"],
    call: async <N extends EcallName>(name: N, request: EcallRequest<N>) => {
      if (lost !== undefined) throw lost;
      const bytes = encodeRequest(name, request);
      const id = nextId++;
      const answer = new Promise<Uint8Array>((resolve, reject) => waiting.set(id, { resolve, reject }));
      end.postMessage({ id, ecall: name, bytes } satisfies EcallMessage);
      return decodeOutcome(name, await answer);
    },
    openPipe: (pipe: MessagePort) => {
      end.postMessage({ pipe: ++pipes, port: pipe } satisfies PipeMessage, [pipe]);
      return pipes;
    },
    gone: (cause: unknown) => {
      lost ??= new EnclavePortError("EnclaveGone", "The enclave has ended", cause);
      for (const { reject } of waiting.values()) reject(lost);
      waiting.clear();
    },
  };
  end.onmessage = ({ data }) => {
    if (isAnswer(data)) {
      waiting.get(data.id)?.resolve(data.bytes);
      waiting.delete(data.id);
    } else if (isEffects(data)) {
      port.onEffects?.(effects.decode(data.effects));
    }
  };
  return port;
}

/** Serves ecalls on the enclave's end of a message port; the returned function posts effects of its own accord. */
export function serveEcalls(
  end: MessageEnd,
  handle: EcallHandler,
  onPipe: PipeHandler = () => {},
): (own: readonly Effect[]) => void {
  end.onmessage = ({ data }) => {
    if (isPipe(data)) return onPipe(data.pipe, data.port);
    if (!isEcall(data)) return;
    handle(data.ecall, data.bytes).then((bytes) => end.postMessage({ id: data.id, bytes } satisfies AnswerMessage));
  };
  return (own) => end.postMessage({ effects: effects.encode(own) } satisfies EffectsMessage);
}

function encodeRequest<N extends EcallName>(name: N, request: EcallRequest<N>): Uint8Array {
  return ecallRow(name).request.encode(request);
}

function decodeOutcome<N extends EcallName>(name: N, bytes: Uint8Array): Outcome<EcallResponse<N>> {
  try {
    return outcome(ecallRow(name).response).decode(bytes);
  } catch (cause) {
    throw new EnclavePortError("InvalidAnswer", `Cannot decode the answer to "${name}"`, cause);
  }
}

function isObject(data: unknown): data is Record<string, unknown> {
  return typeof data === "object" && data !== null;
}

function isEcall(data: unknown): data is EcallMessage {
  return isObject(data) && typeof data["id"] === "number" && typeof data["ecall"] === "string" &&
    data["bytes"] instanceof Uint8Array;
}

function isPipe(data: unknown): data is PipeMessage {
  return isObject(data) && typeof data["pipe"] === "number" && data["port"] instanceof MessagePort;
}

function isAnswer(data: unknown): data is AnswerMessage {
  return isObject(data) && typeof data["id"] === "number" && data["bytes"] instanceof Uint8Array;
}

function isEffects(data: unknown): data is EffectsMessage {
  return isObject(data) && data["effects"] instanceof Uint8Array;
}
