import assert from "node:assert/strict";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { parse } from "valibot";
import { config } from "./config.ts";
import { diagnose } from "./diagnosis.ts";

const configured = (options: unknown = {}) => parse(config, options);

async function finding(check: string, options: unknown) {
  const all = await diagnose(configured(options), undefined, ["local"]);
  return all.filter((one) => one.check === check);
}

/** A service on a port of its own that greets with these words. */
async function greeting(words: string, work: (listen: string) => Promise<void>): Promise<void> {
  const server = createServer((socket) => socket.end(words));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await work(`127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

test("Without options nothing is wrong, and what is missing says how to mend it", async () => {
  const all = await diagnose(configured(), undefined, ["local"]);
  assert.deepEqual(all.map(({ check, level }) => [check, level]), [
    ["mail store", "ok"],
    ["mail relay", "warning"],
  ]);
  assert.match(all[1]!.fix!, /mailbox\.relay\.host/);
});

test("A gateway without local accounts needs no relay", async () => {
  const imap = { home: { host: "mail.example", domains: ["home.example"] } };
  const level = async (more: object) => (await finding("mail relay", { imap, ...more }))[0]!.level;
  assert.equal(await level({}), "ok");
  assert.equal(await level({ domains: ["here.example"] }), "warning");
  assert.equal(await level({ local: ["anna@home.example"] }), "warning");
});

test("A port that this server holds is fine, one that another holds is not", async () => {
  await greeting("220 here LMTP\r\n", async (listen) => {
    assert.equal((await finding("lmtp port", { lmtp: { listen } }))[0]!.level, "ok");
    assert.equal((await finding("smtp port", { smtp: { listen } }))[0]!.level, "error");
  });
  await greeting("SSH-2.0\r\n", async (listen) => {
    const [found] = await finding("smtp port", { smtp: { listen } });
    assert.equal(found!.level, "error");
    assert.match(found!.fix!, /mailbox\.smtp\.listen/);
  });
  assert.equal((await finding("smtp port", { smtp: { listen: "127.0.0.1:0" } }))[0]!.level, "ok");
});

test("A password in plain text across a network is warned of", async () => {
  const relay = { host: "relay.example", user: "u", password: "p", security: "none" };
  const warned = async (more: object) =>
    (await finding("mail relay", { relay: { ...relay, ...more } }))
      .some(({ detail }) => /plain text/.test(detail));
  assert.equal(await warned({}), true);
  assert.equal(await warned({ host: "127.0.0.1" }), false);
  assert.equal(await warned({ security: "tls" }), false);
  assert.equal(await warned({ user: "" }), false);
});

test("The configuration refuses what cannot be meant", () => {
  for (
    const wrong of [
      { lmtp: { listen: "24" } },
      { http: { token: "short" } },
      { relay: { security: "ssl" } },
      { relay: { retry: [] } },
      { relay: { hots: "x" } },
      { maxMessageSize: 0 },
    ]
  ) assert.throws(() => configured(wrong), JSON.stringify(wrong));
  assert.equal(configured().maxMessageSize, 52_428_800);
});
