// The examples work: as files named in a configuration, and as a manifest of one's own.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { loadConfig } from "../core/config.ts";
import { sampleConfig } from "../core/config_sample.ts";
import { loadPluginFile } from "../core/plugin_file.ts";
import { plugins } from "../plugins/manifest.ts";
import eas from "../plugins/eas/plugin.ts";
import postcard from "../examples/second-protocol/postcard.ts";
import rooster from "../examples/second-protocol/rooster.ts";
import { testApp } from "./kit_app.ts";
import { basic, documentOf, easApp } from "./kit_eas.ts";
import { el } from "../plugins/eas/wbxml/mod.ts";
import { root } from "./sources.ts";
import { command } from "./kit_command.ts";

const example = (...path: string[]) => join(root, "examples", ...path);
const hello = example("hello-plugin", "hello.ts");

test("hello-plugin is loaded by its path and has less than 40 lines", async () => {
  const plugin = await loadPluginFile(hello, [eas]);
  assert.equal(plugin.id, "hello");
  assert.ok((await readFile(hello, "utf8")).split("\n").length <= 40);
});

test("hello-plugin adds a command, its options and a route to the program", async () => {
  const set = ["--set", `plugins.files=["${hello}"]`, "--set", "hello.greeting=Bonjour"];
  assert.equal((await command([...set, "hello", "Ada"])).out, "Bonjour, Ada!\n");
  const listed = await command([...set, "plugins", "list"]);
  assert.match(listed.out, /^hello +core\.route/m);
  assert.match(listed.out, /^hello +core\.cliCommand +hello$/m);
  assert.match(listed.out, /^hello +eas\.gate +hello$/m);
  assert.match((await command([...set, "config", "sample"])).out, /^\[hello\]$/m);
  const wrong = await command([...set.slice(0, 2), "--set", "hello.gretting=Hi", "hello", "Ada"]);
  assert.equal(wrong.code, 2);
  assert.match(wrong.err, /greeting/, "the right name is suggested");
});

test("hello-plugin answers on its route and refuses by its gate", async () => {
  const plugin = await loadPluginFile(hello, [eas]);
  const app = await easApp({ plugins: [plugin], config: { hello: { refuse: "iPhone" } } });
  try {
    assert.equal(await (await app.fetch("/hello?name=Ada")).text(), "Hello, Ada!");
    const document = el("Settings:Settings", el("Settings:UserInformation", el("Settings:Get")));
    const answer = await documentOf(await app.ask("Settings", { body: document }));
    assert.equal(answer.textOf("Settings:Status"), "129");
  } finally {
    await app.stop();
  }
});

test("second-protocol serves its own route, and its guest's stamp is on the card", async () => {
  const app = await testApp({ plugins: [postcard, rooster] });
  try {
    await app.addAccount({ address: "ada@example.org", name: "Ada" });
    const send = (country: string, password = "password") =>
      app.fetch(
        new Request(`http://test.invalid/postcard/${country}`, {
          method: "POST",
          body: "Bonjour",
          headers: { Authorization: basic("ada@example.org", password) },
        }),
      );
    assert.equal(await (await send("fr")).text(), "Bonjour 🐓\nAda");
    assert.equal(await (await send("de")).text(), "Bonjour\nAda");
    assert.equal((await send("fr", "wrong")).status, 401);
    assert.equal((await app.fetch("/Microsoft-Server-ActiveSync")).status, 404);
  } finally {
    await app.stop();
  }
});

test("a guest without its protocol is refused by name", async () => {
  await assert.rejects(testApp({ plugins: [rooster] }), /rooster.*postcard|postcard.*rooster/s);
});

test("the example configurations are right", async () => {
  const gateways = (await readdir(example("gateway"))).filter((name) => name.endsWith(".toml"));
  assert.ok(gateways.length >= 4);
  for (const name of ["minimal.toml", "full.toml", ...gateways.map((one) => `gateway/${one}`)]) {
    const text = await readFile(example(name), "utf8");
    assert.doesNotThrow(() => loadConfig({ file: { name, text }, data: "data", plugins }));
  }
});

test("the example proxies hand on what phones ask for, and what doctor looks through", async () => {
  for (const name of ["nginx.conf", "Caddyfile", "traefik.yml"]) {
    const text = (await readFile(example("gateway", name), "utf8")).replace(/^ *#.*$/gm, "");
    assert.match(text, /\/Microsoft-Server-ActiveSync/, name);
    assert.match(text, /healthz/, name);
  }
});

test("the example for mailcow is reached from its containers, beside its own location", async () => {
  const mailcow = await readFile(example("gateway", "mailcow.toml"), "utf8");
  const nginx = await readFile(example("gateway", "nginx.conf"), "utf8");
  const place = /^listen = "([^"]+)"/m.exec(mailcow)![1]!;
  assert.doesNotMatch(place, /^127\.|^\[::1\]|localhost/);
  assert.ok(nginx.includes(`http://${place}`), "both files name one address");
  // mailcow has `location ^~ /Microsoft-Server-ActiveSync`: nginx takes no second prefix of that name.
  assert.match(nginx, /^location = \/Microsoft-Server-ActiveSync \{$/m);
  assert.doesNotMatch(nginx, /^location (\^~ )?\/Microsoft/m);
});

test("every default in the sample is accepted where somebody takes the # away", () => {
  const sample = sampleConfig(plugins);
  const values = sample.replace(/^# ((?:[A-Za-z]\w*) = .+|\[[a-z.-]+\])$/gm, "$1");
  assert.ok(values.split("\n").filter((line) => /^\w+ = /.test(line)).length > 20);
  const without = values.replace(/^\w+ = …$/gm, "");
  assert.doesNotThrow(() =>
    loadConfig({ file: { name: "full.toml", text: without }, data: "data", plugins })
  );
});
