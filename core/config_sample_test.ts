// The sample configuration: whole, true, and harmless as it is.
import assert from "node:assert/strict";
import { it } from "node:test";
import * as v from "valibot";
import { loadConfig } from "./config.ts";
import { optionsOf } from "./config_option.ts";
import { coreSections } from "./config_core.ts";
import { sampleConfig } from "./config_sample.ts";
import { definePlugin } from "./plugin.ts";

const mill = definePlugin({
  id: "mill",
  summary: "Grinds corn",
  config: v.strictObject({
    gear: v.optional(
      v.strictObject({
        ratio: v.optional(v.pipe(v.number(), v.description("The ratio of the gear.")), 1.5),
      }),
      {},
    ),
    sails: v.optional(
      v.pipe(v.number(), v.integer(), v.description("How many sails it has."), v.examples([6])),
      4,
    ),
    name: v.optional(v.pipe(v.string(), v.description("Its name, if it has one."))),
  }),
  contributes: () => [],
});
const bare = definePlugin({ id: "bare", summary: "Has no options", contributes: () => [] });

it("sampleConfig() shows a plugin's options with description, kind, default and examples", () => {
  const sample = sampleConfig([mill]);
  assert.equal(
    sample.slice(sample.indexOf("# Grinds corn")),
    `# Grinds corn
[mill]

# How many sails it has. (a whole number)
# Example: sails = 6
# sails = 4

# Its name, if it has one. (a text)
# name = …

[mill.gear]

# The ratio of the gear. (a number)
# ratio = 1.5
`,
  );
});

it("sampleConfig() has every option of core", () => {
  const sample = sampleConfig([]);
  for (const [id, schema] of Object.entries(coreSections)) {
    for (const { path } of optionsOf(id, schema)) {
      assert.match(sample, new RegExp(`^# ${path.at(-1)} = `, "m"), path.join("."));
    }
  }
});

it("sampleConfig() can be loaded as it is and changes nothing", () => {
  const plugins = [mill, bare];
  const file = { name: "sample.toml", text: sampleConfig(plugins) };
  const { file: _, ...loaded } = loadConfig({ plugins, file });
  const { file: __, ...defaults } = loadConfig({ plugins });
  assert.equal(JSON.stringify(loaded), JSON.stringify(defaults));
  assert.deepEqual(loaded.section("mill"), defaults.section("mill"));
});

it("sampleConfig() is right in what it comments out", () => {
  const plugins = [mill, bare];
  const text = sampleConfig(plugins).replaceAll(/^# ([a-z][A-Za-z]* = [^…\n]+)$/gm, "$1");
  const loaded = loadConfig({ plugins, file: { name: "sample.toml", text } });
  assert.equal(loaded.server.listen, "127.0.0.1:8080");
  assert.deepEqual(loaded.section("mill"), loadConfig({ plugins }).section("mill"));
});
