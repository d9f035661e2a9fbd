/**
 * The enclave: the ecall table in front of the runtime, with one queue for everything that changes state.
 *
 * @module
 */
import { type Codec, tryDecode } from "../codec/codec.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import type { EcallError, EcallName, EcallRequest, EcallResponse } from "./api/ecalls.ts";
import { ecallRow, isEcallName } from "./api/ecalls.ts";
import { outcome } from "./api/enclave_port.ts";
import type { Effect } from "./api/effects.ts";
import { MAX_TEXT_BYTES } from "./api/limits.ts";
import type { EnclavePorts } from "./core/enclave_ports.ts";
import { Outbox } from "./core/outbox.ts";
import { Runtime } from "./core/runtime.ts";
import type { Shard } from "./core/shard.ts";
import type { RpcService } from "./rpc/rpc_service.ts";
import type { TicketAnswers } from "./tickets.ts";
import { TurnQueue } from "./turn_queue.ts";

/** Longest detail of a refusal in UTF-16 units: each takes up to three bytes of {@linkcode MAX_TEXT_BYTES}. */
export const MAX_DETAIL_LENGTH: number = MAX_TEXT_BYTES / 4;

type Answer<N extends EcallName> = Result<EcallResponse<N>, EcallError>;
type Handlers = { readonly [N in EcallName]: (request: EcallRequest<N>) => Answer<N> | Promise<Answer<N>> };

/** One enclave. */
export class Enclave {
  readonly #outbox: Outbox;
  readonly #runtime: Runtime;
  readonly #handlers: Handlers;
  readonly #turns = new TurnQueue();

  constructor(ports: EnclavePorts) {
    this.#outbox = new Outbox(ports.sendEffects);
    this.#runtime = new Runtime(ports, this.#outbox, {
      enqueue: (work) => void this.#turns.run(() => this.#work(work)),
      push: (work) => this.#turns.push({ ...work, run: () => this.#work(work.run) }),
    });
    this.#handlers = createHandlers(this.#runtime, (effects) => this.#outbox.push(...effects));
  }

  /** The service behind the RPC methods, for endpoints other than the TLS server. @throws {TypeError} Before `init`. */
  service(): RpcService {
    return this.#runtime.service();
  }

  /** The running shard, for checks in the same process that look at its state; none before `init_parentchain`. */
  shard(): Shard | undefined {
    return this.#runtime.shard;
  }

  /** Runs an encoded ecall and gives its encoded outcome. Never rejects. */
  async handle(name: string, bytes: Uint8Array): Promise<Uint8Array> {
    if (!isEcallName(name)) return encodeFailure({ code: "UnknownEcall", detail: "Not in the table" });
    if (!ecallRow(name).mutates) return await this.#run(name, bytes);
    return await this.#turns.run(() => this.#run(name, bytes));
  }

  async #run<N extends EcallName>(name: N, bytes: Uint8Array): Promise<Uint8Array> {
    const row = ecallRow(name);
    const request = tryDecode(row.request, bytes);
    if (!request.ok) return encodeFailure({ code: "RequestUndecodable", detail: request.error.message });
    const refusal = this.#runtime.refusalOf(name);
    const work = async (): Promise<Answer<N>> => {
      if (refusal !== undefined) return err(refusal);
      try {
        return await this.#handlers[name](request.value);
      } catch (error) {
        return err({ code: "InternalError", detail: placeOf(error) });
      }
    };
    const { value, effects } = await this.#outbox.collect(work);
    try {
      return outcome(row.response as Codec<EcallResponse<N>>).encode({ result: clipped(value), effects });
    } catch (error) {
      // Something is longer than the boundary allows. Effects may be lost, so nothing may go on as if they were not.
      return encodeFailure({ code: "OutcomeUnencodable", detail: placeOf(error) }, [UNENCODABLE]);
    }
  }

  /** Does work that comes from the enclave's own endpoints, in its turn among the ecalls. Never rejects. */
  async #work(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#outbox.log("error", "InternalError", { at: placeOf(error) });
    }
    this.#outbox.flush();
  }
}

function createHandlers(runtime: Runtime, push: (effects: readonly Effect[]) => void): Handlers {
  const answered = async <K extends keyof TicketAnswers>(
    kind: K,
    ticket: bigint,
    answer: TicketAnswers[K],
  ): Promise<Result<undefined, EcallError>> => {
    const result = await runtime.tickets.answer(kind, ticket, answer);
    if (!result.ok) return err({ code: result.error.code, detail: `Ticket ${ticket} waits for no ${kind}` });
    push(result.value);
    return ok(undefined);
  };
  return {
    init: (request) => runtime.init(request),
    init_parentchain: (request) => runtime.initParentchain(request),
    import_parentchain: (request) => runtime.importParentchain(request),
    start_rpc: () => runtime.startRpc(),
    on_slot: async ({ nowMs }) => ok(await runtime.onSlot(Number(nowMs))),
    persisted: ({ hash }) => runtime.persisted(hash),
    import_blocks: (request) => runtime.importBlocks(request),
    file_written: ({ ticket, ok: written }) => answered("file_written", ticket, written),
    file_read: ({ ticket, bytes }) => answered("file_read", ticket, bytes),
    blocks_read: ({ ticket, blocks }) => answered("blocks_read", ticket, blocks),
    extrinsic_submitted: ({ ticket, accepted }) => answered("extrinsic_submitted", ticket, accepted),
    start_provisioning: () => runtime.startProvisioning(),
    peer_dialed: ({ ticket, pipe }) => answered("peer_dialed", ticket, pipe),
    metrics: () => ok(runtime.metrics()),
    health: () => ok(runtime.health()),
    shutdown: async () => ok(await runtime.shutdown() as undefined),
  };
}

/** What the host is told when an outcome had to be dropped. */
const UNENCODABLE: Effect = {
  type: "fatal",
  value: { code: "OutcomeUnencodable", detail: "An outcome exceeded the limits of the boundary" },
};

/** Bounds the words of a refusal: names of pallets and types in them are the parentchain's, of any length. */
function clipped<T>(result: Result<T, EcallError>): Result<T, EcallError> {
  if (result.ok || result.error.detail.length <= MAX_DETAIL_LENGTH) return result;
  const { code, detail } = result.error;
  return err({ code, detail: `${detail.slice(0, MAX_DETAIL_LENGTH)}…` });
}

function encodeFailure(error: EcallError, effects: readonly Effect[] = []): Uint8Array {
  return outcome(ecallRow("health").response).encode({ result: err(error), effects });
}

/** Kind and place of a mistake of this code. Its message stays here: it may quote what must not leave. */
function placeOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  const frame = error.stack?.split("\n").find((line) => line.trimStart().startsWith("at "))?.trim() ?? "";
  return `${error.name} ${frame}`.slice(0, 256);
}
