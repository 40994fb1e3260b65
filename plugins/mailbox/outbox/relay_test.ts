import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { generate } from "selfsigned";
import { settle, withTempDir } from "../../../tests/kit.ts";
import { chunks, fakeRelay, plainRelay } from "../../../tests/kit_mailbox.ts";
import type { Relay } from "../way_out.ts";
import { makeRelay } from "./relay.ts";

function handOver(relay: Relay, mime = "Subject: x\r\n\r\n.dot\r\n", to = ["x@far.test"]) {
  const committing: string[] = [];
  const verdicts = relay.handOver({
    from: "anna@example.test",
    to,
    size: mime.length,
    mime: chunks(mime, 10),
    committing: () => Promise.resolve(void committing.push("now")),
    signal: new AbortController().signal,
  });
  return { verdicts, committing };
}

async function certificate() {
  const authority = await generate([{ name: "commonName", value: "An authority" }], {
    extensions: [{ name: "basicConstraints", cA: true }],
  });
  const { private: key, cert } = await generate([{ name: "commonName", value: "localhost" }], {
    ca: { key: authority.private, cert: authority.cert },
    extensions: [{ name: "subjectAltName", altNames: [{ type: 2, value: "localhost" }] }],
  });
  return { key, cert, ca: authority.cert };
}

for (const security of ["starttls", "tls"] as const) {
  test(`${security}: the connection is protected before the password is shown`, () =>
    withTempDir(async (dir) => {
      const { key, cert, ca } = await certificate();
      const caFile = join(dir, "ca.pem");
      const passwordFile = join(dir, "password");
      await writeFile(caFile, ca);
      await writeFile(passwordFile, "secret\n");
      let secure = false;
      const server = await fakeRelay({
        key,
        cert,
        secure: security === "tls",
        disabledCommands: security === "tls" ? ["STARTTLS"] : [],
        authOptional: false,
        onMailFrom(_address, session, done) {
          secure = session.secure;
          done();
        },
      });
      const all = { ...plainRelay, port: server.port, security, user: "navette", passwordFile };
      const trusting = makeRelay({ ...all, caFile }, () => "mail.example.test")!;
      await trusting.check();
      const { verdicts } = handOver(trusting);
      assert.equal((await verdicts).get("x@far.test")!.kind, "sent");
      assert.ok(secure);
      assert.deepEqual(server.logins, ["navette:secret", "navette:secret"]);
      assert.equal(server.got[0]!.text, "Subject: x\r\n\r\n.dot\r\n");

      const stranger = makeRelay(all, () => "mail.example.test")!;
      const verdict = (await handOver(stranger).verdicts).get("x@far.test")!;
      assert.equal(verdict.kind, "temporary");
      assert.ok(verdict.relayTrouble);
      await assert.rejects(stranger.check(), /certificate|issuer/i);
      assert.equal(server.logins.length, 2);
      await server.close();
    }));
}

test("starttls: a relay that does not offer it gets neither password nor mail", async () => {
  const server = await fakeRelay();
  const relay = makeRelay(
    { ...plainRelay, port: server.port, security: "starttls", user: "u", password: "p" },
    () => "mail.example.test",
  )!;
  const { verdicts, committing } = handOver(relay);
  const verdict = (await verdicts).get("x@far.test")!;
  assert.equal(verdict.kind, "temporary");
  assert.ok(verdict.relayTrouble);
  assert.deepEqual(committing, []);
  assert.deepEqual(server.got, []);
  await server.close();
});

test("A refused login is the relay's trouble, not the message's", async () => {
  const server = await fakeRelay({
    disabledCommands: ["STARTTLS"],
    authOptional: false,
    allowInsecureAuth: true,
  });
  const relay = makeRelay(
    { ...plainRelay, port: server.port, user: "u", password: "wrong" },
    () => "mail.example.test",
  )!;
  const verdict = (await handOver(relay).verdicts).get("x@far.test")!;
  assert.equal(verdict.kind, "temporary");
  assert.equal(verdict.status, "5.7.8");
  assert.ok(verdict.relayTrouble);
  await server.close();
});

test("A message over the relay's announced SIZE is refused for good, without sending it", async () => {
  const server = await fakeRelay({ size: 1000 });
  const relay = makeRelay({ ...plainRelay, port: server.port }, () => "mail.example.test")!;
  const { verdicts, committing } = handOver(relay, "x".repeat(2000));
  const verdict = (await verdicts).get("x@far.test")!;
  assert.equal(verdict.kind, "permanent");
  assert.deepEqual(committing, []);
  await server.close();
});

test("A message that cannot be read to its end is not sent at all", async () => {
  const server = await fakeRelay();
  const relay = makeRelay({ ...plainRelay, port: server.port }, () => "mail.example.test")!;
  async function* broken() {
    yield* chunks("Subject: half\r\n\r\nfirst half");
    throw new Error("disk");
  }
  const verdicts = await relay.handOver({
    from: "anna@example.test",
    to: ["x@far.test"],
    size: 100,
    mime: broken(),
    committing: () => Promise.resolve(),
    signal: new AbortController().signal,
  });
  assert.equal(verdicts.get("x@far.test")!.kind, "temporary");
  assert.deepEqual(server.got, []);
  await server.close();
});

test("A failing commit mark keeps the message from being sent", async () => {
  const server = await fakeRelay();
  const relay = makeRelay({ ...plainRelay, port: server.port }, () => "mail.example.test")!;
  const verdicts = await relay.handOver({
    from: "anna@example.test",
    to: ["x@far.test"],
    size: 100,
    mime: chunks("Subject: x\r\n\r\n"),
    committing: () => Promise.reject(new Error("database is away")),
    signal: new AbortController().signal,
  });
  assert.equal(verdicts.get("x@far.test")!.kind, "temporary");
  assert.deepEqual(server.got, []);
  await server.close();
});

test("An abort ends an attempt before its end is sent; nothing is doubtful then", async () => {
  const server = await fakeRelay();
  const relay = makeRelay({ ...plainRelay, port: server.port }, () => "mail.example.test")!;
  const controller = new AbortController();
  async function* stalls() {
    yield* chunks("Subject: x\r\n\r\n");
    controller.abort();
    yield* chunks("more");
  }
  const verdicts = await relay.handOver({
    from: "anna@example.test",
    to: ["x@far.test"],
    size: 100,
    mime: stalls(),
    committing: () => Promise.resolve(),
    signal: controller.signal,
  });
  assert.equal(verdicts.get("x@far.test")!.kind, "temporary");
  assert.deepEqual(server.got, []);
  await server.close();
});

test("An abort while it is written down that the end comes leaves it to come, and to be heard", async () => {
  const server = await fakeRelay();
  const relay = makeRelay({ ...plainRelay, port: server.port }, () => "mail.example.test")!;
  const controller = new AbortController();
  const verdicts = await relay.handOver({
    from: "anna@example.test",
    to: ["x@far.test"],
    size: 100,
    mime: chunks("Subject: x\r\n\r\n"),
    committing: async () => {
      controller.abort();
      await settle();
    },
    signal: controller.signal,
  });
  assert.equal(verdicts.get("x@far.test")!.kind, "sent");
  assert.equal(server.got.length, 1);
  await server.close();
});

test("A connection that breaks before the data is no doubt, however small the message is", async () => {
  const server = await fakeRelay({
    onRcptTo: () => server.hangUp(),
  });
  const relay = makeRelay({ ...plainRelay, port: server.port }, () => "mail.example.test")!;
  const { verdicts, committing } = handOver(relay);
  assert.equal((await verdicts).get("x@far.test")!.kind, "temporary");
  assert.deepEqual(committing, []);
  await server.close();
});

test("A stop ends an attempt that is still connecting", async () => {
  const silent = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => silent.once("listening", resolve));
  const { port } = silent.address() as AddressInfo;
  const relay = makeRelay({ ...plainRelay, host: "127.0.0.1", port }, () => "mail.example.test")!;
  const controller = new AbortController();
  silent.once("connection", () => controller.abort());
  const verdicts = await relay.handOver({
    from: "anna@example.test",
    to: ["x@far.test"],
    size: 100,
    mime: chunks("Subject: x\r\n\r\n"),
    committing: () => Promise.resolve(),
    signal: controller.signal,
  });
  assert.equal(verdicts.get("x@far.test")!.kind, "temporary");
  await new Promise((resolve) => silent.close(resolve));
});

test("Without a host there is no relay; ports follow from the security", () => {
  assert.equal(makeRelay({ ...plainRelay, host: "" }, () => "x"), undefined);
  assert.equal(
    makeRelay({ ...plainRelay, security: "starttls" }, () => "x")!.place,
    "localhost:587",
  );
  assert.equal(makeRelay({ ...plainRelay, security: "tls" }, () => "x")!.place, "localhost:465");
  assert.equal(makeRelay({ ...plainRelay, port: 2525 }, () => "x")!.place, "localhost:2525");
});
