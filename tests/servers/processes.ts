// Programs that are more than one process: started as a group, and ended with all that they started.
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { patience } from "../kit.ts";

/** The processes of one server. */
export interface Group {
  /** The process that was started; also the number of the group. */
  readonly pid: number;
  /** The processes that live, of this program and of all that it started. */
  readonly alive: () => number[];
  /** What it wrote to its two outputs so far. */
  readonly said: () => string;
  /** Sends `signal` to all of them, or to the first only, and resolves when none is left. */
  end(signal?: NodeJS.Signals, whom?: "all" | "first"): Promise<void>;
}

interface Start {
  /** Whom it runs as where the tests run as root; these servers refuse to be root. */
  readonly user?: string | undefined;
  /** Its group; that of the same name as the user unless told. */
  readonly group?: string | undefined;
  readonly env?: Readonly<Record<string, string>>;
  /** Removed if this process ends before the group has been. */
  readonly dir?: string;
}

/** Starts a program as a process group of its own. */
export function startGroup(program: string, args: readonly string[], start: Start = {}): Group {
  const [first, ...rest] = [...asUser(start.user, start.group), program, ...args];
  const child = spawn(first!, rest, {
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...start.env },
  });
  let said = "";
  child.on("error", (error) => said += error.message);
  child.stdout.on("data", (data) => said += data);
  child.stderr.on("data", (data) => said += data);
  // What the server's children inherited would otherwise keep this process from ending.
  child.unref();
  for (const stream of [child.stdout, child.stderr]) (stream as unknown as Unrefs).unref?.();
  const pid = child.pid;
  if (pid === undefined) throw new Error(`Cannot start ${program}`);
  const guard = guarded(pid, start.dir ?? "");
  return {
    pid,
    alive: () => groupMembers(pid),
    said: () => said,
    async end(signal = "SIGKILL", whom = "all") {
      if (whom === "all") signalGroup(pid, signal);
      else signalOne(pid, signal);
      const start = performance.now();
      for (let forced = false; groupMembers(pid).length > 0;) {
        const waited = performance.now() - start;
        if (waited > 2 * patience) {
          throw new Error(`Cannot end ${program}: ${groupMembers(pid)} live on`);
        }
        if (waited > patience && !forced) signalGroup(pid, "SIGKILL");
        forced = waited > patience;
        await wait(waited < 100 ? 2 : 10);
      }
      dismiss(guard);
    },
  };
}

/**
 * Ends the group and removes its data when this process ends in any way, even by SIGKILL: its end of
 * the pipe closes then. Runtimes call nobody at an exit that a failed test has caused.
 */
function guarded(group: number, dir: string): ChildProcess {
  const script = 'read -r _ && exit; kill -s KILL -- "-$1"; [ -z "$2" ] || rm -rf "$2"';
  const guard = spawn("sh", ["-c", script, "sh", String(group), dir], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  guard.unref();
  guard.stdin!.on("error", () => {});
  (guard.stdin as unknown as Unrefs).unref?.();
  guards.add(guard);
  return guard;
}

/** Held, since a pipe that nobody holds is closed. */
const guards = new Set<ChildProcess>();

/** Sends the guard home: the group has ended, and its data may still be wanted. */
function dismiss(guard: ChildProcess): void {
  guards.delete(guard);
  guard.stdin!.end("\n");
}

interface Unrefs {
  unref?(): void;
}

/** Are the tests run by root? Then servers run as a user of theirs. */
export const isRoot = process.getuid?.() === 0;

/** The words before a command that make it run as `user`, where the tests run as root. */
export function asUser(user: string | undefined, group = user): string[] {
  return user && isRoot ? ["setpriv", `--reuid=${user}`, `--regid=${group}`, "--clear-groups"] : [];
}

/** The living processes of a group; those that only wait to be reaped do not count. */
export function groupMembers(group: number): number[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
    try {
      // "pid (name) state parent group ...", and the name may hold anything.
      const [state, , its] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!
        .split(" ");
      return Number(its) === group && state !== "Z" && state !== "X";
    } catch {
      return false;
    }
  });
}

function signalGroup(group: number, signal: NodeJS.Signals): void {
  signalOne(-group, signal);
}

function signalOne(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch { /* it has ended already */ }
}

/** Ports of the loopback that nobody listens on, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const held = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
          const server = createServer();
          server.once("error", reject);
          server.listen(0, "127.0.0.1", () => resolve(server));
        }),
    ),
  );
  const ports = held.map((server) => (server.address() as { port: number }).port);
  await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
