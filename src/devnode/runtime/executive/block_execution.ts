/**
 * A running block: the context of all pallets.
 *
 * @module
 */
import { err } from "../../../primitives/result.ts";
import type { CallCost, DispatchResult, RuntimeCall } from "../dispatch/call.ts";
import type { EventDefinition } from "../dispatch/event.ts";
import type { RuntimeParameters } from "../parameters.ts";
import { type ExecutionContext, fail, transactional } from "../dispatch/context.ts";
import type { Origin } from "../dispatch/origin.ts";
import type { RuntimeModel } from "../model.ts";
import { systemErrors } from "../pallets/system/events.ts";
import { digestLogs, eventCount, eventTopics, executionPhase, number } from "../pallets/system/storage.ts";
import { type EventRecord, eventRecord } from "../pallets/system/system.ts";
import { MAX_TRANSACTION_DEPTH, StorageOverlay } from "../storage/overlay.ts";
import type { DigestItem } from "../types/common.ts";
import type { RuntimeType } from "../types/runtime_type.ts";
import type { Trie } from "../../../trie/trie.ts";

/** A block between its first and its last extrinsic, on a state of its own. */
export class BlockExecution implements ExecutionContext {
  readonly store: StorageOverlay;
  readonly model: RuntimeModel;
  readonly #record: RuntimeType<EventRecord>;

  constructor(model: RuntimeModel, parent: Trie) {
    this.model = model;
    this.store = new StorageOverlay(parent);
    this.#record = eventRecord(model.eventType);
  }

  get parameters(): RuntimeParameters {
    return this.model.definition.parameters;
  }

  readonly palletIndex = (pallet: string): number => this.model.palletIndex(pallet);

  readonly costOf = (call: RuntimeCall): CallCost => this.model.costOf(call);

  readonly encodeCall = (call: RuntimeCall): Uint8Array => this.model.callType.codec.encode(call);

  readonly deposit = <T>(event: EventDefinition<T>, value: T, topics: readonly Uint8Array[] = []): void => {
    const block = number.get(this.store);
    // Genesis has no block that could tell of events.
    if (block === 0) return;
    const index = eventCount.get(this.store);
    eventCount.put(this.store, index + 1);
    const phase = executionPhase.get(this.store) ?? { type: "Initialization" as const, value: undefined };
    const record = { phase, event: { pallet: event.pallet, name: event.name, value }, topics };
    this.store.append(this.#record.codec.encode(record));
    for (const topic of topics) {
      eventTopics.insert(this.store, topic, [...eventTopics.get(this.store, topic), [block, index]]);
    }
  };

  readonly log = (item: DigestItem): void => {
    digestLogs.put(this.store, [...digestLogs.get(this.store), item]);
  };

  readonly dispatch = (origin: Origin, call: RuntimeCall): DispatchResult => {
    const isFiltered = origin.type === "Signed" && origin.filter !== undefined && !origin.filter(call);
    if (isFiltered) return fail(this, systemErrors.CallFiltered);
    if (this.store.depth >= MAX_TRANSACTION_DEPTH) return err({ type: "Transactional", value: "LimitReached" });
    const { dispatch } = this.model.callDefinition(call);
    return transactional(this.store, () => dispatch(this, origin, call.args));
  };
}
