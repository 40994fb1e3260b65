// What the program must do in every packaging, seen from outside.
import assert from "node:assert/strict";
import { copyFile, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Child, run } from "../child.ts";
import { withTempDir } from "../kit.ts";
import { needs } from "../needs.ts";
import { sqldProgram, startSqld } from "../sqld.ts";
import { packageVersion } from "./packagings.ts";

/** A folder with nothing in it, and the program's command line. */
interface Bench {
  dir: string;
  command: readonly string[];
}

interface Ended {
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the suite for the program whose command line `prepare` gives. */
export function smoke(name: string, prepare: () => Promise<readonly string[]>): void {
  describe(`the program: ${name}`, () => {
    const bench: Bench = { dir: "", command: [] };
    before(async () => {
      bench.command = await prepare();
      bench.dir = await mkdtemp(join(tmpdir(), "navette-smoke-"));
    });
    after(() => rm(bench.dir, { recursive: true, force: true }));
    test("version prints the version of deno.json", () => version(bench));
    test("--help names the commands; unknown words end with 2", () => words(bench));
    test("the sample configuration passes its check, a wrong one does not", () => config(bench));
    test("serves from an empty folder, stops when told, finds its data again", () => serves(bench));
    test("a backup is restored into another folder", () => restores(bench));
    test("a plugin is loaded from a file", () => plugin(bench));
    test(
      "keeps its data in a libSQL server",
      needs("sqld", sqldProgram() !== undefined),
      () => remote(bench),
    );
  });
}

function start({ dir, command }: Bench, args: readonly string[]): Child {
  const { PATH, TMPDIR, DENO_DIR, HOME } = process.env;
  const env = { PATH, TMPDIR, DENO_DIR, HOME: HOME ?? dir } as Record<string, string>;
  for (const key in env) if (env[key] === undefined) delete env[key];
  return run(command[0]!, [...command.slice(1), ...args], { cwd: dir, env });
}

async function call(bench: Bench, args: readonly string[], stdin = ""): Promise<Ended> {
  const child = start(bench, args);
  child.process.stdin!.end(stdin);
  const code = await child.ended;
  return { code, stdout: child.stdout, stderr: child.stderr };
}

async function version(bench: Bench): Promise<void> {
  const { code, stdout, stderr } = await call(bench, ["version"]);
  assert.equal(code, 0, stderr);
  assert.ok(stdout.trim().split(/\s+/).includes(await packageVersion()), stdout);
}

async function words(bench: Bench): Promise<void> {
  const help = await call(bench, ["--help"]);
  assert.equal(help.code, 0, help.stderr);
  for (
    const word of ["serve", "user", "import", "export", "probe", "doctor", "backup", "restore"]
  ) {
    assert.match(help.stdout, new RegExp(`^ +${word}\\b`, "m"));
  }
  assert.equal((await call(bench, ["no-such-command"])).code, 2);
  assert.equal((await call(bench, ["serve", "--no-such-option"])).code, 2);
}

async function config(bench: Bench): Promise<void> {
  const sample = await call(bench, ["config", "sample"]);
  assert.equal(sample.code, 0, sample.stderr);
  const file = `${bench.dir}.toml`; // beside: the folder stays empty
  try {
    await writeFile(file, sample.stdout);
    const check = await call(bench, ["config", "check", "--config", file]);
    assert.equal(check.code, 0, check.stderr);
    await writeFile(file, "[server]\nlisten = 5\nno_such_option = true\n");
    const wrong = await call(bench, ["config", "check", "--config", file]);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stdout + wrong.stderr, /server\.listen/);
    assert.match(wrong.stdout + wrong.stderr, /no_such_option/);
  } finally {
    await rm(file, { force: true });
  }
}

async function serves(bench: Bench): Promise<void> {
  assert.deepEqual(await readdir(bench.dir), []);
  const first = await serve(bench);
  const [, user, password] = await first.child.saw(/User +(\S+@\S+)\n +Password +(\S+)/);
  assert.equal((await fetch(`${first.url}/healthz`)).status, 200);
  assert.equal(await options(first.url, user!, password!), 200);
  assert.equal(await options(first.url, user!, "wrong"), 401);
  const add = ["user", "add", "ann@navette.test", "--password-stdin"];
  const added = await call(bench, add, "a long password\n");
  assert.equal(added.code, 0, added.stderr);
  assert.equal(await options(first.url, "ann@navette.test", "a long password"), 200);
  await stop(first.child);
  assert.deepEqual(await readdir(bench.dir), ["data"]);

  const second = await serve(bench);
  assert.equal(await options(second.url, user!, password!), 200);
  assert.equal(await options(second.url, "ann@navette.test", "a long password"), 200);
  await stop(second.child);
  assert.doesNotMatch(second.child.stdout, /Password/);
}

async function restores(bench: Bench): Promise<void> {
  const users = async (data: string) => {
    const list = await call(bench, ["--data", data, "user", "list", "--json"]);
    assert.equal(list.code, 0, list.stderr);
    return JSON.parse(list.stdout);
  };
  // In the folder of the data: elsewhere, Deno does not allow it to write.
  const file = join("data", "copy.db");
  const backup = await call(bench, ["backup", file]);
  assert.equal(backup.code, 0, backup.stderr);
  const restored = await call(bench, ["--data", "data/other", "restore", file]);
  assert.equal(restored.code, 0, restored.stderr);
  assert.equal((await users("data")).length, 2);
  assert.deepEqual(await users("data/other"), await users("data"));
}

async function plugin(bench: Bench): Promise<void> {
  await withTempDir(async (dir) => {
    const hello = new URL("../../examples/hello-plugin/hello.ts", import.meta.url);
    await copyFile(hello, join(dir, "hello.ts"));
    await writeFile(join(dir, "navette.toml"), '[plugins]\nfiles = ["hello.ts"]\n');
    const said = await call(bench, ["--config", join(dir, "navette.toml"), "hello", "Ada"]);
    assert.equal(said.stdout, "Hello, Ada!\n", said.stderr);
  });
}

async function remote(bench: Bench): Promise<void> {
  const server = await startSqld({ jwt: true });
  try {
    const at = ["--set", `storage.url=${server.url}`, "--set", `storage.token=${server.token}`];
    const add = [...at, "user", "add", "eve@navette.test", "--password-stdin"];
    const added = await call(bench, add, "another password\n");
    assert.equal(added.code, 0, added.stderr);
    const { child, url } = await serve(bench, at);
    assert.equal(await options(url, "eve@navette.test", "another password"), 200);
    await stop(child);
    assert.ok(!(child.stdout + child.stderr).includes(server.token!));
  } finally {
    await server.stop();
  }
}

async function serve(
  bench: Bench,
  globals: readonly string[] = [],
): Promise<{ child: Child; url: string }> {
  const child = start(bench, [...globals, "serve", "--listen", "127.0.0.1:0"]);
  const [, port] = await child.saw(/listens on 127\.0\.0\.1:(\d+)/);
  return { child, url: `http://127.0.0.1:${port}` };
}

async function stop(child: Child): Promise<void> {
  child.kill("SIGTERM");
  assert.equal(await child.ended, 0, child.stderr);
}

/** What a phone asks first: which versions and commands there are. */
async function options(url: string, user: string, password: string): Promise<number> {
  const basic = Buffer.from(`${user}:${password}`).toString("base64");
  const answer = await fetch(`${url}/Microsoft-Server-ActiveSync`, {
    method: "OPTIONS",
    headers: { authorization: `Basic ${basic}` },
  });
  await answer.body?.cancel();
  if (answer.ok) assert.match(answer.headers.get("ms-asprotocolversions") ?? "", /\b14\.1\b/);
  return answer.status;
}
