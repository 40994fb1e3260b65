// The ways in which the program is run, each as a command line for an empty folder.
import { copyFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle } from "../../scripts/bundle.ts";
import { compile } from "../../scripts/compile.ts";
import { locate } from "../../scripts/runtimes.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const main = join(root, "main.ts");

/** The version that every packaging must print. */
export async function packageVersion(): Promise<string> {
  return JSON.parse(await readFile(join(root, "deno.json"), "utf8")).version;
}

/** What is built for the tests, in a folder of its own; built once, when first asked for. */
export interface Builds {
  bundle(): Promise<string>;
  executable(): Promise<string>;
  remove(): Promise<void>;
}

/** Builds for one run of tests. */
export function builds(): Builds {
  const dir = once(() => mkdtemp(join(tmpdir(), "navette-build-")));
  return {
    bundle: once(async () => {
      const built = join(await dir(), "built.mjs");
      await bundle("main.ts", built);
      // Alone in a folder: nothing that it needs may lie beside it.
      const alone = join(await mkdtemp(join(await dir(), "alone-")), "navette.mjs");
      await copyFile(built, alone);
      return alone;
    }),
    executable: once(async () => {
      const file = join(await mkdtemp(join(await dir(), "alone-")), "navette");
      await compile("main.ts", file);
      return file;
    }),
    remove: async () => await rm(await dir(), { recursive: true, force: true }),
  };
}

/** All packagings by name. */
export function packagings(built: Builds): Record<string, () => Promise<readonly string[]>> {
  return {
    "sources on Deno": async () => [...await deno(), main],
    "sources on Bun": async () => [await locate("bun"), main],
    "sources on Node": async () => [await locate("node"), main],
    "bundle on Node": async () => [await locate("node"), await built.bundle()],
    "bundle on Bun": async () => [await locate("bun"), await built.bundle()],
    "executable": async () => [await built.executable()],
  };
}

/** Deno with the permissions that the tasks give. */
async function deno(): Promise<string[]> {
  const { tasks } = JSON.parse(await readFile(join(root, "deno.json"), "utf8"));
  const flags = String(tasks["start"] ?? "").match(/--(allow|deny|unstable)-\S+|-A\b/g) ?? ["-A"];
  const program = "Deno" in globalThis ? [process.execPath] : ["npx", "-y", "deno@2.9.6"];
  return [...program, "run", "--quiet", ...flags];
}

function once<R>(make: () => Promise<R>): () => Promise<R> {
  let made: Promise<R> | undefined;
  return () => made ??= make();
}
