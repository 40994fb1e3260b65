// Makes dist/navette.mjs: the whole program in one file, for Node and Bun without node_modules.
import { build, type Plugin } from "esbuild";
import { chmod, stat } from "node:fs/promises";
import process from "node:process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** What CommonJS packages expect to find; an ES module has none of it. */
const banner = `#!/usr/bin/env node
import { createRequire as navetteRequire } from "node:module";
import { fileURLToPath as navetteFile } from "node:url";
import { dirname as navetteFolder } from "node:path";
const require = navetteRequire(import.meta.url);
const __filename = navetteFile(import.meta.url);
const __dirname = navetteFolder(__filename);`;

/** Bundles `entry` into `outfile`. */
export async function bundle(entry: string, outfile: string): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node24",
    // Names stay: messages and logs show them, and a stack from the field is to be readable.
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: "linked",
    banner: { js: banner },
    plugins: [withoutNative],
    logLevel: "warning",
  });
  await chmod(outfile, 0o755);
}

/** libSQL's native driver is never asked for (see storage/libsql): it must not come in by accident. */
const withoutNative: Plugin = {
  name: "without native addons",
  setup({ onResolve }) {
    onResolve({ filter: /^(libsql|@libsql\/(linux|darwin|win32)-.*)$|\.node$/ }, ({ path }) => {
      return { errors: [{ text: `${path} is a native addon, which one file cannot hold` }] };
    });
  },
};

if (import.meta.main) {
  const outfile = fileURLToPath(new URL("../dist/navette.mjs", import.meta.url));
  await bundle("main.ts", outfile);
  const { size } = await stat(outfile);
  process.stdout.write(`dist/navette.mjs, ${(size / 1e6).toFixed(1)} MB\n`);
}
