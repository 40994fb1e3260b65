// The program: core, the built-in plugins, the storage adapters. The only file that names all three.
import process from "node:process";
import { main } from "./core/cli.ts";
import { plugins } from "./plugins/manifest.ts";
import { openStorage, restore } from "./storage/mod.ts";

main({
  plugins,
  openStorage,
  restoreStorage: restore,
  argv: process.argv.slice(2),
  env: process.env,
}).then((code) => process.exit(code));
