// Runs a command of the program in this process, with a terminal that is remembered.
import { join } from "node:path";
import { main } from "../core/cli.ts";
import type { Plugin } from "../core/mod.ts";
import type { Terminal } from "../core/terminal.ts";
import { plugins } from "../plugins/manifest.ts";
import { openStorage, restore } from "../storage/mod.ts";
import { root } from "./sources.ts";

export interface CommandResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface CommandOptions {
  readonly plugins?: readonly Plugin[];
  /** What stands on standard input. */
  readonly stdin?: string;
}

/** Runs `navette …argv` with the smallest example as its configuration, unless `--config` is given. */
export async function command(
  argv: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  let out = "", err = "";
  const terminal: Terminal = {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    errIsTerminal: false,
    asks: false,
    stdin: () => Promise.resolve(options.stdin ?? ""),
    ask: () => Promise.resolve(undefined),
    onSignal: () => () => {},
    flush: () => Promise.resolve(),
    exit: () => {},
  };
  const config = argv.includes("--config")
    ? []
    : ["--config", join(root, "examples", "minimal.toml")];
  const code = await main({
    plugins: options.plugins ?? plugins,
    openStorage,
    restoreStorage: restore,
    argv: [...config, ...argv],
    env: {},
    terminal,
  });
  return { code, out, err };
}
