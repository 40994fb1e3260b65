// Tables with chosen names: from all layers, checked like everything else.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as v from "valibot";
import { type ConfigInput, loadConfig } from "./config.ts";
import { schemaProblems } from "./config_option.ts";
import { sampleConfig } from "./config_sample.ts";
import { ConfigError, type ConfigFinding } from "./error.ts";
import { definePlugin } from "./plugin.ts";

const text = (description: string, initial = "") =>
  v.optional(v.pipe(v.string("a text"), v.description(description)), initial);

const wheel = v.pipe(
  v.strictObject({
    wood: v.optional(
      v.pipe(v.string("a text"), v.description("Its wood."), v.examples(["oak"])),
      "",
    ),
    size: v.optional(v.pipe(v.number("a number"), v.description("Its size.")), 3),
    maxLoad: text("What it bears."),
    key: v.optional(
      v.pipe(v.string("a text"), v.description("Its lock."), v.metadata({ secret: true })),
      "",
    ),
    axle: v.optional(v.strictObject({ wood: text("The wood of its axle.", "ash") }), {}),
  }),
  v.forward(v.check(({ wood }) => wood !== "", "the name of a tree. Fix: oak lasts"), ["wood"]),
);
const name = v.pipe(v.string(), v.description("Which."), v.examples(["left"]));
const mill = definePlugin({
  id: "mill",
  summary: "Grinds",
  config: v.strictObject({ wheel: v.optional(v.record(name, wheel), {}) }),
  contributes: () => [],
});

function load(text: string, more: Partial<ConfigInput> = {}) {
  return loadConfig({ file: { name: "navette.toml", text }, plugins: [mill], ...more });
}

function wheels(text: string, more: Partial<ConfigInput> = {}): Record<string, unknown> {
  return (load(text, more).section("mill") as { wheel: Record<string, unknown> }).wheel;
}

function findings(text: string, more: Partial<ConfigInput> = {}): readonly ConfigFinding[] {
  try {
    load(text, more);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.findings;
  }
  return [];
}

const standard = { wood: "oak", size: 3, maxLoad: "", key: "", axle: { wood: "ash" } };

describe("loadConfig() of tables with chosen names", () => {
  it("has none unless one is written", () => {
    assert.deepEqual(wheels(""), {});
  });

  it("gives each its defaults", () => {
    const file = "[mill.wheel.left]\nwood = 'oak'\n[mill.wheel.right-2]\nwood = 'elm'\nsize = 4";
    assert.deepEqual(wheels(file), {
      left: standard,
      "right-2": { ...standard, wood: "elm", size: 4 },
    });
  });

  it("reads them from the environment and from the command line, too", () => {
    const env = {
      NAVETTE_MILL_WHEEL_LEFT_WOOD: "oak",
      NAVETTE_MILL_WHEEL_LEFT_MAX_LOAD: "17",
      NAVETTE_MILL_WHEEL_RIGHT_2_WOOD: "elm",
      NAVETTE_MILL_WHEEL_RIGHT_2_AXLE_WOOD: "yew",
    };
    assert.deepEqual(wheels("", { env, set: ["mill.wheel.right-2.size=4"] }), {
      left: { ...standard, maxLoad: "17" },
      "right-2": { ...standard, wood: "elm", size: 4, axle: { wood: "yew" } },
    });
  });

  it("lays the layers over each other as everywhere", () => {
    const file = "[mill.wheel.left]\nwood = 'oak'\nsize = 4";
    const env = { NAVETTE_MILL_WHEEL_LEFT_SIZE: "5" };
    assert.partialDeepStrictEqual(wheels(file, { env }), { left: { size: 5 } });
    const set = ["mill.wheel.left.size=6"];
    assert.partialDeepStrictEqual(wheels(file, { env, set }), { left: { size: 6 } });
  });

  it("reads a variable that two options fit as that of the table below", () => {
    const env = { NAVETTE_MILL_WHEEL_OLD_WOOD: "oak", NAVETTE_MILL_WHEEL_OLD_AXLE_WOOD: "yew" };
    assert.deepEqual(wheels("", { env }), { old: { ...standard, axle: { wood: "yew" } } });
  });
});

describe("loadConfig() refuses, in tables with chosen names,", () => {
  it("a name that such a variable could not mean", () => {
    const [found, ...more] = findings("[mill.wheel.old-axle]\nwood = 'oak'");
    assert.deepEqual(more, []);
    assert.equal(found?.key, "wheel.old-axle");
    assert.match(found.wanted, /does not end in "-axle"/);
  });

  it("names that no variable could carry, with one that would do", () => {
    for (const [name, near] of [["Left_1", "left-1"], ["a--b", "a-b"], ["x.y", "x-y"]]) {
      const [found] = findings(`[mill.wheel."${name}"]\nwood = 'oak'`);
      assert.match(found?.wanted ?? "", /a name of a-z and 0-9/, name);
      assert.equal(found?.fix, `call it "${near}"`);
    }
  });

  it("unknown keys, with what was perhaps meant", () => {
    const found = findings("[mill.wheel.left]\nwood = 'oak'\nsise = 1\n[mill.wheel.left.axel]");
    assert.deepEqual(found.map(({ key, fix }) => [key, fix]), [
      ["wheel.left.sise", 'did you mean "size"?'],
      ["wheel.left.axel", 'did you mean "axle"?'],
    ]);
  });

  it("unknown variables, with what was perhaps meant", () => {
    const env = { NAVETTE_MILL_WHEEL_OLD_LEFT_SISE: "1" };
    const [found] = findings("", { env });
    assert.equal(found?.fix, "did you mean NAVETTE_MILL_WHEEL_OLD_LEFT_SIZE?");
  });

  it("wrong values with their place, their source and what is wanted", () => {
    const found = findings("[mill.wheel.left]\nwood = 'oak'\nsize = 'big'", {
      env: { NAVETTE_MILL_WHEEL_RIGHT_SIZE: "4" },
    });
    assert.deepEqual(found, [
      {
        source: "navette.toml",
        section: "mill",
        key: "wheel.left.size",
        value: "big",
        wanted: "a number",
        fix: "for example size = 3",
      },
      {
        source: "environment (NAVETTE_MILL_WHEEL_RIGHT_SIZE)",
        section: "mill",
        key: "wheel.right.wood",
        value: undefined,
        wanted: "the name of a tree",
        fix: "oak lasts",
      },
    ]);
  });

  it("a value without showing it where it is a secret", () => {
    const [found] = findings("[mill.wheel.left]\nwood = 'oak'\nkey = 5");
    assert.equal(found?.value, "(secret)");
  });

  it("a value in the place of a table", () => {
    assert.equal(findings("[mill]\nwheel = 3")[0]?.wanted, "a table");
    assert.equal(findings("[mill.wheel]\nleft = 3")[0]?.key, "wheel.left");
  });
});

it("sampleConfig() shows one table with an example of a name, commented out", () => {
  const sample = sampleConfig([mill]);
  assert.match(
    sample,
    /^# Which\.\n# \[mill\.wheel\.left\]\n\n# Its wood\. \(a text\)\n# wood = "oak"$/m,
  );
  assert.match(sample, /^# \[mill\.wheel\.left\.axle\]$/m);
  const file = { name: "sample.toml", text: sample };
  assert.deepEqual(loadConfig({ plugins: [mill], file }).section("mill"), { wheel: {} });
  const text = sample.replaceAll(/^# (\[.+\]|[a-z][A-Za-z]* = [^…\n]+)$/gm, "$1");
  assert.deepEqual(wheels(text), { left: standard });
});

it("schemaProblems() tells options that share a variable with one of a chosen name", () => {
  const config = v.strictObject({
    wheel: v.optional(v.record(name, wheel), {}),
    wheelLeftSize: text("Clashes"),
  });
  const problems = schemaProblems([definePlugin({ ...mill, config })]);
  assert.deepEqual(problems, [
    'Options "mill.wheel.*.size" and "mill.wheelLeftSize" share NAVETTE_MILL_WHEEL_LEFT_SIZE',
  ]);
});
