/**
 * Finds and dials the provisioning endpoint of another validateer.
 *
 * Source: worker `service/src/sync_state.rs`, `service/src/worker.rs` (839eda024)
 *
 * @module
 */
import type { Log } from "../log.ts";
import { readTextAnswer } from "../peers/text_answer.ts";
import { askPeer, PeerError } from "./peer_socket.ts";
import { DialError, openTcpPipe } from "./tcp_pipe.ts";

/** Method that tells where the provisioning endpoint is. */
const GET_MU_RA_URL = "author_getMuRaUrl";
/** Longest `host:port`: a host name has at most 253 letters. */
const MAX_ADDRESS_LENGTH = 260;

/** The enclave's end of a connection to the validateer whose trusted endpoint this is; none if it cannot be reached. */
export async function dialProvider(url: string, log: Log): Promise<MessagePort | undefined> {
  try {
    const address = readTextAnswer(await askPeer(url, GET_MU_RA_URL), MAX_ADDRESS_LENGTH);
    if (address === undefined) throw new PeerError("BadAnswer", `Cannot read the answer of "${url}"`);
    log("info", "ProviderDialled", { peer: url, address });
    return (await openTcpPipe(address)).port;
  } catch (error) {
    if (!(error instanceof PeerError || error instanceof DialError)) throw error;
    log("warn", "PeerUnreachable", { peer: url, reason: error.message });
    return undefined;
  }
}
