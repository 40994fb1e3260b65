// Servers in processes of their own, so that their memory is theirs alone.
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface, type Interface } from "node:readline";

/** A server in a process of its own, which obeys orders. */
export interface Server {
  readonly port: number;
  order<T>(line: string): Promise<T>;
  end(): Promise<void>;
}

/** Starts `server_process.ts`; `kind` is `bare` or `navette`. */
export function startServer(kind: string, file: string): Promise<Server> {
  return startProcess(new URL("./server_process.ts", import.meta.url), kind, file);
}

/** Starts a script that obeys orders on its standard input. */
export async function startProcess(url: URL, kind: string, file: string): Promise<Server> {
  const script = url.pathname;
  const flags = "Deno" in globalThis
    ? ["run", "-A", "--v8-flags=--expose-gc", script]
    : [...("Bun" in globalThis ? [] : ["--expose-gc"]), script];
  const child: ChildProcess = spawn(process.execPath, [...flags, kind, file], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines: Interface = createInterface({ input: child.stdout! });
  const answers = lines[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await answers.next();
    if (done) throw new Error(`Cannot go on: the ${kind} server ended`);
    return JSON.parse(value);
  };
  const { port } = await next();
  return {
    port,
    async order(line) {
      child.stdin!.write(`${line}\n`);
      return await next();
    },
    async end() {
      child.stdin!.end("end\n");
      await new Promise((resolve) =>
        child.exitCode === null ? child.once("exit", resolve) : resolve(0)
      );
    },
  };
}
