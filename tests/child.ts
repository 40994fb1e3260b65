// Child processes of the runtime that runs the tests, and any other program.
import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process";

/** Runs one of our scripts as a process of its own, on this same runtime. */
export function runScript(file: string, args: readonly string[], options?: SpawnOptions): Child {
  return run(process.execPath, [...scriptFlags(), file, ...args], options);
}

/** What stands between this runtime's program and a script's name. */
export function scriptFlags(): string[] {
  return "Deno" in globalThis ? ["run", "-A", "--quiet"] : [];
}

/** A running program whose output is kept. */
export interface Child {
  readonly process: ChildProcess;
  /** What it wrote so far. */
  readonly stdout: string;
  readonly stderr: string;
  /** Resolves with the first match in standard output; rejects where it ends without. */
  saw(what: RegExp): Promise<RegExpExecArray>;
  /** Sends a signal; by `process.kill`, because Deno's own `kill` then hides the exit code. */
  kill(signal: NodeJS.Signals): void;
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

/**
 * Starts a program. Variables that begin with NAVETTE_ are not passed on unless told: those are for
 * tests, and the program takes them for options.
 */
export function run(program: string, args: readonly string[], options: SpawnOptions = {}): Child {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("NAVETTE_")),
  );
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], env, ...options });
  let stdout = "";
  let stderr = "";
  let over = false;
  const waiting = new Set<() => void>();
  const look = () => [...waiting].forEach((again) => again());
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    look();
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => stderr += text);
  const ended = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      over = true;
      look();
      resolve(code ?? signal!);
    });
  });
  ended.catch(look);
  return {
    process: child,
    get stdout() {
      return stdout;
    },
    get stderr() {
      return stderr;
    },
    kill: (signal) => void process.kill(child.pid!, signal),
    ended,
    saw: (what) =>
      new Promise((resolve, reject) => {
        const again = () => {
          const found = what.exec(stdout);
          if (found) resolve(found);
          else if (over) reject(new Error(`${program} ended without ${what}: ${stdout}${stderr}`));
          else return;
          waiting.delete(again);
        };
        waiting.add(again);
        again();
      }),
  };
}
