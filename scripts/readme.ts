// Writes the generated files: the README's tables, the list of plugins, the full configuration.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../tests/sources.ts";
import { generated } from "./generated.ts";

for (const [path, text] of await generated()) {
  const old = await readFile(join(root, path), "utf8").catch(() => "");
  if (old === text) continue;
  await writeFile(join(root, path), text);
  console.log(`${path} written`);
}
