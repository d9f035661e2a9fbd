/**
 * INSECURE BY DESIGN: the published private key of the emulated development root. It is no secret and protects nothing;
 * `src/attestation/emulated_root.ts` says what it is for. An operator who wants a root of their own passes
 * `--platform-root`.
 *
 * @module
 */

/** Private key of the development root, as JWK. */
export const EMULATED_DEVELOPMENT_ROOT_KEY: JsonWebKey = {
  kty: "EC",
  crv: "P-256",
  d: "h6DSrFdhJK2-_5NhJwTNHkb0waDqjWGa0AgFuwtQxPs",
  x: "G5xoDTEZIln73hvCdBDkk-SZ7vSeZzl0WSbpRgrb1RA",
  y: "GKofLdN7s8zoqPNPpR1jfaaOkmRM1RB6pfWcS0RfDqM",
};
