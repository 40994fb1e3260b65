// The configuration: what is read from where, and what is said when it is wrong.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as v from "valibot";
import { type ConfigInput, loadConfig } from "./config.ts";
import { ConfigError, type ConfigFinding } from "./error.ts";
import { definePlugin } from "./plugin.ts";

const mill = definePlugin({
  id: "wind-mill",
  summary: "Grinds",
  config: v.strictObject({
    sails: v.optional(
      v.pipe(v.number(), v.integer(), v.minValue(1), v.description("How many sails.")),
      4,
    ),
    grain: v.optional(v.pipe(v.picklist(["rye", "oats"]), v.description("What.")), "rye"),
    open: v.optional(v.pipe(v.boolean(), v.description("Whether it is open.")), true),
    maxLoad: v.optional(v.pipe(v.string(), v.description("A size.")), "5t"),
    key: v.optional(
      v.pipe(
        v.string(),
        v.minLength(3),
        v.metadata({ secret: true }),
        v.description("The door's key."),
      ),
      "none",
    ),
    door: v.optional(
      v.strictObject({
        names: v.optional(v.pipe(v.array(v.string()), v.description("Whose.")), []),
      }),
      {},
    ),
  }),
  contributes: () => [],
});
const bakery = definePlugin({
  id: "bakery",
  summary: "Bakes",
  needs: ["wind-mill"],
  contributes: () => [],
});
const plugins = [mill, bakery];

function load(text: string, more: Partial<ConfigInput> = {}) {
  return loadConfig({ file: { name: "navette.toml", text }, plugins, ...more });
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

function finding(text: string, more: Partial<ConfigInput> = {}): ConfigFinding {
  const found = findings(text, more);
  assert.equal(found.length, 1, JSON.stringify(found));
  return found[0]!;
}

describe("loadConfig()", () => {
  it("has a default for everything", () => {
    const config = loadConfig({ plugins });
    assert.equal(config.server.listen, "127.0.0.1:8080");
    assert.deepEqual(config.section("wind-mill"), {
      sails: 4,
      grain: "rye",
      open: true,
      maxLoad: "5t",
      key: "none",
      door: { names: [] },
    });
    assert.equal(config.file, undefined);
  });

  it("takes the command line before the environment before the file", () => {
    const file = "[wind-mill]\nsails = 5\ngrain = 'oats'\nmaxLoad = '1t'";
    const env = { NAVETTE_WIND_MILL_SAILS: "6", NAVETTE_WIND_MILL_MAX_LOAD: "2t" };
    const config = load(file, { env, set: ["wind-mill.sails=7"] });
    assert.partialDeepStrictEqual(config.section("wind-mill"), {
      sails: 7,
      grain: "oats",
      maxLoad: "2t",
    });
  });

  it("takes the last of two settings", () => {
    const set = ["wind-mill.sails=7", "wind-mill.sails=8"];
    assert.partialDeepStrictEqual(load("", { set }).section("wind-mill"), { sails: 8 });
  });

  it("reads values as TOML, and as texts where the option is one", () => {
    const env = {
      NAVETTE_WIND_MILL_DOOR_NAMES: '["a", "b"]',
      NAVETTE_WIND_MILL_OPEN: "false",
      NAVETTE_WIND_MILL_MAX_LOAD: "17",
      NAVETTE_STORAGE_TOKEN: "true",
      NAVETTE_STORAGE_URL: '"https://db.example.com"',
    };
    const config = load("", { env, set: ["wind-mill.key=2026-01-01"] });
    assert.partialDeepStrictEqual(config.section("wind-mill"), {
      door: { names: ["a", "b"] },
      open: false,
      maxLoad: "17",
      key: "2026-01-01",
    });
    assert.equal(config.storage.token, "true");
    assert.equal(config.storage.url, "https://db.example.com");
  });

  it("does not let a value bring further keys along", () => {
    const set = ["wind-mill.maxLoad='x'\nsails = 9"];
    assert.partialDeepStrictEqual(load("", { set }).section("wind-mill"), {
      sails: 4,
      maxLoad: "'x'\nsails = 9",
    });
  });

  it("leaves variables of others, and those of --config and --data, alone", () => {
    load("", { env: { PATH: "/bin", NAVETTE_CONFIG: "x", NAVETTE_DATA: "y" } });
  });

  it("switches a plugin off by false, from every layer, and on again by true", () => {
    assert.deepEqual([...load("bakery = false").off], ["bakery"]);
    assert.deepEqual([...load("", { env: { NAVETTE_BAKERY: "false" } }).off], ["bakery"]);
    const config = load("bakery = false\nwind-mill = false", { set: ["bakery=false"] });
    assert.deepEqual([...config.off], ["wind-mill", "bakery"]);
    assert.equal(config.section("wind-mill"), undefined);
    assert.deepEqual([...load("bakery = false", { set: ["bakery=true"] }).off], []);
  });
});

describe("loadConfig() refuses", () => {
  it("an unknown key, with what was perhaps meant", () => {
    assert.deepEqual(finding("[wind-mill]\nsials = 3"), {
      source: "navette.toml",
      section: "wind-mill",
      key: "sials",
      value: undefined,
      wanted: "a key that is known",
      fix: 'did you mean "sails"?',
    });
  });

  it("an unknown key far from all, listing those that are known", () => {
    assert.match(finding("[wind-mill.door]\nqqqqqq = 1").fix, /remove it; known here: names/);
  });

  it("an unknown section", () => {
    assert.partialDeepStrictEqual(finding("[windmil]"), {
      section: "windmil",
      wanted: "a section that is known",
      fix: 'did you mean "wind-mill"?',
    });
  });

  it("keys for a plugin that has no options", () => {
    assert.partialDeepStrictEqual(finding("[bakery]\nhot = 1"), { section: "bakery", key: "hot" });
  });

  it("an unknown variable, naming the near one", () => {
    assert.partialDeepStrictEqual(finding("", { env: { NAVETTE_WIND_MILL_SAIL: "1" } }), {
      source: "environment",
      key: "NAVETTE_WIND_MILL_SAIL",
      fix: "did you mean NAVETTE_WIND_MILL_SAILS?",
    });
  });

  it("a setting that is none", () => {
    for (const setting of ["sails", "=3", ".x=3", "a..b=1", "__proto__.x=1"]) {
      assert.equal(finding("", { set: [setting] }).source, "command line (--set)", setting);
    }
  });

  it("a value of the wrong kind or size, saying what is wanted", () => {
    const cases = [
      ["sails = 'four'", "a whole number, at least 1"],
      ["sails = 0", "a whole number, at least 1"],
      ["sails = 1.5", "a whole number, at least 1"],
      ["grain = 'wheat'", 'one of "rye", "oats"'],
      ["open = 'yes'", "true or false"],
      ["door = 3", "a table"],
      ["door.names = [1]", "a list, each entry a text"],
    ];
    for (const [line, wanted] of cases) {
      assert.equal(finding(`[wind-mill]\n${line}`).wanted, wanted, line);
    }
  });

  it("a value with the layer that it came from", () => {
    const env = { NAVETTE_WIND_MILL_SAILS: "0" };
    assert.equal(finding("", { env }).source, "environment (NAVETTE_WIND_MILL_SAILS)");
    assert.equal(finding("", { set: ["wind-mill.sails=0"] }).source, "command line (--set)");
  });

  it("a secret without showing it", () => {
    const found = finding("[wind-mill]\nkey = 'ab'");
    assert.equal(found.value, "(secret)");
    assert.doesNotMatch(new ConfigError([found]).message, /"ab"/);
  });

  it("text that is no TOML, with its line", () => {
    const found = finding("[server]\nlisten = 127.0.0.1:80");
    assert.match(found.source, /^navette\.toml:2:\d+$/);
  });

  it("to switch off what another plugin needs, naming both", () => {
    const found = finding("wind-mill = false");
    assert.match(found.wanted, /plugin "bakery" needs "wind-mill"/);
    assert.equal(found.fix, 'remove "wind-mill = false", or write "bakery = false" too');
  });

  it("to switch off core", () => {
    assert.partialDeepStrictEqual(finding("log = false"), { section: "log", wanted: "a table" });
  });

  it("everything at once", () => {
    const text = "[wind-mill]\nsails = 0\nopn = true\n[log]\nlevel = 'loud'\n[nothing]";
    const found = findings(text, { env: { NAVETTE_X: "1" }, set: ["oops"] });
    assert.equal(found.length, 6);
  });
});

describe("loadConfig() of the server", () => {
  it("refuses plain HTTP on anything but this machine, and names both ways out", () => {
    for (const listen of ["0.0.0.0:80", ":80", "192.0.2.1:80", "[::]:80", "mail.example.com:80"]) {
      const found = finding(`[server]\nlisten = "${listen}"`);
      assert.equal(found.key, "listen");
      assert.match(found.fix, /server\.tls\.cert/);
      assert.match(found.fix, /server\.proxy = \[/);
    }
  });

  it("takes plain HTTP on this machine, behind a proxy, or with TLS", () => {
    for (const listen of ["127.0.0.1:80", "[::1]:80", "localhost:80"]) {
      load(`[server]\nlisten = "${listen}"`);
    }
    load('[server]\nlisten = ":80"\nproxy = ["10.0.0.5"]');
    load('[server]\nlisten = ":443"\ntls.cert = "c.pem"\ntls.key = "k.pem"');
  });

  it("wants both TLS files or none", () => {
    assert.equal(finding('[server.tls]\ncert = "c.pem"').key, "tls.key");
    assert.equal(finding('[server.tls]\nkey = "k.pem"').key, "tls.cert");
  });

  it("refuses addresses that are none", () => {
    const lines = [
      'listen = "8080"',
      'listen = "127.0.0.1:99999"',
      'listen = "::1:80"',
      'url = "mail.example.com"',
      'url = "https://mail.example.com/path"',
      'proxy = ["10.0.0.0/33"]',
      'proxy = ["proxy.example.com"]',
    ];
    for (const line of lines) assert.equal(finding(`[server]\n${line}`).section, "server", line);
    assert.equal(finding('[storage]\nurl = "postgres://x"').key, "url");
  });
});
