import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import type { Database } from "../../../core/mod.ts";
import { StorageError } from "../../../core/mod.ts";
import { settle, until } from "../../../tests/kit.ts";
import { Refused } from "../api.ts";
import { anna, drained, message, outboxOf, outgoing, relayed, rig } from "./_kit.ts";
import type { Relay } from "../way_out.ts";
import { lease } from "./queue.ts";

test("send() delivers here at once, keeps one copy in Sent, and gives the rest to the relay", (t) =>
  relayed(t, async (relay, rig) => {
    const { outbox, outcomes, start, stop } = outboxOf(rig, { port: relay.port });
    await outbox.send(anna, outgoing(), "1");
    const [local] = rig.backend.texts(2, "inbox");
    assert.match(local!, /^Return-Path: <anna@example.test>\r\nDelivered-To: ben@example.test\r\n/);
    assert.ok(local!.endsWith(message.replace("Bcc: y@far.test\r\n", "")));
    const [sent] = rig.backend.kept.filter(({ folder }) => folder === "sent");
    assert.equal(sent!.text, message);
    assert.equal(sent!.marks.read, true);
    assert.deepEqual(relay.got, []);
    start();
    await until(drained(outbox));
    await stop();
    assert.deepEqual(relay.got, [{
      from: "anna@example.test",
      to: ["x@far.test", "y@far.test"],
      text: message.replace("Bcc: y@far.test\r\n", ""),
    }]);
    assert.deepEqual(outcomes, ["delivered", "relayed", "relayed"]);
    assert.equal(rig.clock.pending, 0);
  }));

test("The same token sends once, also when it is repeated later or at the same time", (t) =>
  relayed(t, async (relay, rig) => {
    const { outbox, start, stop } = outboxOf(rig, { port: relay.port });
    start();
    await Promise.all([
      outbox.send(anna, outgoing(), "1"),
      outbox.send(anna, outgoing(), "1"),
    ]);
    await until(drained(outbox));
    await outbox.send(anna, outgoing(), "1");
    await outbox.send(anna, outgoing(), "2");
    await until(drained(outbox));
    await stop();
    assert.equal(relay.got.length, 2);
    assert.equal(rig.backend.texts(2, "inbox").length, 2);
    assert.equal(rig.backend.texts(1, "sent").length, 2);
  }));

test("Mail wakes the running queue at once", (t) =>
  relayed(t, async (relay, rig) => {
    const { outbox, start, stop } = outboxOf(rig, { port: relay.port });
    start();
    await until(() => rig.clock.pending > 0);
    await outbox.send(anna, outgoing(), "1");
    await until(() => relay.got.length === 1); // the clock was never moved
    await stop();
  }));

test("An envelope of somebody else's is refused; a header of somebody else's is replaced", async (t) => {
  const r = await rig(t);
  const { outbox } = outboxOf(r, undefined);
  await assert.rejects(
    outbox.send(anna, { ...outgoing(), from: "ben@example.test" }, "1"),
    (error) => error instanceof Refused && error.reason === "sender",
  );
  const forged = message.replace("Anna <anna@example.test>", "Ben <ben@example.test>");
  await outbox.send(anna, outgoing(forged, ["ben@example.test"]), "2");
  const [text] = r.backend.texts(2, "inbox");
  assert.match(text!, /^From: =\?UTF-8\?Q\?.*\?= <anna@example\.test>\r$/m);
  assert.doesNotMatch(text!, /Ben </);
});

test("Date and Message-ID are added where they are missing, the same on every repetition", async (t) => {
  const r = await rig(t);
  const bare = "To: ben@example.test\r\n\r\nbody\r\n";
  await outboxOf(r, undefined).outbox.send(anna, outgoing(bare), "1");
  const other = await rig(t);
  await outboxOf(other, undefined).outbox.send(anna, outgoing(bare), "1");
  const [text] = r.backend.texts(2, "inbox");
  assert.match(text!, /^Message-ID: <[0-9a-f]{32}@example\.test>\r$/m);
  assert.match(text!, /^Date: Sun, 01 Mar 2026 12:00:00 \+0000\r$/m);
  assert.equal(text, other.backend.texts(2, "inbox")[0]);
});

test("No recipients and too many bytes are refused, and leave nothing", async (t) => {
  const r = await rig(t);
  const { outbox } = outboxOf(r, undefined);
  const reason = (wanted: string) => (error: unknown) =>
    error instanceof Refused && error.reason === wanted;
  await assert.rejects(outbox.send(anna, outgoing("A: 1\r\n\r\n"), "1"), reason("recipient"));
  const large = message + "x".repeat(100_000);
  await assert.rejects(outbox.send(anna, outgoing(large), "2"), reason("tooLarge"));
  assert.deepEqual(await r.db.all("SELECT * FROM mailbox_outgoing"), []);
  assert.deepEqual(await r.db.all("SELECT * FROM mailbox_outgoing_chunk"), []);
});

test("Without a relay, mail for others bounces at once and says what to do", async (t) => {
  const r = await rig(t);
  const { outbox } = outboxOf(r, undefined);
  await outbox.send(anna, outgoing(message, ["x@far.test", "ben@example.test"]), "1");
  assert.equal(r.backend.texts(2, "inbox").length, 1);
  const [bounce] = r.backend.texts(1, "inbox");
  assert.match(bounce!, /^Return-Path: <>\r\n/);
  assert.match(bounce!, /^Subject: Not delivered: hello\r$/m);
  assert.match(bounce!, /\[mailbox\.relay\] host/);
  assert.match(
    bounce!,
    /^Final-Recipient: rfc822; x@far\.test\r\nAction: failed\r\nStatus: 5\.4\.4\r$/m,
  );
  assert.equal((await outbox.waiting()).count, 0);
});

test("An address without an account in a domain of ours bounces; elsewhere it goes to the relay", (t) =>
  relayed(t, async (relay, rig) => {
    const { outbox, start, stop } = outboxOf(rig, { port: relay.port }, { domains: ["ours.test"] });
    start();
    await outbox.send(anna, outgoing(message, ["no@ours.test", "no@example.test"]), "1");
    await until(drained(outbox));
    await stop();
    assert.deepEqual(relay.got.map(({ to }) => to), [["no@example.test"]]);
    assert.match(rig.backend.texts(1, "inbox")[0]!, /Status: 5\.1\.1/);
  }));

test("What is no address bounces, and the others get the message", async (t) => {
  const r = await rig(t);
  const to = ["ben@example.test", "nonsense\r\nX-Evil: 1"];
  await outboxOf(r, undefined).outbox.send(anna, outgoing(message, to), "1");
  assert.equal(r.backend.texts(2, "inbox").length, 1);
  assert.match(r.backend.texts(1, "inbox")[0]!, /Status: 5\.1\.3/);
  assert.doesNotMatch(r.backend.texts(1, "inbox")[0]!, /^X-Evil/m);
});

test("4xx is tried again after the configured time, then it goes through", (t) =>
  relayed(t, async (relay, rig) => {
    const { outbox, start, stop } = outboxOf(rig, { port: relay.port });
    let tries = 0;
    relay.data = () => ++tries < 3 ? { code: 451, text: "4.7.1 greylisted" } : undefined;
    start();
    await outbox.send(anna, outgoing(), "1");
    const tried = () =>
      rig.log.lines.filter(({ message }) => message === "The relay was tried").length;
    const due = async () =>
      (await rig.db.all<{ due: number }>("SELECT due FROM mailbox_outgoing"))[0]!.due;
    const waits = async (ms: number) => await due() === rig.clock.now() + ms;
    await until(async () => tried() === 1 && await waits(60_000));
    const { level, fields } = rig.log.lines.find(({ message }) =>
      message === "The relay was tried"
    )!;
    assert.equal(level, "warn");
    assert.match((fields as { reason: string }).reason, /4\.7\.1 greylisted/);
    await rig.clock.tick(60_000);
    await until(async () => tried() === 2 && await waits(300_000));
    await rig.clock.tick(300_000);
    await until(drained(outbox));
    await stop();
    assert.equal(relay.got.length, 1);
    assert.equal(rig.backend.texts(1, "inbox").length, 0);
  }));

test("Each recipient has its own result: sent, refused for good, and later", (t) =>
  relayed(t, async (relay, rig) => {
    const { outbox, start, stop } = outboxOf(rig, { port: relay.port });
    let later = true;
    relay.recipient = (address) => {
      if (address.startsWith("Gone@")) return { code: 550, text: "5.1.1 no such user" };
      if (address.startsWith("later@") && later) return { code: 450, text: "4.2.1 come back" };
      return undefined;
    };
    start();
    const to = ["fine@far.test", "Gone@Far.test", "later@far.test"];
    await outbox.send(anna, outgoing(message, to), "1");
    await until(() => rig.backend.texts(1, "inbox").length === 1);
    const [bounce] = rig.backend.texts(1, "inbox");
    assert.match(bounce!, /Final-Recipient: rfc822; Gone@far\.test/);
    assert.match(bounce!, /Diagnostic-Code: smtp; 550 .*no such user/);
    assert.match(bounce!, /Remote-MTA: dns; 127\.0\.0\.1/);
    assert.doesNotMatch(bounce!, /fine@|later@/);
    later = false;
    await until(async () =>
      (await rig.db.all("SELECT 1 FROM mailbox_outgoing WHERE due = ?", [
        rig.clock.now() + 60_000,
      ])).length === 1
    );
    await rig.clock.tick(60_000);
    await until(drained(outbox));
    await stop();
    assert.deepEqual(relay.got.map(({ to }) => to), [["fine@far.test"], ["later@far.test"]]);
    assert.equal(rig.backend.texts(1, "inbox").length, 1);
  }));

test("A message that the relay refuses for good bounces, with its headers but without Bcc", (t) =>
  relayed(t, async (relay, rig) => {
    const { outbox, outcomes, start, stop } = outboxOf(rig, { port: relay.port });
    relay.data = () => ({ code: 554, text: "5.7.1 looks like spam" });
    start();
    await outbox.send(anna, outgoing(), "1");
    await until(drained(outbox));
    await stop();
    const [bounce] = rig.backend.texts(1, "inbox");
    assert.match(bounce!, /^Content-Type: multipart\/report; report-type=delivery-status;/m);
    assert.match(bounce!, /^Auto-Submitted: auto-replied\r$/m);
    assert.match(bounce!, /^In-Reply-To: <1@example\.test>\r$/m);
    assert.match(bounce!, /looks like spam/);
    assert.match(bounce!, /text\/rfc822-headers[\s\S]*Subject: hello/);
    assert.doesNotMatch(bounce!, /Bcc:/);
    assert.equal(rig.backend.texts(1, "inbox").length, 1);
    assert.deepEqual(outcomes, ["delivered", "failed", "failed"]);
  }));

test("A relay that is away is trouble of its own: mail waits, and bounces when its time is over", async (t) => {
  const r = await rig(t);
  const closed = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => closed.once("listening", resolve));
  const { port } = closed.address() as { port: number };
  await new Promise((resolve) => closed.close(resolve));
  const { outbox, start, stop } = outboxOf(r, { port, retry: [1200] });
  start();
  await outbox.send(anna, outgoing(message, ["x@far.test"]), "1");
  for (let round = 0; round < 3; round++) {
    const due = r.clock.now() + 1_200_000;
    await until(async () =>
      (await r.db.all("SELECT 1 FROM mailbox_outgoing WHERE due = ?", [due])).length === 1
    );
    assert.match(outbox.trouble()!, /ECONNREFUSED|refused/i);
    assert.equal(r.backend.texts(1, "inbox").length, round < 2 ? 0 : 1);
    await r.clock.tick(1_200_000);
  }
  await until(drained(outbox));
  await stop();
  const [delayed, failed] = r.backend.texts(1, "inbox");
  assert.match(delayed!, /^Subject: Delayed: hello\r$/m);
  assert.match(delayed!, /^Action: delayed\r\nStatus: 4\.4\.1\r$/m);
  assert.match(failed!, /^Action: failed\r\nStatus: 4\.4\.1\r$/m);
});

test("A disabled local account's mail waits", async (t) => {
  const r = await rig(t);
  const { outbox } = outboxOf(r, undefined);
  await outbox.send(anna, outgoing(message, ["away@example.test"]), "1");
  assert.equal((await outbox.waiting()).count, 1);
  assert.equal(r.backend.texts(1, "inbox").length, 0);
});

test("A store in trouble after acceptance loses nothing: the queue finishes the rest", async (t) => {
  const r = await rig(t);
  const { outbox, start, stop } = outboxOf(r, undefined);
  r.backend.fail = new StorageError("full", "disk full");
  await outbox.send(anna, outgoing(message, ["ben@example.test"]), "1");
  r.backend.fail = undefined;
  start();
  await until(() => r.clock.pending > 0);
  await r.clock.tick(60_000);
  await until(drained(outbox));
  await stop();
  assert.equal(r.backend.texts(2, "inbox").length, 1);
  assert.equal(r.backend.texts(1, "sent").length, 1);
});

test("A relay that takes the message and loses its answer: never sent again, and the sender knows", (t) =>
  relayed(t, async (relay, rig) => {
    const { outbox, start, stop } = outboxOf(rig, { port: relay.port });
    relay.data = () => "hang up";
    start();
    await outbox.send(anna, outgoing(message, ["x@far.test"]), "1");
    await until(drained(outbox));
    await stop();
    assert.equal(relay.got.length, 1);
    const [notice] = rig.backend.texts(1, "inbox");
    assert.match(notice!, /^Subject: Delivery uncertain: hello\r$/m);
    assert.match(notice!, /Status: 4\.4\.2/);
  }));

test("Two servers on one database send a message once", (t) =>
  relayed(t, async (relay, rig) => {
    const both = [outboxOf(rig, { port: relay.port }), outboxOf(rig, { port: relay.port })];
    for (const { start } of both) start();
    await until(() => rig.clock.pending === 2);
    for (let n = 0; n < 5; n++) {
      await both[n % 2]!.outbox.send(anna, outgoing(message, ["x@far.test"]), `${n}`);
    }
    await until(drained(both[0]!.outbox));
    for (const { stop } of both) await stop();
    assert.equal(relay.got.length, 5);
  }));

/** Fails every call after `writes` writes: what the storage sees when the process is killed. */
function dying(db: Database, writes: number): Database {
  const alive = () => {
    if (writes-- <= 0) throw new StorageError("other", "killed");
  };
  const within = (tx: Database): Database => ({
    all: (sql, values) => tx.all(sql, values),
    run: (sql, values) => tx.run(sql, values),
    transaction: (work) => tx.transaction(work),
    close: () => Promise.resolve(),
  });
  return {
    all: (sql, values) => writes < 0 ? Promise.reject(new Error("killed")) : db.all(sql, values),
    async run(sql, values) {
      alive();
      return await db.run(sql, values);
    },
    async transaction(work) {
      alive();
      return await db.transaction((tx) => work(within(tx)));
    },
    close: () => Promise.resolve(),
  };
}

test("Killed after any write: accepted mail arrives everywhere once, or the sender is told", (t) =>
  relayed(t, async (relay, shared) => {
    let accepted = 0;
    let uncertain = 0;
    for (let writes = 0; writes < 14; writes++) {
      const r = { ...shared, ...await rig(t) };
      relay.got.length = 0;
      const first = outboxOf(r, { port: relay.port }, { db: dying(r.db, writes) });
      first.start();
      const ok = await first.outbox.send(anna, outgoing(), "1").then(() => true, () => false);
      const dead = () => !ok || r.log.lines.some(({ level }) => level === "error");
      await until(() => relay.got.length > 0 || dead());
      await first.stop();
      const second = outboxOf(r, { port: relay.port });
      second.start();
      // The device had no answer: it repeats itself.
      if (!ok) await second.outbox.send(anna, outgoing(), "1");
      await until(() => r.clock.pending > 0);
      await r.clock.tick(lease);
      await until(drained(second.outbox));
      await second.stop();
      const told = r.backend.texts(1, "inbox").length;
      assert.equal(relay.got.length + (relay.got.length === 0 ? told : 0), 1, `after ${writes}`);
      assert.ok(told <= 1);
      assert.equal(r.backend.texts(2, "inbox").length, 1, `after ${writes}`);
      assert.equal(r.backend.texts(1, "sent").length, 1, `after ${writes}`);
      accepted += Number(ok);
      uncertain += told;
    }
    assert.ok(accepted > 0 && accepted < 14, "some runs died before acceptance, some after");
    assert.ok(uncertain > 0, "some run died between the relay's answer and its record");
  }));

test("A computer that slept longer than a lease goes on with what it was at, and sends it once", async (t) => {
  const r = await rig(t);
  let times = 0;
  let answer = () => {};
  const handOver: Relay["handOver"] = async ({ to }) => {
    times++;
    await new Promise<void>((resolve) => answer = resolve);
    return new Map(to.map((one) => [one, { kind: "sent", status: "2.0.0", diagnostic: "OK" }]));
  };
  const relay: Relay = { place: "far away", handOver, check: () => Promise.resolve() };
  const { outbox, start, stop } = outboxOf(r, undefined, {
    submission: () => ({ relay, saves: false }),
  });
  start();
  const sent = outbox.send(anna, outgoing(message, ["x@far.test"]), "1");
  await until(() => times > 0);
  await r.db.run("UPDATE mailbox_outgoing SET due = 0 WHERE due IS NOT NULL");
  await r.clock.tick(30_000);
  const leased = "SELECT 1 FROM mailbox_outgoing WHERE due > 0";
  await until(async () => (await r.db.all(leased)).length > 0);
  for (let turn = 0; turn < 100; turn++) await settle();
  assert.equal(times, 1);
  answer();
  await sent;
  await until(drained(outbox));
  await stop();
});

test("A process that slept while another one went on with its mail hands over nothing more", async (t) => {
  const r = await rig(t);
  const ends: string[] = [];
  let wake: (() => void) | undefined;
  const relayOf = (name: string): Relay => ({
    place: "far away",
    async handOver({ to, committing }) {
      if (name === "sleeper") await new Promise<void>((resolve) => wake = resolve);
      await committing().then(() => ends.push(name), () => ends.push(`${name} stops`));
      const verdict = ends.at(-1) === name ? "sent" : "temporary";
      return new Map(to.map((one) => [one, { kind: verdict, status: "", diagnostic: name }]));
    },
    check: () => Promise.resolve(),
  });
  const process = (name: string) =>
    outboxOf(r, undefined, { submission: () => ({ relay: relayOf(name), saves: false }) });
  const [sleeper, other] = [process("sleeper"), process("other")];
  void sleeper.outbox.send(anna, outgoing(message, ["x@far.test"]), "1");
  await until(() => wake !== undefined);
  await r.db.run("UPDATE mailbox_outgoing SET due = 0 WHERE due IS NOT NULL");
  other.start();
  await until(drained(other.outbox));
  wake!();
  await until(() => ends.length === 2);
  for (let turn = 0; turn < 100; turn++) await settle();
  await other.stop();
  assert.deepEqual(ends, ["other", "sleeper stops"]);
  const states = await r.db.all<{ state: string }>("SELECT state FROM mailbox_outgoing_recipient");
  assert.deepEqual(states.map(({ state }) => state), ["sent"]);
  assert.ok(await drained(other.outbox)());
});

test("Housekeeping forgets what was never accepted after a day, what is done after a month", async (t) => {
  const r = await rig(t);
  const { outbox } = outboxOf(r, undefined);
  await outbox.send(anna, outgoing(message, ["ben@example.test"]), "1");
  await r.db.run("INSERT INTO mailbox_outgoing (account_id, sender, created) VALUES (1, 'a', ?)", [
    r.clock.now(),
  ]);
  const rows = async () => (await r.db.all("SELECT id FROM mailbox_outgoing")).length;
  await r.clock.tick(86_400_000 - 1000);
  await outbox.clean();
  assert.equal(await rows(), 2);
  await r.clock.tick(2000);
  await outbox.clean();
  assert.equal(await rows(), 1);
  await r.clock.tick(30 * 86_400_000);
  await outbox.clean();
  assert.equal(await rows(), 0);
});

test("A deleted account's mail leaves the queue", async (t) => {
  const r = await rig(t);
  const { outbox } = outboxOf(r, { port: 1 });
  await outbox.send(anna, outgoing(message, ["x@far.test"]), "1");
  await outbox.removeAccount(1);
  for (const table of ["", "_chunk", "_recipient"]) {
    assert.deepEqual(await r.db.all(`SELECT * FROM mailbox_outgoing${table}`), []);
  }
});
