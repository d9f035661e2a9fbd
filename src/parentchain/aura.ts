/**
 * Aura: the slot of a header and the seal of the slot's author.
 *
 * Source: substrate `client/consensus/aura/src/standalone.rs` (the parentchain's own rules)
 *
 * @module
 */
import { bytesOf, type Codec, tryDecode, u64, variant, vec } from "../codec/codec.ts";
import { blake2_256 } from "../crypto/blake2.ts";
import { ed25519Verify } from "../crypto/ed25519.ts";
import { sr25519Verify } from "../crypto/sr25519.ts";
import { equalBytes } from "../primitives/bytes.ts";
import { err, type Result } from "../primitives/result.ts";
import { AURA_ENGINE } from "./digest.ts";
import { type ParentchainHeader, parentchainHeader } from "./header.ts";

/** Signature scheme of a chain's Aura authorities. */
export type AuraScheme = "sr25519" | "ed25519";

/** Why a header is not its slot author's. */
export type AuraError =
  /** There is not exactly one Aura slot in the digest, or it is not eight bytes. */
  | { readonly code: "SlotInvalid" }
  /** The last digest item is not an Aura seal of 64 bytes. */
  | { readonly code: "SealMissing" }
  /** The parent's state names no authorities. */
  | { readonly code: "NoAuthorities" }
  /** The seal is not the slot author's signature. */
  | { readonly code: "BadSeal"; readonly slot: bigint };

/** Slot of a header: exactly one Aura pre-runtime item of eight bytes. Block 0 has none. */
export function auraSlot(header: ParentchainHeader): Result<bigint, AuraError> {
  const slots = header.digest.filter((item) =>
    item.type === "PreRuntime" && equalBytes(item.value.engine, AURA_ENGINE)
  );
  const [only] = slots;
  if (slots.length !== 1 || only?.type !== "PreRuntime") return err({ code: "SlotInvalid" });
  const slot = tryDecode(u64, only.value.payload);
  return slot.ok ? slot : err({ code: "SlotInvalid" });
}

/**
 * Verifies that the author of the header's slot sealed it. The author of slot `s` is `authorities[s mod n]`, and it signs
 * the hash of the header without the seal.
 *
 * @param authorities Aura authorities in the state of the header's parent.
 */
export function verifyAuraSeal(
  header: ParentchainHeader,
  authorities: readonly Uint8Array[],
  scheme: AuraScheme,
): Result<bigint, AuraError> {
  const slot = auraSlot(header);
  if (!slot.ok) return slot;
  const seal = header.digest.at(-1);
  if (seal?.type !== "Seal" || !equalBytes(seal.value.engine, AURA_ENGINE) || seal.value.payload.length !== 64) {
    return err({ code: "SealMissing" });
  }
  if (authorities.length === 0) return err({ code: "NoAuthorities" });
  const author = authorities[Number(slot.value % BigInt(authorities.length))] as Uint8Array;
  const preHash = blake2_256(parentchainHeader.encode({ ...header, digest: header.digest.slice(0, -1) }));
  const verify = scheme === "sr25519" ? sr25519Verify : ed25519Verify;
  return verify(seal.value.payload, preHash, author) ? slot : err({ code: "BadSeal", slot: slot.value });
}

/** Most Aura authorities that are read: the solo runtime's bound is 32; other chains have up to a thousand. */
export const MAX_AURA_AUTHORITIES = 1_024;

/** SCALE codec of a list of Aura authorities. */
export const auraAuthorityList: Codec<readonly Uint8Array[]> = vec(bytesOf(32), MAX_AURA_AUTHORITIES);

const authoritiesChange = variant<{ AuthoritiesChange: readonly Uint8Array[] }>({
  AuthoritiesChange: [1, auraAuthorityList],
});

/** Authorities that the runtime announces in a header for the next blocks, or `undefined` if they stay. */
export function findAuraChange(header: ParentchainHeader): readonly Uint8Array[] | undefined {
  for (const item of header.digest) {
    if (item.type !== "Consensus" || !equalBytes(item.value.engine, AURA_ENGINE)) continue;
    const change = tryDecode(authoritiesChange, item.value.payload);
    if (change.ok) return change.value.value;
  }
  return undefined;
}
