// Plugins of a user's own, loaded from files.
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { withTempDir } from "../tests/kit.ts";
import { cli } from "../tests/kit_cli.ts";
import { definePlugin } from "./plugin.ts";
import { definePoint } from "./point.ts";

const word = definePoint<string>("words.word", "many", "Words");
const words = definePlugin({ id: "words", summary: "", owns: [word], contributes: () => [] });

const good = `
type Name = string;
export default (kit: { core: any; v: any; point(id: string): any }) => {
  const { core, v } = kit;
  return core.definePlugin({
    id: "own",
    summary: "My own",
    needs: ["words"],
    config: v.strictObject({
      greeting: v.optional(v.pipe(v.string(), v.description("What to say.")), "Hello"),
    }),
    contributes: (host: any) => [
      kit.point("words.word").of("mine", "mine"),
      core.cliCommand.of((program: any, { print }: any) => {
        program.command("say").argument("<name>")
          .action((name: Name) => print(host.config.greeting + " " + name));
      }, "say"),
    ],
  });
};
`;

interface Files {
  readonly [name: string]: string;
}

/** Runs a command with a configuration that names plugin files. */
function withFiles(
  files: Files,
  work: (run: (words: string) => ReturnType<typeof cli>, dir: string) => Promise<void>,
  named = Object.keys(files),
): Promise<void> {
  return withTempDir(async (dir) => {
    await mkdir(join(dir, "own"));
    for (const [name, text] of Object.entries(files)) {
      await writeFile(join(dir, "own", name), text);
    }
    const config = join(dir, "navette.toml");
    const list = JSON.stringify(named.map((name) => `own/${name}`));
    await writeFile(config, `plugins.files = ${list}\n`);
    await work((line) => cli([...line.split(" "), "--config", config], { plugins: [words] }), dir);
  });
}

describe("A plugin file", () => {
  it("adds what it wants, beside the configuration file, with options of its own", () =>
    withFiles({ "hello.ts": good }, async (run, dir) => {
      assert.deepEqual(await run("say Ann"), { code: 0, out: "Hello Ann\n", err: "" });
      assert.equal((await run("say Ann --set own.greeting=Salut")).out, "Salut Ann\n");
      const listed = await run("plugins list words.word --json");
      assert.deepEqual(JSON.parse(listed.out), [
        { plugin: "own", point: "words.word", name: "mine" },
      ]);
      assert.match((await run("config sample")).out, /# greeting = "Hello"/);
      assert.equal((await run(`say Ann --data ${dir} --set own=false`)).code, 2);
    }));

  it("may be JavaScript, as a module or CommonJS", () =>
    withFiles({
      "a.mjs": "export default ({ core }) => ({ id: 'a', summary: '', contributes: () => [] })",
      "b.cjs": "module.exports = ({ core }) => ({ id: 'b', summary: '', contributes: () => [" +
        "core.health.of(async () => ({ name: 'b', ok: true }), 'b')] })",
    }, async (run) => {
      assert.match((await run("plugins list")).out, /^b +core\.health +b$/m);
    }));

  it("may use the points of another one before it", () =>
    withFiles({
      "first.mjs":
        "export default ({ core }) => { const point = core.definePoint('first.x', 'many'," +
        " 'X'); return { id: 'first', summary: '', owns: [point], contributes: () => [] } }",
      "second.mjs": "export default (kit) => ({ id: 'second', summary: '', needs: ['first'], " +
        "contributes: () => [kit.point('first.x').of(1, 'one')] })",
    }, async (run) => {
      assert.match((await run("plugins list first.x")).out, /second +first\.x +one/);
    }));

  const wrong: Record<string, [Files, RegExp]> = {
    "is not there": [{}, /own\/none\.ts.*there is no such file/],
    "exports nothing": [{ "x.mjs": "export const y = 1" }, /its default export is no function/],
    "exports something else": [
      { "x.mjs": "export default 7" },
      /its default export is no function/,
    ],
    "returns no plugin": [{ "x.mjs": "export default () => ({})" }, /does not return a plugin/],
    "cannot be read as a program": [{ "x.mjs": "export default (" }, /own\/x\.mjs/],
    "fails": [
      { "x.mjs": "export default () => { throw new Error('no wind') }" },
      /mend it: no wind/,
    ],
    "wants a point that nobody opens": [
      { "x.mjs": "export default (kit) => kit.point('words.wrd')" },
      /no plugin opens the point "words\.wrd": did you mean "words\.word"\?/,
    ],
  };
  for (const [name, [files, message]] of Object.entries(wrong)) {
    it(`that ${name} is an error of the configuration`, () =>
      withFiles(files, async (run) => {
        const { code, err } = await run("config check");
        assert.equal(code, 2);
        assert.match(err, /navette\.toml: plugins\.files = /);
        assert.match(err, message);
      }, Object.keys(files).length > 0 ? Object.keys(files) : ["none.ts"]));
  }

  it("is told together with everything else that is wrong", () =>
    withFiles({ "x.mjs": "export default 7" }, async (run) => {
      const { err } = await run("config check --set log.level=loud");
      assert.match(err, /its default export/);
      assert.match(err, /log\.level/);
    }));
});
