/**
 * Finds and dials the provisioning endpoint of another validateer.
 *
 * Source: worker `service/src/sync_state.rs`, `service/src/worker.rs` (839eda024), PROTOCOL §5.4
 *
 * @module
 */
import { str, tryDecode } from "../../codec/codec.ts";
import { fromHex } from "../../primitives/hex.ts";
import { rpcReturnValue } from "../../types/rpc_return_value.ts";
import type { Log } from "../log.ts";
import { askPeer, PeerError } from "./peer_socket.ts";
import { DialError, openTcpPipe } from "./tcp_pipe.ts";

/** Method that tells where the provisioning endpoint is. */
const GET_MU_RA_URL = "author_getMuRaUrl";
/** Longest `host:port`: a host name has at most 253 letters. */
const MAX_ADDRESS_LENGTH = 260;

/** The enclave's end of a connection to the validateer whose trusted endpoint this is; none if it cannot be reached. */
export async function dialProvider(url: string, log: Log): Promise<MessagePort | undefined> {
  try {
    const address = readAddress(await askPeer(url, GET_MU_RA_URL));
    if (address === undefined) throw new PeerError("BadAnswer", `Cannot read the answer of "${url}"`);
    log("info", "ProviderDialled", { peer: url, address });
    return (await openTcpPipe(address)).port;
  } catch (error) {
    if (!(error instanceof PeerError || error instanceof DialError)) throw error;
    log("warn", "PeerUnreachable", { peer: url, reason: error.message });
    return undefined;
  }
}

/** The address inside an answer; `undefined` if it is none. */
function readAddress(result: unknown): string | undefined {
  let bytes: Uint8Array;
  try {
    bytes = fromHex(String(result));
  } catch {
    return undefined;
  }
  const answer = tryDecode(rpcReturnValue, bytes);
  const address = answer.ok && answer.value.status.type === "Ok"
    ? tryDecode(str(MAX_ADDRESS_LENGTH), answer.value.value)
    : undefined;
  return address?.ok === true ? address.value : undefined;
}
