/**
 * What an enclave reads at a restart, one file after the other: peers, payout ledger, snapshots, blocks.
 *
 * @module
 */
import type { Effect } from "../api/effects.ts";
import type { PayoutLedger } from "../duties/payout_ledger.ts";
import type { Tickets } from "../tickets.ts";
import { LEDGER_FILE, openLedger } from "./duty_runner.ts";
import type { Outbox } from "./outbox.ts";
import { PeerRegistry, PEERS_FILE } from "./peer_registry.ts";
import { type Recovered, startRecovery } from "./recovery.ts";
import type { EnclaveSetup } from "./setup.ts";

/** What was found. */
export interface StartFiles {
  registry: PeerRegistry;
  ledger: PayoutLedger | undefined;
  recovered: Recovered | undefined;
}

/** What reading needs. */
export interface StartFilesContext {
  readonly setup: EnclaveSetup;
  readonly tickets: Tickets;
  readonly outbox: Outbox;
  /** Called once at the end. */
  readonly onDone: (found: StartFiles) => void;
}

/** Reads the files that are there and gives the first effects. */
export async function readStartFiles(context: StartFilesContext): Promise<readonly Effect[]> {
  const { setup, tickets, outbox, onDone } = context;
  const found: StartFiles = {
    registry: new PeerRegistry(setup, tickets, outbox),
    ledger: undefined,
    recovered: undefined,
  };
  const read = (name: string, take: (sealed: Uint8Array | undefined) => Promise<readonly Effect[]>) => {
    if (!setup.config.files.includes(name)) return undefined;
    const value = { ticket: tickets.open("file_read", take), name };
    return [{ type: "read_file", value }] as const;
  };
  const readState = () =>
    startRecovery({
      ...{ setup, tickets, outbox },
      onDone: (recovered) => onDone({ ...found, recovered }),
    });
  const readLedger = async (): Promise<readonly Effect[]> =>
    read(LEDGER_FILE, async (sealed) => {
      found.ledger = sealed === undefined ? undefined : await openLedger(setup, sealed);
      if (found.ledger !== undefined) return await readState();
      const detail =
        `The file "${LEDGER_FILE}" is damaged, or of another version: without it a payout could be paid twice`;
      return [{ type: "fatal", value: { code: "PayoutLedgerDamaged", detail } }];
    }) ?? await readState();
  return read(PEERS_FILE, async (sealed = new Uint8Array(0)) => {
    found.registry = await PeerRegistry.open(setup, tickets, outbox, sealed);
    return await readLedger();
  }) ?? await readLedger();
}
