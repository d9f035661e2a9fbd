/**
 * A key statement of an enclave that does not exist, with the pair that signs it.
 *
 * @module
 */
import { KEY_STATEMENT_VERSION, type KeyStatement } from "../../src/attestation/key_statement.ts";
import { ed25519FromSeed } from "../../src/crypto/ed25519.ts";
import { accountId, enclaveFingerprint, h256, shardIdentifier } from "../../src/primitives/branded.ts";
import { NOW_MS } from "../attestation/quote_builder.ts";

const fill = (value: number): Uint8Array => new Uint8Array(32).fill(value);

/** Signs it. */
export const pair = ed25519FromSeed(fill(5));
/** Valid for an hour from the time of the quotes on. */
export const statement: KeyStatement = {
  version: KEY_STATEMENT_VERSION,
  genesis: h256(fill(3)),
  shard: shardIdentifier(fill(2)),
  fingerprint: enclaveFingerprint(fill(1)),
  signer: accountId(pair.publicKey),
  instanceId: new Uint8Array(16),
  slotDurationMs: 300,
  rsaKeyHash: h256(fill(7)),
  x25519: fill(8),
  tlsCertHash: h256(fill(4)),
  epoch: 0,
  notBeforeMs: BigInt(NOW_MS),
  notAfterMs: BigInt(NOW_MS + 3_600_000),
  parentchainFinality: "proven",
  hasRoot: false,
};
