/** Small values for golden bytes. */
import { accountId, shardIdentifier } from "../../src/primitives/branded.ts";

export const fill = (byte: number, length = 32) => new Uint8Array(length).fill(byte);
export const hex = (byte: string, length = 32) => byte.repeat(length);
export const plain = <Name extends string>(type: Name) => ({ type, value: undefined });
export const ONE_U128 = "01" + hex("00", 15);
export const ALICE = accountId(fill(0xa1));
export const BOB = accountId(fill(0xb0));
export const SHARD = shardIdentifier(fill(0x55));
export const SIGNATURE = { type: "Sr25519" as const, value: fill(0x77, 64) };
