import assert from "node:assert/strict";
import { test } from "node:test";
import { Hono } from "hono";
import { type LoginResult, type ServeEnv, Unavailable } from "../../../core/mod.ts";
import { fakeClock } from "../../../tests/kit.ts";
import { account, accountsOf, keepingBackend, keptLog } from "../../../tests/kit_mailbox.ts";
import { makeDelivery } from "../delivery.ts";
import { addDeliverRoute, deliverPath } from "./http.ts";

const anna = account(1, "anna@example.test", { aliases: ["info@example.test"] });
const ben = account(2, "ben@example.test");
const away = account(3, "away@example.test", { disabled: true });
const token = "a-token-of-at-least-24-characters";
const message = "Subject: hook\r\n\r\nbody\r\n";

function app(result: LoginResult = { ok: true, account: anna }, failure?: Error) {
  const backend = keepingBackend();
  backend.fail = failure;
  const delivery = makeDelivery({
    accounts: () => accountsOf(anna, ben, away),
    backend: () => backend,
    clock: fakeClock(),
    name: () => "mail.example.test",
  });
  const logins: string[] = [];
  const hono = new Hono<ServeEnv>();
  addDeliverRoute(hono, {
    login: () => ({ user, password, remote }) => {
      logins.push(`${user}:${password}@${remote}`);
      return Promise.resolve(result);
    },
    delivery: () => delivery,
    maxSize: 1000,
    token,
    log: keptLog(),
  });
  const post = async (
    query: string,
    headers: Record<string, string>,
    body: BodyInit | null = message,
  ) => {
    const request = new Request(`http://x${deliverPath}${query}`, {
      method: "POST",
      headers: { "Content-Type": "message/rfc822", ...headers },
      body,
      duplex: "half", // Node wants it said for streams
    } as RequestInit);
    const response = await hono.fetch(request, { remote: "192.0.2.7" });
    return { status: response.status, headers: response.headers, json: await response.json() };
  };
  return { backend, post, logins };
}

const basic = { Authorization: `Basic ${btoa("anna:pa:ss")}` };
const bearer = { Authorization: `Bearer ${token}` };

test("An account delivers to itself", async () => {
  const { backend, post, logins } = app();
  const { status, json } = await post("", basic);
  assert.equal(status, 201);
  assert.deepEqual(json, { delivered: ["anna@example.test"] });
  assert.deepEqual(logins, ["anna:pa:ss@192.0.2.7"]);
  assert.match(backend.texts(1, "inbox")[0]!, /^Return-Path: <>\r\n/);
  assert.match(backend.texts(1, "inbox")[0]!, /with HTTP id/);
  assert.ok(backend.texts(1, "inbox")[0]!.endsWith(message));
});

test("An account names its aliases, and nobody else", async () => {
  const { backend, post } = app();
  assert.equal((await post("?to=info%2Bx@example.test", basic)).status, 201);
  assert.equal((await post("?to=ben@example.test", basic)).status, 403);
  assert.equal(backend.kept.length, 1);
});

test("The token delivers to every account, and only with ?to=", async () => {
  const { backend, post, logins } = app();
  const query = "?to=anna@example.test&to=ben@example.test&from=hook@elsewhere.test";
  assert.equal((await post(query, bearer)).status, 201);
  assert.equal(backend.texts(2, "inbox").length, 1);
  assert.match(backend.texts(2, "inbox")[0]!, /^Return-Path: <hook@elsewhere.test>\r\n/);
  assert.equal((await post("", bearer)).status, 400);
  assert.equal((await post("?to=nobody@example.test", bearer)).status, 404);
  assert.equal((await post("?to=away@example.test", bearer)).status, 503);
  assert.deepEqual(logins, []);
});

test("A wrong token, no login and a wrong password are 401 and read nothing of the body", async () => {
  const { backend, post } = app({ ok: false, reason: "wrong" });
  let read = 0;
  const body = () =>
    new ReadableStream({ pull: () => void read++ }, { highWaterMark: 0 }) as BodyInit;
  for (const Authorization of ["", "Bearer nonsense", "Basic %%%", basic.Authorization]) {
    const { status, headers } = await post("", { Authorization }, body());
    assert.equal(status, 401);
    assert.match(headers.get("WWW-Authenticate")!, /^Basic /);
  }
  assert.equal(read, 0);
  assert.deepEqual(backend.kept, []);
});

test("The rate limit and a disabled account answer for themselves", async () => {
  const limited = await app({ ok: false, reason: "limited", retryAfter: 60 }).post("", basic);
  assert.equal(limited.status, 429);
  assert.equal(limited.headers.get("Retry-After"), "60");
  assert.equal((await app({ ok: false, reason: "disabled" }).post("", basic)).status, 403);
});

test("An idempotency key makes a repetition safe, for its owner only", async () => {
  const { backend, post } = app();
  await post("", { ...basic, "Idempotency-Key": "1" });
  await post("", { ...basic, "Idempotency-Key": "1" });
  assert.equal(backend.kept.length, 1);
  await post("?to=anna@example.test", { ...bearer, "Idempotency-Key": "1" });
  assert.equal(backend.kept.length, 2);
});

test("Too large is 413: by Content-Length, and by what really comes", async () => {
  const { backend, post } = app();
  const large = message + "x".repeat(1000);
  assert.equal((await post("", { ...basic, "Content-Length": "1022" }, large)).status, 413);
  assert.equal((await post("", basic, new Blob([large]).stream())).status, 413);
  assert.deepEqual(backend.kept, []);
});

test("Other kinds of content are 415, no content is 400", async () => {
  const { post } = app();
  assert.equal((await post("", { ...basic, "Content-Type": "application/json" })).status, 415);
  assert.equal((await post("", basic, null)).status, 400);
});

test("A store that is away is 503 with the time to come back", async () => {
  const { status, headers, json } = await app(undefined, new Unavailable("secret place", 7))
    .post("", basic);
  assert.equal(status, 503);
  assert.equal(headers.get("Retry-After"), "7");
  assert.doesNotMatch(JSON.stringify(json), /secret/);
});
