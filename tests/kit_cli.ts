// The program as a person calls it, inside the test: words in; output, exit code and signals out.
import { main, type MainOptions } from "../core/cli.ts";
import type { Terminal } from "../core/terminal.ts";
import { openStorage, restore } from "../storage/mod.ts";
import { type Deferred, deferred } from "./kit.ts";

export interface CliOptions extends Partial<Pick<MainOptions, "plugins" | "env" | "clock">> {
  /** What standard input gives. */
  readonly stdin?: string;
  /** What a person types, question by question; without it nobody can be asked. */
  readonly answers?: readonly (string | undefined)[];
}

export interface CliResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface RunningCli {
  readonly ended: Promise<CliResult>;
  /** Resolves as soon as standard output matches; rejects where the program ends before. */
  saw(pattern: RegExp): Promise<RegExpExecArray>;
  /** Sends a signal as the system would. */
  signal(name?: string): void;
  /** The code of the last `exit` that did not wait; undefined if there was none. */
  readonly exited: () => number | undefined;
  readonly asked: readonly string[];
}

/** Starts the program. */
export function startCli(argv: readonly string[], options: CliOptions = {}): RunningCli {
  let out = "";
  let err = "";
  let exited: number | undefined;
  let onSignal: ((name: string) => void) | undefined;
  const asked: string[] = [];
  const answers = [...options.answers ?? []];
  const waiting: { pattern: RegExp; seen: Deferred<RegExpExecArray> }[] = [];
  const look = () => {
    for (const { pattern, seen } of waiting) {
      const match = pattern.exec(out);
      if (match) seen.resolve(match);
    }
  };
  const terminal: Terminal = {
    out(text) {
      out += text;
      look();
    },
    err: (text) => void (err += text),
    errIsTerminal: false,
    asks: options.answers !== undefined,
    stdin: async () => options.stdin ?? "",
    ask: async (question) => {
      asked.push(question);
      return answers.shift();
    },
    onSignal(run) {
      onSignal = run;
      return () => {
        onSignal = undefined;
      };
    },
    flush: async () => {},
    exit: (code) => void (exited = code),
  };
  const { plugins = [], env = {}, clock } = options;
  const ended = main({
    plugins,
    openStorage,
    restoreStorage: restore,
    argv,
    env,
    terminal,
    ...(clock ? { clock } : {}),
  }).then((code) => ({ code, out, err }));
  return {
    ended,
    asked,
    saw(pattern) {
      const seen = deferred<RegExpExecArray>();
      waiting.push({ pattern, seen });
      look();
      void ended.then(() => seen.reject(new Error(`It ended without ${pattern}:\n${out}${err}`)));
      return seen.promise;
    },
    signal: (name = "SIGTERM") => onSignal?.(name),
    exited: () => exited,
  };
}

/** Runs the program to its end. */
export function cli(argv: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return startCli(argv, options).ended;
}
