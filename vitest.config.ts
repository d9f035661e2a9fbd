import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Floors 0 to 5 and the client: the same files run in Deno and in Chromium. */
const PORTABLE_TESTS = [
  "primitives",
  "codec",
  "crypto",
  "types",
  "trie",
  "state",
  "attestation",
  "stf",
  "parentchain",
  "transport",
  "sidechain",
  "client",
].map((folder) => `tests/${folder}/**/*.test.ts`);

/** Packages that browser tests load: known beforehand, so that vite never reloads a page in the middle of a run. */
const BROWSER_PACKAGES = [
  "@noble/curves/ed25519.js",
  "@noble/curves/secp256k1.js",
  "@noble/hashes/blake2.js",
  "@noble/hashes/hkdf.js",
  "@noble/hashes/pbkdf2.js",
  "@noble/hashes/sha2.js",
  "@noble/hashes/sha3.js",
  "@peculiar/x509",
  "@polkadot-api/metadata-builders",
  "@polkadot-api/substrate-bindings",
  "@polkadot/wasm-crypto",
  "@scure/bip39",
  "@scure/bip39/wordlists/english.js",
  "@scure/sr25519",
  "fast-check",
  "hash-wasm",
  "reflect-metadata",
  "scale-ts",
  "xxhash-wasm",
];

const CHROMIUM_FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Whole processes mostly wait for slots and parentchain blocks: three workers keep two cores busy. */
const WORKERS = 3;

/** What takes longest comes first, so that no worker is left alone with it at the end; simulations, which never wait, among it. */
const LONGEST = ["/simulation/simulation.test.ts", "/e2e/faults.test.ts", "/e2e/network_faults.test.ts"];

/** {@linkcode LONGEST}, then whole processes, then all others. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const rank = ({ moduleId }: TestSpecification): number =>
      LONGEST.some((path) => moduleId.endsWith(path)) ? 0 : moduleId.includes("/e2e/") ? 1 : 2;
    return sorted.toSorted((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: "deno",
          include: ["tests/**/*.test.ts"],
          exclude: ["tests/browser/**", "**/node_modules/**"],
          pool: "forks",
          maxWorkers: WORKERS,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        optimizeDeps: { include: BROWSER_PACKAGES },
        test: {
          name: "chromium",
          include: [...PORTABLE_TESTS, "tests/browser/**/*.test.ts"],
          testTimeout: 60_000,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: { executablePath: process.env["CHROMIUM"] ?? "", args: CHROMIUM_FLAGS },
            }),
            instances: [{ browser: "chromium" }],
          },
        },
      },
    ],
  },
});
