/**
 * Sending one trusted call, directly or through the parentchain, and telling how it ended.
 *
 * @module
 */
import { computeTopHash } from "../../types/top_hash.ts";
import { type TrustedCall, trustedCallSender } from "../../types/trusted_call.ts";
import type { TrustedOperationStatus } from "../../types/trusted_operation_status.ts";
import { encodeBase58 } from "../../primitives/base58.ts";
import type { AccountId, ShardIdentifier } from "../../primitives/branded.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import { toHex } from "../../primitives/hex.ts";
import { type SigningDomain, sr25519Signer, type TrustedSigner } from "../../client/trusted_signer.ts";
import { computeCallFee } from "../../stf/fees.ts";
import { signerOf } from "./accounts.ts";
import { CliError } from "./cli_error.ts";
import { valueOf } from "./client_errors.ts";
import type { CommandContext } from "./context.ts";
import { invokeAndWait } from "./indirect_call.ts";
import { identifiers, parentchainSigner, trustedKeystore, type TrustedOptions } from "./trusted_options.ts";
import { withWorker, type WorkerSession } from "./worker_session.ts";

/** What a call is made of once its parties are known. */
export interface CallRequest {
  /** Who signs, as a person names the account. */
  readonly from: string;
  /** Nonce, if it is not to be asked for. */
  readonly nonce: number | undefined;
  /** Builds the call. */
  readonly build: (sender: AccountId, shard: ShardIdentifier) => TrustedCall;
}

/** Smallest units of one token, by which fees are computed: 12 decimals of TEER unless the chain says otherwise. */
export async function oneToken(session: WorkerSession): Promise<bigint> {
  const decimals = (await session.parentchain()).api.registry.chainDecimals[0] ?? 12;
  return 10n ** BigInt(decimals);
}

/** Sends a call and prints its hash; fails if it turned out invalid. @throws {CliError} */
export async function performCall(
  context: CommandContext,
  options: TrustedOptions,
  { from, nonce, build }: CallRequest,
): Promise<void> {
  await withWorker(context, options.shard, async (session) => {
    const domain = await identifiers(session, options);
    const signer = sr25519Signer(signerOf(from, trustedKeystore(domain.shard)));
    const call = build(signer.account, domain.shard);
    if (options.direct === true) await sendDirectly(context, session, call, domain, signer, nonce);
    else await sendIndirectly(context, session, options, call, domain, signer, nonce);
  });
}

async function sendDirectly(
  { terminal }: CommandContext,
  session: WorkerSession,
  call: TrustedCall,
  domain: SigningDomain,
  signer: TrustedSigner,
  nonce: number | undefined,
): Promise<void> {
  const before = valueOf("read the nonce", await session.client.accountInfo(domain.shard, signer));
  const used = nonce ?? before.nonce;
  const watched = valueOf(
    "submit the call",
    await session.client.submitCall(call, domain, signer, {
      nonce: used,
      onStatus: (status) => terminal.note(`status: ${describeStatus(status)}`),
    }),
  );
  terminal.print(toHex(watched.hash));
  const status = valueOf("learn how the call ended", await watched.final);
  if (status.type === "InSidechainBlock" || status.type === "Finalized") return;
  const reason = used < before.nonce
    ? `nonce ${used} was used before, the next one is ${before.nonce}`
    : await explainFailure(session, call, domain, signer, used);
  throw new CliError("Operation", `The call ended as ${status.type}: ${reason}`);
}

async function sendIndirectly(
  { terminal }: CommandContext,
  session: WorkerSession,
  options: TrustedOptions,
  call: TrustedCall,
  domain: SigningDomain,
  signer: TrustedSigner,
  nonce: number | undefined,
): Promise<void> {
  const chain = await session.parentchain();
  const payer = parentchainSigner(chain, options);
  const { request, operation } = valueOf(
    "prepare the call",
    await session.client.prepareCall("indirect_call", call, domain, signer, nonce),
  );
  terminal.print(toHex(computeTopHash(operation)));
  await invokeAndWait(chain, terminal, request, payer);
}

function describeStatus(status: TrustedOperationStatus): string {
  return status.type === "InSidechainBlock" ? `${status.type} ${toHex(status.value)}` : status.type;
}

/** The reason, as far as the signer can see it: the protocol pushes none. */
async function explainFailure(
  session: WorkerSession,
  call: TrustedCall,
  domain: SigningDomain,
  signer: TrustedSigner,
  nonce: number,
): Promise<string> {
  const actual = session.enclave?.statement.fingerprint ??
    valueOf("ask for the fingerprint", await session.client.fingerprint());
  if (!equalBytes(actual, domain.fingerprint)) {
    return `the fingerprint given (${encodeBase58(domain.fingerprint)}) is not the enclave's (${
      encodeBase58(actual)
    }), ` +
      "so the signature is not valid there";
  }
  if (!equalBytes(trustedCallSender(call), signer.account)) return "the signer is not the call's sender";
  const info = valueOf("read the account", await session.client.accountInfo(domain.shard, signer));
  if (info.nonce < nonce) return `nonce ${nonce} is ahead of the account's next one, ${info.nonce}`;
  const needed = amountOf(call) + computeCallFee(call, await oneToken(session));
  if (info.data.free < needed) {
    return `the account has ${info.data.free}, too little for the amount and the fee of together ${needed}`;
  }
  return "the enclave could not execute it";
}

function amountOf(call: TrustedCall): bigint {
  return call.type === "balance_transfer" || call.type === "balance_unshield" ? call.value.amount : 0n;
}
