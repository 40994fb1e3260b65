// Accounts and app passwords by the command line.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { withTempDir } from "../../tests/kit.ts";
import { cli, type CliOptions, startCli } from "../../tests/kit_cli.ts";
import { openStorage } from "../../storage/mod.ts";
import { systemClock } from "../clock.ts";
import { CliError } from "../error.ts";
import { ownPasswords } from "../own_passwords.ts";
import { passwordHashing } from "../password.ts";
import { definePlugin } from "../plugin.ts";
import { passwordKeeper } from "../points.ts";

type Run = (words: string, options?: CliOptions) => ReturnType<typeof cli>;

function onData(work: (run: Run, dir: string) => Promise<void>): Promise<void> {
  return withTempDir((dir) =>
    work((words, options) => cli([...words.split(" "), "--data", dir], options), dir)
  );
}

/** Whether these words would be let in, asked of the database as a server would. */
async function letIn(dir: string, user: string, password: string): Promise<boolean> {
  const db = await openStorage(`file:${dir}/navette.db`);
  try {
    const who = { user, password, remote: "127.0.0.1" };
    return await ownPasswords(db, systemClock, passwordHashing())(who) !== undefined;
  } finally {
    await db.close();
  }
}

describe("navette user", () => {
  it("adds an account with its password from standard input, without the line's end", () =>
    onData(async (run, dir) => {
      const words =
        "user add Ann@x.org --name Ann --alias a@x.org b@x.org --admin --password-stdin";
      const { code, out } = await run(words, { stdin: "two words\r\n" });
      assert.deepEqual([code, out], [0, "Added ann@x.org\n"]);
      assert.ok(await letIn(dir, "a@x.org", "two words"));
      const list = JSON.parse((await run("user list --json")).out);
      assert.deepEqual(list, [{
        id: 1,
        address: "ann@x.org",
        name: "Ann",
        aliases: ["a@x.org", "b@x.org"],
        admin: true,
        disabled: false,
        password: "own",
        keptAt: null,
      }]);
    }));

  it("asks for the password twice, on a terminal", () =>
    onData(async (run, dir) => {
      assert.equal((await run("user add ann@x.org", { answers: ["one", "one"] })).code, 0);
      assert.ok(await letIn(dir, "ann", "one"));
      const differ = await run("user passwd ann@x.org", { answers: ["one", "two"] });
      assert.equal(differ.code, 1);
      assert.match(differ.err, /are not the same/);
      assert.equal((await run("user passwd ann@x.org", { answers: [undefined] })).code, 1);
      assert.ok(await letIn(dir, "ann", "one"));
    }));

  it("takes no password where nobody can be asked, and none that is empty", () =>
    onData(async (run) => {
      assert.equal((await run("user add ann@x.org")).code, 2);
      assert.equal((await run("user add ann@x.org --password-stdin", { stdin: "\n" })).code, 1);
      assert.equal((await run("user add ann@x.org secret")).code, 2);
      assert.match((await run("user list")).out, /There are no accounts yet: navette user add/);
    }));

  it("says in one line why an account cannot be added", () =>
    onData(async (run) => {
      const add = (address: string) => run(`user add ${address} --password-stdin`, { stdin: "x" });
      await add("ann@x.org");
      assert.deepEqual(await add("ann@x.org"), {
        code: 1,
        out: "",
        err: "navette: Cannot add ann@x.org: the address is taken\n",
      });
      assert.match((await add("ann")).err, /^navette: Cannot use "ann" as an address: .*\n$/);
    }));

  it("sets a password, disables, enables", () =>
    onData(async (run, dir) => {
      await run("user add ann@x.org --password-stdin", { stdin: "old" });
      await run("user passwd ann@x.org --password-stdin", { stdin: "new" });
      assert.deepEqual([await letIn(dir, "ann", "old"), await letIn(dir, "ann", "new")], [
        false,
        true,
      ]);
      await run("user disable ann@x.org");
      assert.match((await run("user list")).out, /ann@x\.org .*disabled/);
      await run("user enable ann@x.org");
      assert.doesNotMatch((await run("user list")).out, /disabled/);
    }));

  it("deletes only when told twice", () =>
    onData(async (run, dir) => {
      await run("user add ann@x.org --password-stdin", { stdin: "x" });
      assert.equal((await run("user delete ann@x.org")).code, 2);
      assert.equal((await run("user delete ann@x.org", { answers: ["yes"] })).code, 1);
      assert.match((await run("user list")).out, /ann@x\.org/);
      const asking = startCli(["user", "delete", "ANN@x.org", "--data", dir], {
        answers: ["ann@x.org"],
      });
      assert.equal((await asking.ended).code, 0);
      assert.equal(asking.asked.length, 1);
      assert.match((await run("user list")).out, /There are no accounts yet: navette user add/);
    }));

  it("fails where there is no such account", () =>
    onData(async (run) => {
      const commands = [
        "user passwd no@x.org --password-stdin",
        "user disable no@x.org",
        "user enable no@x.org",
        "user delete no@x.org --yes",
        "app-password add no@x.org",
        "app-password list no@x.org",
        "app-password revoke no@x.org 1",
      ];
      for (const words of commands) {
        const { code, err } = await run(words, { stdin: "x" });
        assert.equal(code, 1, words);
        assert.match(err, /^navette: Cannot find an account with the address no@x\.org\n$/, words);
      }
    }));
});

describe("navette app-password", () => {
  it("makes one that works, lists it without showing it, and takes it back", () =>
    onData(async (run, dir) => {
      await run("user add ann@x.org --password-stdin", { stdin: "x" });
      const { out } = await run("app-password add ann@x.org --label phone");
      const [, id, password] = /^Number (\d+), shown only now: (\S+)\n$/.exec(out)!;
      assert.ok(await letIn(dir, "ann", password!));
      const listed = await run("app-password list ann@x.org");
      assert.match(listed.out, /phone +not used yet/);
      assert.ok(!listed.out.includes(password!));
      assert.equal((await run(`app-password revoke ann@x.org ${id}`)).code, 0);
      assert.ok(!await letIn(dir, "ann", password!));
      assert.equal((await run(`app-password revoke ann@x.org ${id}`)).code, 1);
      assert.equal((await run("app-password revoke ann@x.org abc")).code, 1);
      assert.equal((await run("app-password list ann@x.org --json")).out, "[]\n");
    }));
});

describe("navette user and app-password, for accounts whose password is kept elsewhere", () => {
  const kept: string[] = [];
  const vault = definePlugin({
    id: "vault",
    summary: "",
    contributes: () => [
      passwordKeeper.of({
        keeps: (address) => address.toLowerCase().endsWith("@far.org") ? "in the vault" : undefined,
        welcome: ["far.org"],
        async readyAppPassword({ address }, ask) {
          if (address.startsWith("no")) throw new CliError("Cannot make one: the vault forbids it");
          const password = await ask();
          return async ({ id, password: made }) => {
            if (password === "bad") throw new CliError("Cannot keep it: wrong password");
            kept.push(`${address} ${id} ${made.length} ${password}`);
          };
        },
      }),
    ],
  });
  const options = { plugins: [vault] };

  it("adds them without a password, and sets none", () =>
    onData(async (run, dir) => {
      const { out, code } = await run("user add ann@far.org", options);
      assert.deepEqual([code, out], [
        0,
        "Added ann@far.org; its password is the one in the vault\n",
      ]);
      for (const words of ["user passwd ann@far.org", "user add ben@far.org"]) {
        const { code, err } = await run(`${words} --password-stdin`, { ...options, stdin: "new" });
        assert.equal(code, 1);
        assert.match(err, /it logs in with the one in the vault, and only there can it be changed/);
      }
      assert.ok(!await letIn(dir, "ann@far.org", "new"));
      assert.equal((await run("user add cid@near.org", options)).code, 2, "others need one");
    }));

  it("lists where a password is kept, and who has none at all", () =>
    onData(async (run) => {
      assert.match(
        (await run("user list", options)).out,
        /Those of far\.org are made at their first/,
      );
      await run("user add ann@far.org", options);
      await run("user add ben@near.org --admin --password-stdin", { ...options, stdin: "x" });
      assert.deepEqual((await run("user list", options)).out.split("\n"), [
        "ADDRESS       NAME  ALIASES  PASSWORD      MARKS",
        "ann@far.org                  in the vault",
        "ben@near.org                 own           admin",
        "",
      ]);
      const passwords = async (options?: CliOptions) =>
        JSON.parse((await run("user list --json", options)).out)
          .map((one: Record<string, unknown>) => [one["password"], one["keptAt"]]);
      assert.deepEqual(await passwords(options), [["elsewhere", "in the vault"], ["own", null]]);
      // The vault is not there any more, and nobody has set a password yet.
      assert.deepEqual(await passwords(), [["none", null], ["own", null]]);
      assert.match((await run("user list")).out, /^ann@far\.org +none$/m);
    }));

  it("makes app passwords once the password there was given, or none at all", () =>
    onData(async (run) => {
      await run("user add ann@far.org", options);
      await run("user add no@far.org", options);
      const add = "app-password add ann@far.org";
      const { code, out } = await run(add, { ...options, answers: ["secret there"] });
      assert.equal(code, 0);
      assert.match(out, /^Number 1, shown only now: [a-z-]{19}\n$/);
      assert.deepEqual(kept, ["ann@far.org 1 19 secret there"]);
      const bad = await run(`${add} --password-stdin`, { ...options, stdin: "bad" });
      assert.match(bad.err, /wrong password/);
      const refused = await run("app-password add no@far.org", options);
      assert.match(refused.err, /the vault forbids it/);
      const list = JSON.parse((await run("app-password list ann@far.org --json", options)).out);
      assert.deepEqual(list.map(({ id }: { id: number }) => id), [1]);
    }));
});
