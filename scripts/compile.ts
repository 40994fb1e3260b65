// Makes dist/navette: one executable with everything inside, by Bun.
//   deno task compile [--target=bun-linux-arm64] [--outfile=dist/navette]
import { spawn } from "node:child_process";
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { locate } from "./runtimes.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

export interface CompileOptions {
  /** One of Bun's names, e.g. `bun-linux-arm64`; this machine's unless told. */
  readonly target?: string | undefined;
}

/** Compiles `entry` into the executable `outfile`. Rejects with what Bun said. */
export async function compile(
  entry: string,
  outfile: string,
  { target }: CompileOptions = {},
): Promise<void> {
  const args = ["build", "--compile", "--minify", "--bytecode", "--format=esm"];
  // Names stay: messages and logs show them.
  args.push("--keep-names");
  // The folder in which a server happens to start must not change what it does.
  args.push("--no-compile-autoload-dotenv", "--no-compile-autoload-bunfig");
  if (target) args.push(`--target=${target}`);
  args.push(entry, "--outfile", outfile);
  const child = spawn(await locate("bun"), args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stdout.on("data", (data) => said += data);
  child.stderr.on("data", (data) => said += data);
  const code = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code !== 0) throw new Error(`Cannot compile: ${said}`);
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      target: { type: "string" },
      outfile: { type: "string", default: "dist/navette" },
    },
  });
  const outfile = resolve(values.outfile);
  await compile("main.ts", outfile, { target: values.target });
  const file = await stat(outfile).catch(() => stat(`${outfile}.exe`));
  process.stdout.write(`${values.outfile}, ${(file.size / 1e6).toFixed(0)} MB\n`);
}
