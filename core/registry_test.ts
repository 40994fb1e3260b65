// The registry: order, contributions, and everything wrong at once.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fakeClock } from "../tests/kit.ts";
import type { Database } from "./database.ts";
import { ManifestError } from "./error.ts";
import { createLog, silentLog } from "./log.ts";
import { definePlugin, type Plugin } from "./plugin.ts";
import { type Contribution, defineEvent, definePoint } from "./point.ts";
import { createRegistry, type RegistryOptions } from "./registry.ts";

const clock = fakeClock();
const word = definePoint<string>("words.word", "many", "Words");
const voice = definePoint<string>("words.voice", "one", "The voice");
const said = defineEvent<string>("words.said", "Something was said");
const words = plugin("words", { owns: [word, voice, said] });

function plugin(id: string, more: Partial<Plugin> = {}): Plugin {
  return definePlugin({ id, summary: id, contributes: () => [], ...more });
}

function offering(id: string, ...values: Contribution[]): Plugin {
  return plugin(id, { contributes: () => values });
}

function registry(plugins: readonly Plugin[], more: Partial<RegistryOptions> = {}) {
  const db = {} as Database;
  return createRegistry({ plugins, db, log: silentLog, clock, config: () => undefined, ...more });
}

function problems(...plugins: Plugin[]): readonly string[] {
  try {
    registry(plugins);
  } catch (error) {
    assert.ok(error instanceof ManifestError);
    return error.problems;
  }
  return [];
}

describe("createRegistry()", () => {
  it("asks each plugin once, after all that it needs, else in the manifest's order", () => {
    const asked: string[] = [];
    const noting = (id: string, ...needs: string[]) =>
      plugin(id, {
        needs,
        contributes: () => {
          asked.push(id);
          return [];
        },
      });
    const { plugins } = registry([noting("a", "c"), noting("b"), noting("c", "d"), noting("d")]);
    assert.deepEqual(asked, ["d", "c", "a", "b"]);
    assert.deepEqual(plugins.map(({ id }) => id), asked);
  });

  it("hands out values in the order of plugins", () => {
    const { host } = registry([
      plugin("late", { needs: ["early"], contributes: () => [word.of("second")] }),
      plugin("early", { contributes: () => [word.of("first"), voice.of("alto")] }),
      words,
    ]);
    assert.deepEqual(host("late").all(word), ["first", "second"]);
    assert.equal(host("words").one(voice), "alto");
  });

  it("gives each plugin its own configuration and a log under its name", () => {
    const lines: string[] = [];
    const log = createLog({ level: "info", format: "json", write: (line) => lines.push(line) });
    const { host } = registry([plugin("a"), plugin("b")], { log, config: (id) => `for ${id}` });
    assert.equal(host("b").config, "for b");
    host("b").log.info({}, "Hello");
    assert.equal(JSON.parse(lines[0]!).plugin, "b");
  });

  it("says that a point of one is empty when it is used, not before", () => {
    const { host } = registry([words]);
    assert.throws(() => host("words").one(voice), /Cannot use "words\.voice": no plugin fills it/);
  });

  it("lists what was contributed, with the names that values bring", () => {
    const named = definePoint<{ id: string }>("words.page", "many", "", (page) => page.id);
    const { list } = registry([
      plugin("book", {
        owns: [named],
        contributes: () => [named.of({ id: "index" }), word.of("x"), word.of("y", "why")],
      }),
      words,
    ]);
    assert.deepEqual(list(), [
      { plugin: "book", point: "words.page", name: "index" },
      { plugin: "book", point: "words.word", name: undefined },
      { plugin: "book", point: "words.word", name: "why" },
    ]);
  });
});

describe("createRegistry() refuses", () => {
  it("a need that no plugin meets", () => {
    assert.deepEqual(problems(plugin("a", { needs: ["b"] })), [
      'Plugin "a" needs "b", which no plugin is called',
    ]);
  });

  it("a circle, naming it", () => {
    const found = problems(
      plugin("a", { needs: ["b"] }),
      plugin("b", { needs: ["c"] }),
      plugin("c", { needs: ["b"] }),
    );
    assert.deepEqual(found, ["Plugins need each other in a circle: b → c → b"]);
  });

  it("two plugins of one name", () => {
    assert.deepEqual(problems(plugin("a"), plugin("a")), ['Two plugins are called "a"']);
  });

  it("a second value for a point of one", () => {
    assert.deepEqual(problems(words, offering("a", voice.of("x")), offering("b", voice.of("y"))), [
      'Point "words.voice" takes one value: "a" and "b" offer one',
    ]);
  });

  it("a value for a point that nobody opens", () => {
    assert.deepEqual(problems(offering("a", word.of("x"))), [
      'Plugin "a" contributes to "words.word", which no plugin opens',
    ]);
  });

  it("a point that is opened twice", () => {
    assert.deepEqual(problems(words, plugin("a", { owns: [word] })), [
      'Point "words.word" is opened by "words" and by "a"',
    ]);
  });

  it("two contributions of one name to one point, and lets names repeat elsewhere", () => {
    const a = offering("a", word.of("x", "same"), said.of(() => {}, "same"));
    assert.deepEqual(problems(words, a), []);
    assert.deepEqual(problems(words, a, offering("b", word.of("y", "same"))), [
      '"same" is contributed to "words.word" by "a" and by "b"',
    ]);
  });

  it("a plugin that fails, or reads points, while it contributes", () => {
    const found = problems(
      words,
      plugin("a", { contributes: (host) => [word.of(host.one(voice))] }),
    );
    assert.deepEqual(found, [
      'Plugin "a" cannot contribute: Cannot read point "words.voice" while plugins are contributing',
    ]);
  });

  it("migrations that are misnamed or stand there twice", () => {
    const step = (id: string) => ({ id, up: [] });
    const migrations = [step("20260101_one"), step("first"), step("20260101_one")];
    assert.deepEqual(problems(plugin("a", { migrations })), [
      'Migration "first" of "a" is not called <yyyymmdd>_<what>',
      'Migration "20260101_one" of "a" stands there twice',
    ]);
  });

  it("everything that is wrong at once", () => {
    const found = problems(
      words,
      plugin("a", { needs: ["nobody"] }),
      plugin("a"),
      offering("b", voice.of("x"), voice.of("y")),
    );
    assert.equal(found.length, 3);
  });
});

describe("Host.emit()", () => {
  it("calls every listener, logs one that fails, and never rejects", async () => {
    const heard: string[] = [];
    const lines: string[] = [];
    const log = createLog({ level: "info", format: "json", write: (line) => lines.push(line) });
    const { host } = registry([
      offering(
        "a",
        said.of(() => {
          throw new Error("deaf");
        }),
        said.of(async () => {
          await Promise.reject(new Error("late"));
        }),
        said.of((what) => void heard.push(what)),
      ),
      words,
    ], { log });
    await host("words").emit(said, "hello");
    assert.deepEqual(heard, ["hello"]);
    const logged = lines.map((line) => JSON.parse(line));
    assert.deepEqual(logged.map(({ event, err }) => [event, err.message]), [
      ["words.said", "deaf"],
      ["words.said", "late"],
    ]);
  });

  it("resolves when listeners that take their time are done", async () => {
    let done = false;
    const slow = said.of(async () => {
      await new Promise((resolve) => setImmediate(resolve));
      done = true;
    });
    const { host } = registry([offering("a", slow), words]);
    await host("words").emit(said, "x");
    assert.ok(done);
  });
});
