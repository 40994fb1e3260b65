// The other runtimes, as npm packages of exact versions: nothing has to be installed for them.
import { execFile } from "node:child_process";
import { realpath } from "node:fs/promises";
import { promisify } from "node:util";

/** Versions that the project is built and tested with. */
export const versions = { bun: "1.4.4", node: "24.21.0" } as const;

/**
 * The program of `runtime`, fetched by npm where it is not there yet. Not by way of npx each time,
 * which takes half a second and keeps signals for itself.
 */
export async function locate(runtime: keyof typeof versions): Promise<string> {
  const spec = `--package=${runtime}@${versions[runtime]}`;
  const args = ["--yes", spec, "--call", `command -v ${runtime}`];
  const { stdout } = await promisify(execFile)("npx", args);
  return await realpath(stdout.trim());
}
