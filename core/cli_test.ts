// The program's words, outputs and exit codes.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { withTempDir } from "../tests/kit.ts";
import { cli, type CliOptions } from "../tests/kit_cli.ts";
import { CliError } from "./error.ts";
import { definePlugin } from "./plugin.ts";
import { cliCommand } from "./points.ts";
import { version } from "./version.ts";

const guest = definePlugin({
  id: "guest",
  summary: "A guest",
  contributes: () => [
    cliCommand.of((program, { print }) => {
      program.command("greet").argument("<name>").action((name: string) => print(`Hello ${name}`));
      program.command("fail").action(() => {
        throw new CliError("Cannot greet: nobody is there");
      });
      program.command("crash").action(() => {
        throw new TypeError("x is not a function");
      });
    }, "greet"),
  ],
});

/** Runs commands on a data directory of their own. */
function onData(
  work: (
    run: (words: string, options?: CliOptions) => ReturnType<typeof cli>,
    dir: string,
  ) => Promise<void>,
): Promise<void> {
  return withTempDir((dir) =>
    work((words, options = {}) => {
      const argv = [...words.split(" ").filter(Boolean), "--data", join(dir, "data")];
      return cli(argv, { plugins: [guest], ...options });
    }, dir)
  );
}

describe("navette", () => {
  it("has --help everywhere, with exit code 0", () =>
    onData(async (run) => {
      const groups = "user app-password plugins config".split(" ");
      const commands = "serve backup restore doctor version greet".split(" ");
      const below = [
        "user add",
        "user list",
        "app-password revoke",
        "plugins list",
        "config check",
      ];
      for (const words of ["", ...groups, ...commands, ...below]) {
        const { code, out } = await run(`${words} --help`);
        assert.equal(code, 0, words);
        assert.match(out, new RegExp(`^Usage: navette ${words}`), words);
      }
    }));

  it("ends with 2 where the words are wrong, and says what was perhaps meant", () =>
    onData(async (run) => {
      const wrong = [
        "usr list",
        "user lst",
        "user add",
        "version --loud",
        "greet",
        "user list x y",
      ];
      for (const words of wrong) {
        const { code, out, err } = await run(words);
        assert.equal(code, 2, words);
        assert.equal(out, "", words);
        assert.match(err, /^error: /, words);
      }
      assert.match((await run("usr list")).err, /Did you mean user\?/);
    }));

  it("prints its version, which is that of deno.json", () =>
    onData(async (run) => {
      const file = new URL("../deno.json", import.meta.url);
      assert.equal(JSON.parse(await readFile(file, "utf8")).version, version);
      assert.deepEqual(await run("version"), { code: 0, out: `${version}\n`, err: "" });
    }));

  it("runs the commands of plugins, which fail in one line", () =>
    onData(async (run) => {
      assert.deepEqual(await run("greet Ann"), { code: 0, out: "Hello Ann\n", err: "" });
      assert.deepEqual(await run("fail"), {
        code: 1,
        out: "",
        err: "navette: Cannot greet: nobody is there\n",
      });
      const crashed = await run("crash");
      assert.equal(crashed.code, 1);
      assert.match(crashed.err, /^navette: x is not a function\n {2}This is a mistake .*\n$/);
    }));

  it("takes the global options anywhere, and drops the dashes of task runners", () =>
    onData(async (run, dir) => {
      const data = join(dir, "elsewhere");
      const argv = ["--data", data, "--", "user", "list", "--json"];
      assert.equal((await cli(["--", ...argv.toSpliced(2, 1)])).out, "[]\n");
      assert.equal((await run("--set log.level=warn user list --json")).out, "[]\n");
    }));

  it("ends with 2 where two commands have one name", async () => {
    const twin = definePlugin({
      id: "twin",
      summary: "",
      contributes: () => [cliCommand.of((program) => void program.command("user"))],
    });
    const { code, err } = await cli(["version"], { plugins: [twin] });
    assert.equal(code, 2);
    assert.match(err, /user/);
  });

  it("ends with 2 and tells everything where plugins do not fit together", async () => {
    const needy = definePlugin({ id: "a", summary: "", needs: ["b"], contributes: () => [] });
    const log = definePlugin({ id: "log", summary: "", contributes: () => [] });
    const { code, err } = await cli(["version"], { plugins: [needy, log] });
    assert.equal(code, 2);
    assert.match(err, /needs "b"/);
    assert.match(err, /Plugin "log" has the name of a section of core/);
  });
});

describe("navette and its configuration", () => {
  it("tells all that is wrong, one line each, for every command that needs it, with 2", () =>
    onData(async (run, dir) => {
      const file = join(dir, "navette.toml");
      await writeFile(file, "[log]\nlevel = 'loud'\nlevl = 1\n");
      for (const words of ["user list", "plugins list", "config check", "backup x", "serve"]) {
        const { code, out, err } = await run(`${words} --config ${file}`);
        assert.equal(code, 2, words);
        assert.equal(out, "", words);
        assert.equal(err.trimEnd().split("\n").length, 2, err);
        assert.match(err, /log\.level = "loud": wanted one of/);
      }
    }));

  it("still helps where the configuration is wrong", () =>
    onData(async (run) => {
      for (const words of ["version", "--help", "config sample"]) {
        assert.equal((await run(`${words} --set x.y=1`)).code, 0, words);
      }
    }));

  it("says so where the file is not there", () =>
    onData(async (run) => {
      const { code, err } = await run("config check --config /nowhere/navette.toml");
      assert.equal(code, 2);
      assert.match(err, /^\/nowhere\/navette\.toml: wanted a configuration file that can be read/);
    }));

  it("takes file and data directory from the environment, the command line first", () =>
    withTempDir(async (dir) => {
      const [a, b] = [join(dir, "a.toml"), join(dir, "b.toml")];
      await writeFile(a, "");
      await writeFile(b, "");
      const env = { NAVETTE_CONFIG: a, NAVETTE_DATA: dir };
      assert.match((await cli(["config", "check"], { env })).out, /a\.toml: no errors/);
      const { out } = await cli(["config", "check", "--config", b], { env });
      assert.match(out, /b\.toml: no errors/);
    }));

  it("prints a sample that it takes back", () =>
    onData(async (run, dir) => {
      const { out } = await run("config sample");
      const file = join(dir, "navette.toml");
      await writeFile(file, out);
      assert.equal((await run(`config check --config ${file}`)).code, 0);
    }));
});

describe("navette plugins list", () => {
  it("shows plugin, point and name", () =>
    onData(async (run) => {
      const { out } = await run("plugins list");
      assert.match(out, /^PLUGIN +POINT +NAME\n/);
      assert.match(out, /^guest +core\.cliCommand +greet$/m);
      const rows = JSON.parse((await run("plugins list core.login --json")).out);
      assert.deepEqual(rows, [{ plugin: "core", point: "core.login" }]);
    }));

  it("ends with 2 at a point that nobody opens", () =>
    onData(async (run) => {
      const { code, err } = await run("plugins list core.logn");
      assert.equal(code, 2);
      assert.match(err, /did you mean core\.login\?/);
    }));
});

describe("navette backup and restore", () => {
  it("bring everything back", () =>
    onData(async (run, dir) => {
      const file = join(dir, "copy.db");
      await run("user add ann@x.org --password-stdin", { stdin: "secret" });
      assert.equal((await run(`backup ${file}`)).code, 0);
      await run("user delete ann@x.org --yes");
      assert.equal((await run(`restore ${file}`)).code, 1);
      assert.equal((await run(`restore ${file} --force`)).code, 0);
      assert.match((await run("user list")).out, /ann@x\.org/);
    }));

  it("write over no file, and read none that is not there", () =>
    onData(async (run, dir) => {
      const file = join(dir, "taken");
      await writeFile(file, "precious");
      assert.match((await run(`backup ${file}`)).err, /it is there already/);
      assert.equal(await readFile(file, "utf8"), "precious");
      const { code, err } = await run(`restore ${join(dir, "nothing")}`);
      assert.equal(code, 1);
      assert.match(err, /^navette: Cannot restore .*\n$/);
    }));
});
