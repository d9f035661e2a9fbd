/**
 * Small sealed files besides keys and snapshots.
 *
 * @module
 */
import { type Codec, tryDecode } from "../../codec/codec.ts";
import type { Effect } from "../api/effects.ts";
import { seal, unseal } from "../sealing.ts";
import type { TicketHandler, Tickets } from "../tickets.ts";
import type { EnclaveSetup } from "./setup.ts";

/** Opens and decodes a file; `undefined` if it is damaged. */
export async function openSealedFile<T>(
  setup: EnclaveSetup,
  name: string,
  codec: Codec<T>,
  sealed: Uint8Array,
): Promise<T | undefined> {
  const opened = await unseal(setup.seal, name, sealed);
  if (!opened.ok) return undefined;
  const decoded = tryDecode(codec, opened.value);
  return decoded.ok ? decoded.value : undefined;
}

/** The effect that writes a file; `onWritten` goes on when the host has answered. */
export async function writeSealedFile(
  { seal: context }: EnclaveSetup,
  tickets: Tickets,
  name: string,
  content: Uint8Array,
  onWritten: TicketHandler<"file_written">,
): Promise<Effect> {
  const bytes = await seal(context, name, content);
  return { type: "write_file", value: { ticket: tickets.open("file_written", onWritten), name, bytes } };
}
