/**
 * The published root of emulated development platforms.
 *
 * INSECURE BY DESIGN: its private key stands in this repository (`src/enclave/platform/development_root_key.ts`), so
 * everybody can make quotes under it. It lets a development chain go through every step of attestation and proves
 * nothing. Accept it on development chains only.
 *
 * @module
 */
import { fromHex } from "../primitives/hex.ts";
import type { PlatformRoot } from "./platform_root.ts";

/** The root's certificate, self-signed. */
export const EMULATED_DEVELOPMENT_ROOT_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBkDCCATWgAwIBAgIBATAKBggqhkjOPQQDAjA9MTswOQYDVQQDEzJJTlNFQ1VS
RSBpbnRlZ3JpdGVlLWVkZ2UgZW11bGF0ZWQgZGV2ZWxvcG1lbnQgcm9vdDAeFw0y
MDAxMDEwMDAwMDBaFw00OTEyMzEyMzU5NTlaMD0xOzA5BgNVBAMTMklOU0VDVVJF
IGludGVncml0ZWUtZWRnZSBlbXVsYXRlZCBkZXZlbG9wbWVudCByb290MFkwEwYH
KoZIzj0CAQYIKoZIzj0DAQcDQgAEG5xoDTEZIln73hvCdBDkk+SZ7vSeZzl0WSbp
Rgrb1RAYqh8t03uzzOio80+lHWN9po6SZEzVEHql9ZxLRF8Oo6MmMCQwEgYDVR0T
AQH/BAgwBgEB/wIBATAOBgNVHQ8BAf8EBAMCAQYwCgYIKoZIzj0EAwIDSQAwRgIh
ANF67cGwX2Lw+EOLGNCjRETiJ7vTSfCBdvtHP1IzUBBOAiEAxnR7QiZtw/D2I306
W8K/qcyKJtfEHeY/kX/myL2HMWI=
-----END CERTIFICATE-----
`;

/** The root as a verifier takes it. */
export const EMULATED_DEVELOPMENT_ROOT: PlatformRoot = {
  name: "INSECURE integritee-edge emulated development root",
  publicKey: fromHex(
    "0x1b9c680d31192259fbde1bc27410e493e499eef49e6739745926e9460adbd51018aa1f2dd37bb3cce8a8f34fa51d637da68e92644cd5107aa5f59c4b445f0ea3",
  ),
  isEmulated: true,
};
