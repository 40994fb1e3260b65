// What core's own commands are made of; those of plugins get less (CliContext).
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import type { Storage } from "../database.ts";
import type { Log } from "../log.ts";
import type { CliCommand, CliContext } from "../points.ts";
import type { Program } from "../program.ts";
import type { Listen } from "../serve/listener.ts";
import type { Globals, Setup } from "../setup.ts";
import type { Terminal } from "../terminal.ts";

/** Opens a storage by its address. */
export type OpenStorage = (
  url: string,
  options: { readonly token?: string },
) => Promise<Storage>;

/** Puts a backup in the place of a storage's contents. */
export type RestoreStorage = (
  file: string,
  url: string,
  options: { readonly token?: string; readonly force: boolean },
) => Promise<void>;

export interface Parts {
  readonly context: CliContext;
  readonly terminal: Terminal;
  readonly globals: Globals;
  readonly setup: Setup;
  /** The configuration. Throws ConfigError where it is wrong. */
  config(): Config;
  program(): Program;
  readonly clock: Clock;
  readonly log: Log;
  readonly listen: Listen;
  /** The configured storage, as it is: no table is touched. */
  openStorage(): Promise<Storage>;
  /** Where the configured storage is. */
  storageUrl(): string;
  readonly restoreStorage: RestoreStorage;
}

/** A command of core: the same as a plugin's, from more parts. */
export type CoreCommand = (parts: Parts) => CliCommand;
