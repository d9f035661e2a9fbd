/**
 * Finds a Chromium for the browser tests: `$CHROMIUM`, else an installed Chromium or Chrome, else the one that comes in
 * the npm package `@sparticuz/chromium`, unpacked once below `.build/`.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { delimiter, join } from "node:path";

/** A browser and the environment variables it wants. */
export interface Chromium {
  /** Absolute path of the executable. */
  readonly path: string;
  /** Variables to add to the environment of the process that starts it. */
  readonly env: Readonly<Record<string, string>>;
}

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const FIXED_PATHS = [
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

/** What to do when no browser can be had. */
export const CHROMIUM_HINT =
  'Install Chromium or Chrome, or name one with the environment variable "CHROMIUM"; tests without a browser: "deno task test:deno"';

/** Finds or unpacks a Chromium. @throws {Error} If `$CHROMIUM` is wrong or nothing can be had; the message has a hint. */
export async function findChromium(buildDir: string): Promise<Chromium> {
  const named = Deno.env.get("CHROMIUM");
  if (named !== undefined && named !== "") {
    if (!existsSync(named)) throw new Error(`Cannot find the browser "${named}" of CHROMIUM. ${CHROMIUM_HINT}`);
    return { path: named, env: {} };
  }
  const folders = (Deno.env.get("PATH") ?? "").split(delimiter).filter((folder) => folder !== "");
  const candidates = [...folders.flatMap((folder) => NAMES.map((name) => join(folder, name))), ...FIXED_PATHS];
  const installed = candidates.find((path) => existsSync(path));
  return installed === undefined ? await unpackChromium(buildDir) : { path: installed, env: {} };
}

/** Unpacks the browser of the npm package with the libraries it brings. @throws {Error} With a hint. */
export async function unpackChromium(buildDir: string): Promise<Chromium> {
  const target = join(buildDir, "chromium");
  const found = {
    path: join(target, "chromium"),
    env: { LD_LIBRARY_PATH: join(target, "al2023", "lib"), FONTCONFIG_PATH: join(target, "fonts") },
  };
  if (existsSync(found.path)) return found;
  const unpacking = `${target}.${Deno.pid}`;
  await mkdir(unpacking, { recursive: true });
  try {
    const script = 'import c from "@sparticuz/chromium"; await c.executablePath();';
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", "--ext=ts", script],
      // The package unpacks into TMPDIR, and its libraries only where it believes to run on Amazon Linux 2023.
      env: { TMPDIR: unpacking, AWS_EXECUTION_ENV: "AWS_Lambda_nodejs22.x" },
      stdout: "null",
      stderr: "piped",
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    // Renamed only when complete, so that a cut-off unpacking is never taken for a browser.
    await rename(unpacking, target);
  } catch (cause) {
    await rm(unpacking, { recursive: true, force: true });
    throw new Error(`Cannot find a browser, and "@sparticuz/chromium" cannot be unpacked. ${CHROMIUM_HINT}`, { cause });
  }
  return found;
}
