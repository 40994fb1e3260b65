// Sending by the submission server of an account: as whom, and what happens where nobody is there.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "valibot";
import { account, chunks, type FakeRelay, fakeRelay } from "../../../../tests/kit_mailbox.ts";
import type { Verdict } from "../../api.ts";
import type { Keyring, Secret } from "./login/keyring.ts";
import { serverConfig } from "./servers/server.ts";
import { submissionOf } from "./submission.ts";

const anna = account(1, "anna@example.test");

function keyring(password: string | undefined): Keyring {
  const secret: Secret | undefined = password === undefined
    ? undefined
    : { reveal: () => password };
  return { put() {}, get: () => secret, drop() {}, hold: () => () => {} };
}

async function handOver(
  port: number,
  password: string | undefined,
  section: Record<string, unknown> = {},
): Promise<Verdict> {
  const smtp = { port, security: "none" };
  const config = parse(serverConfig, { host: "127.0.0.1", smtp, ...section });
  const { relay } = submissionOf(
    { server: { name: "home", config }, keyring: keyring(password), name: () => "phone.test" },
    anna,
  );
  const verdicts = await relay.handOver({
    from: anna.address,
    to: ["x@far.test"],
    size: 10,
    mime: chunks("A: 1\r\n\r\nbody\r\n", 4),
    committing: () => Promise.resolve(),
    signal: new AbortController().signal,
  });
  return verdicts.get("x@far.test")!;
}

async function withRelay(work: (relay: FakeRelay) => Promise<void>): Promise<void> {
  const relay = await fakeRelay({ disabledCommands: ["STARTTLS"], authMethods: ["PLAIN"] });
  try {
    await work(relay);
  } finally {
    await relay.close();
  }
}

test("an account logs in with its own name and the password that it has shown", () =>
  withRelay(async (relay) => {
    assert.equal((await handOver(relay.port, "geheim")).kind, "sent");
    assert.equal((await handOver(relay.port, "geheim", { user: "{local}" })).kind, "sent");
    assert.deepEqual(relay.logins, ["anna@example.test:geheim", "anna:geheim"]);
  }));

test("a refused login is trouble for later, and shows no password", () =>
  withRelay(async (relay) => {
    const verdict = await handOver(relay.port, "wrong");
    assert.equal(verdict.kind, "temporary");
    assert.equal(verdict.relayTrouble, true);
    assert.doesNotMatch(JSON.stringify(verdict), /wrong/);
    assert.deepEqual(relay.got, []);
  }));

test("without a password nothing is sent, and nothing is lost", () =>
  withRelay(async (relay) => {
    const verdict = await handOver(relay.port, undefined);
    assert.equal(verdict.kind, "temporary");
    assert.match(verdict.diagnostic, /nobody has shown a password/);
    assert.deepEqual([relay.logins, relay.got], [[], []]);
  }));

test("a master user logs in for the account where the server has a form for that", () =>
  withRelay(async (relay) => {
    const master = { user: "gate", password: "key", form: "{login}*{master}" };
    assert.equal((await handOver(relay.port, undefined, { master })).kind, "sent");
    assert.deepEqual(relay.logins, ["anna@example.test*gate:key"]);
  }));

test("a server within the network may want no login at all", () =>
  withRelay(async (relay) => {
    const smtp = { port: relay.port, security: "none", login: false };
    assert.equal((await handOver(relay.port, undefined, { smtp })).kind, "sent");
    assert.deepEqual(relay.logins, []);
  }));
