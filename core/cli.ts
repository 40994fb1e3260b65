// The program that people call: its commands, its errors, its exit codes.
import { join } from "node:path";
import { Command, CommanderError } from "commander";
import { type Clock, pause, systemClock } from "./clock.ts";
import { coreCommands } from "./commands/mod.ts";
import type { OpenStorage, Parts, RestoreStorage } from "./commands/parts.ts";
import type { Config } from "./config.ts";
import { StorageError } from "./database.ts";
import { CliError, ConfigError, ManifestError, Unavailable } from "./error.ts";
import { createLog, type Log } from "./log.ts";
import { NewerDatabase } from "./migrate.ts";
import type { Plugin } from "./plugin.ts";
import { cliCommand, type CliContext, closing } from "./points.ts";
import { createProgram, type Program } from "./program.ts";
import { redactText } from "./redact.ts";
import { listen as listenHere } from "./serve/mod.ts";
import type { Listen } from "./serve/listener.ts";
import { type Env, type Globals, globalsOf, type Setup, setUp } from "./setup.ts";
import { processTerminal, type Terminal } from "./terminal.ts";

export interface MainOptions {
  readonly plugins: readonly Plugin[];
  readonly openStorage: OpenStorage;
  readonly restoreStorage: RestoreStorage;
  /** The words after the program's name. */
  readonly argv: readonly string[];
  readonly env: Env;
  readonly terminal?: Terminal;
  readonly listen?: Listen;
  readonly clock?: Clock;
}

/** Runs one command. Returns the exit code: 0 well, 1 failed, 2 wrong words or configuration. */
export async function main(options: MainOptions): Promise<number> {
  const terminal = options.terminal ?? processTerminal();
  const argv = withoutRunnersDashes(options.argv);
  try {
    const globals = globalsOf(argv, options.env);
    const setup = await setUp(options.plugins, globals, options.env);
    const parts = assemble(options, terminal, globals, setup);
    const command = commandFor(parts);
    await command.parseAsync([...argv], { from: "user" }).catch((error) => {
      // With a wrong configuration there are no plugins of the user's own, nor their commands.
      if (setup.trouble && error?.code === "commander.unknownCommand") throw setup.trouble;
      throw error;
    });
    return 0;
  } catch (error) {
    return tell(error, terminal);
  } finally {
    await terminal.flush();
  }
}

/** Task runners hand the `--` of `task start -- --listen …` on, which would end the options. */
function withoutRunnersDashes(argv: readonly string[]): readonly string[] {
  const at = argv.indexOf("--");
  return at === 0 || (at === 1 && argv[0] === "serve") ? argv.toSpliced(at, 1) : argv;
}

/** Puts the program together, with core's commands among its contributions. */
function assemble(
  options: MainOptions,
  terminal: Terminal,
  globals: Globals,
  setup: Setup,
): Parts {
  const clock = options.clock ?? systemClock;
  const log = logFor(setup.config, terminal, clock);
  const storageUrl = () => {
    const { url } = configOf(setup).storage;
    return url === "" ? `file:${join(globals.data, "navette.db")}` : url;
  };
  const openStorage = () => {
    const { token } = configOf(setup).storage;
    return options.openStorage(storageUrl(), token === "" ? {} : { token });
  };
  const context = contextFor({ terminal, openStorage, program: () => program, clock });
  const parts: Parts = {
    context,
    terminal,
    globals,
    setup,
    config: () => configOf(setup),
    program: () => program,
    clock,
    log,
    listen: options.listen ?? listenHere,
    openStorage,
    storageUrl,
    restoreStorage: options.restoreStorage,
  };
  const program: Program = createProgram({
    plugins: setup.plugins,
    config: setup.config,
    clock,
    log,
    contributions: Object.entries(coreCommands).map(([name, command]) =>
      cliCommand.of(command(parts), name)
    ),
  });
  return parts;
}

function configOf({ config, trouble }: Setup): Config {
  if (trouble) throw trouble;
  return config;
}

function logFor({ log }: Config, terminal: Terminal, clock: Clock): Log {
  const text = log.format === "text" || (log.format === "auto" && terminal.errIsTerminal);
  return createLog({
    level: log.level,
    format: text ? "text" : "json",
    write: (line) => terminal.err(line),
    clock,
  });
}

interface ContextParts {
  readonly terminal: Terminal;
  readonly openStorage: Parts["openStorage"];
  readonly program: () => Program;
  readonly clock: Clock;
}

/** How long plugins may take to say goodbye to others, in milliseconds. */
const closingGrace = 2000;

function contextFor({ terminal, openStorage, program, clock }: ContextParts): CliContext {
  return {
    async open() {
      const storage = await openStorage();
      try {
        await program().open(storage);
      } catch (error) {
        await storage.close();
        throw error;
      }
      const { host } = program();
      return {
        host,
        storage,
        async close() {
          await Promise.race([host.emit(closing, {}), pause(clock, closingGrace)]);
          await storage.close();
        },
      };
    },
    print: (line) => terminal.out(`${line}\n`),
    json: (value) => terminal.out(`${JSON.stringify(value, null, 2)}\n`),
    stdin: async () => (await terminal.stdin()).replace(/\r?\n$/, ""),
  };
}

function commandFor({ context, program, terminal }: Parts): Command {
  const command = new Command("navette")
    .description("Keeps phones and tablets in step with this server")
    .option("--config <file>", "the configuration file (default: navette.toml, where it is there)")
    .option("--data <directory>", "where data is kept (default: data)")
    .option(
      "--set <section.key=value>",
      "one option of the configuration; may be repeated",
      collect,
    )
    .exitOverride()
    .showHelpAfterError("(--help tells more)")
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => terminal.err(text),
    });
  for (const add of program().host.all(cliCommand)) {
    try {
      add(command, context);
    } catch (error) {
      throw new ManifestError([`A command cannot be added: ${(error as Error).message}`]);
    }
  }
  inherit(command);
  return command;
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** Commands that were added to commands fail and print as the program does, not as they like. */
function inherit(command: Command): void {
  for (const below of command.commands) {
    below.copyInheritedSettings(command);
    inherit(below);
  }
}

/** Says what went wrong, in one line a trouble and without a stack, and with which code to end. */
function tell(error: unknown, terminal: Terminal): number {
  // commander has already said it.
  if (error instanceof CommanderError) {
    return error.exitCode === 0 ? 0 : 2;
  }
  const say = (text: string) => terminal.err(`${redactText(text)}\n`);
  if (error instanceof ConfigError || error instanceof ManifestError) {
    say(error.message);
    return 2;
  }
  say(`navette: ${error instanceof Error ? error.message : String(error)}`);
  if (error instanceof CliError) return error.exitCode;
  const expected = [StorageError, NewerDatabase, Unavailable, RangeError];
  if (!expected.some((kind) => error instanceof kind) && error instanceof Error) {
    const where = error.stack?.split("\n").find((line) => line.trim().startsWith("at "));
    if (where) say(`  This is a mistake in the program, ${where.trim()}`);
  }
  return 1;
}
