import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { Command } from "commander";
import { CliError } from "../../../core/mod.ts";
import { withTempDir } from "../../../tests/kit.ts";
import { testApp } from "../../../tests/kit_app.ts";
import mailbox from "../plugin.ts";
import { exportCommand } from "./export_command.ts";
import { importCommand } from "./import_command.ts";

async function rig(t: TestContext) {
  const app = await testApp({ plugins: [mailbox] });
  t.after(() => app.stop());
  await app.addAccount({ address: "you@example.test" });
  const printed: string[] = [];
  const values: unknown[] = [];
  let open = 0;
  const run = async (...words: string[]) => {
    const program = new Command().exitOverride();
    const context = {
      open: () => {
        open++;
        const session = { host: app.host(), storage: app.db as never };
        return Promise.resolve({ ...session, close: () => Promise.resolve(void open--) });
      },
      print: (line: string) => void printed.push(line),
      json: (value: unknown) => void values.push(value),
      stdin: () => Promise.resolve(""),
    };
    importCommand()(program, context);
    exportCommand()(program, context);
    await program.parseAsync(words, { from: "user" });
  };
  return { run, printed, values, sessions: () => open };
}

const mail = "From: a@b.test\r\nSubject: x\r\n\r\nbody\r\n";
const exit = (code: number, words: RegExp) => (error: unknown) =>
  error instanceof CliError && error.exitCode === code && words.test(error.message);

test("import and export tell what they did, in words and as JSON", (t) =>
  withTempDir(async (dir) => {
    const file = join(dir, "one.eml");
    await writeFile(file, mail);
    const { run, printed, values, sessions } = await rig(t);
    await run("import", "You@Example.test", file);
    assert.deepEqual(printed, ["1 message imported into you@example.test", "  Inbox: 1"]);
    await run("import", "you@example.test", file, "--json", "--folder", "A/B");
    assert.deepEqual(values.pop(), {
      account: "you@example.test",
      path: file,
      imported: 1,
      already: 0,
      deleted: 0,
      failed: [],
      folders: { "A/B": 1 },
    });
    const out = join(dir, "out");
    await run("export", "you@example.test", out, "--json");
    const { exported, folders } = values.pop() as { exported: number; folders: object };
    assert.equal(exported, 2);
    assert.equal((folders as Record<string, number>)[join("A", "B")], 1);
    assert.equal(sessions(), 0);
  }));

test("import ends with 2 for what is not there, with 1 where messages failed", (t) =>
  withTempDir(async (dir) => {
    const { run, printed, sessions } = await rig(t);
    const missing = join(dir, "missing");
    await assert.rejects(
      run("import", "you@example.test", missing),
      exit(2, /there is no .*missing/),
    );
    await assert.rejects(run("import", "nobody@example.test", dir), exit(2, /no account nobody/));
    await writeFile(join(dir, "bad.eml"), "");
    await assert.rejects(run("import", "you@example.test", dir), exit(1, /1 message could not/));
    assert.match(printed.at(-1)!, /^not imported: .*bad\.eml: This is no mail message$/);
    assert.equal(sessions(), 0);
  }));

test("export ends with 2 for an account that is not there and a directory that is in use", (t) =>
  withTempDir(async (dir) => {
    const { run } = await rig(t);
    await assert.rejects(run("export", "nobody@example.test", dir), exit(2, /no account/));
    await mkdir(join(dir, "something"));
    await assert.rejects(run("export", "you@example.test", dir), exit(2, /is not empty/));
  }));
