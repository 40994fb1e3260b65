// Accounts whose mail lies elsewhere: their own submission server takes all of it, while they wait.
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { until } from "../../../tests/kit.ts";
import type { FakeRelay } from "../../../tests/kit_mailbox.ts";
import { Refused } from "../api.ts";
import { anna, drained, message, outboxOf, outgoing, relayed, type Rig } from "./_kit.ts";
import { smtpRelay } from "./relay.ts";
import type { SmtpLogin } from "./smtp.ts";

const noLogin: SmtpLogin = () => Promise.resolve(undefined);

/** An outbox of a server that has a relay for others too; it must not be used for Anna. */
function own(
  rig: Rig,
  port: number,
  { saves = false, login = noLogin, retry = [60, 300] } = {},
) {
  const server = {
    host: "127.0.0.1",
    port,
    security: "none" as const,
    caFile: "",
    name: () => "phone.example.test",
  };
  const submission = () => ({ relay: smtpRelay(server, login), saves });
  return outboxOf(rig, { port: 1, retry }, { submission });
}

const wholly = message.replace("Bcc: y@far.test\r\n", "");

function withOwn(work: (relay: FakeRelay, rig: Rig, t: TestContext) => Promise<void>) {
  return (t: TestContext) => relayed(t, (relay, rig) => work(relay, rig, t));
}

const waiting = async (rig: Rig) =>
  await rig.db.all("SELECT id FROM mailbox_outgoing WHERE due IS NOT NULL");

test(
  "All recipients go to the account's own server before the sender hears of it",
  withOwn(async (relay, rig) => {
    const { outbox, outcomes } = own(rig, relay.port);
    await outbox.send(anna, outgoing(), "1");
    const to = ["ben@example.test", "x@far.test", "y@far.test"];
    assert.deepEqual(relay.got, [{ from: "anna@example.test", to, text: wholly }]);
    assert.equal(rig.backend.texts(2, "inbox").length, 0, "Ben's server is asked, not this one");
    assert.deepEqual(rig.backend.texts(1, "sent"), [message]);
    assert.deepEqual(outcomes, ["relayed", "relayed", "relayed"]);
    await outbox.send(anna, outgoing(), "1");
    assert.equal(relay.got.length, 1);
    assert.deepEqual(await waiting(rig), []);
  }),
);

test(
  "A server that saves what it sends leaves nothing to save",
  withOwn(async (relay, rig) => {
    await own(rig, relay.port, { saves: true }).outbox.send(anna, outgoing(), "1");
    assert.equal(relay.got.length, 1);
    assert.deepEqual(rig.backend.texts(1, "sent"), []);
  }),
);

for (
  const [what, code, text, reason] of [
    ["recipient", 550, "5.1.1 No such user", "recipient"],
    ["recipient without a status", 550, "No such user", "recipient"],
    ["size", 552, "5.3.4 Message too big", "tooLarge"],
    ["policy", 554, "5.7.1 Looks like spam", "other"],
  ] as const
) {
  test(
    `What the server refuses at once is refused at once, and leaves nothing: ${what}`,
    withOwn(async (relay, rig) => {
      if (reason === "recipient") relay.recipient = () => ({ code, text });
      else relay.data = () => ({ code, text });
      const { outbox } = own(rig, relay.port);
      await assert.rejects(
        outbox.send(anna, outgoing(), "1"),
        (error) =>
          error instanceof Refused && error.reason === reason && error.message.includes(text),
      );
      assert.deepEqual(await rig.db.all("SELECT id FROM mailbox_outgoing"), []);
      assert.deepEqual(rig.backend.kept, []);
      relay.recipient = relay.data = () => undefined;
      await outbox.send(anna, outgoing(), "1");
      assert.equal(relay.got.length, 1, "the same message may be tried again");
    }),
  );
}

test(
  "Where some recipients are refused, the others get it and the sender has a notice",
  withOwn(async (relay, rig) => {
    relay.recipient = (address) =>
      address.startsWith("x@") ? { code: 550, text: "5.1.1 No such user" } : undefined;
    await own(rig, relay.port).outbox.send(anna, outgoing(), "1");
    assert.deepEqual(relay.got.map(({ to }) => to), [["ben@example.test", "y@far.test"]]);
    assert.match(rig.backend.texts(1, "inbox")[0]!, /Final-Recipient: rfc822; x@far\.test/);
    assert.match(rig.backend.texts(1, "inbox")[0]!, /Remote-MTA: dns; 127\.0\.0\.1/);
    assert.equal(rig.backend.texts(1, "sent").length, 1);
  }),
);

test(
  "Greylisted mail waits in the queue and goes out later, once",
  withOwn(async (relay, rig) => {
    relay.recipient = () => ({ code: 450, text: "4.2.0 Greylisted, come again" });
    const { outbox, start, stop } = own(rig, relay.port);
    await outbox.send(anna, outgoing(), "1");
    assert.deepEqual(relay.got, []);
    assert.equal((await outbox.waiting()).count, 1);
    relay.recipient = () => undefined;
    start();
    await until(() => rig.clock.pending > 0);
    await rig.clock.tick(60_000);
    await until(drained(outbox));
    await stop();
    assert.equal(relay.got.length, 1);
    assert.equal(rig.backend.texts(1, "sent").length, 1);
  }),
);

test(
  "Without a password mail waits, and goes out when its sender is there again",
  withOwn(async (relay, rig) => {
    let there = false;
    const login = () =>
      there
        ? Promise.resolve(undefined)
        : Promise.reject(new Error("Cannot log in: nobody is there"));
    const { outbox, start, stop } = own(rig, relay.port, { login, retry: [600] });
    await outbox.send(anna, outgoing(), "1");
    start();
    await until(() => rig.clock.pending > 0);
    there = true;
    await outbox.hurry(2);
    assert.equal((await outbox.waiting()).count, 1, "somebody else's login is not hers");
    await outbox.hurry(1);
    await until(drained(outbox));
    await stop();
    assert.equal(relay.got.length, 1);
  }),
);

test(
  "A sender does not wait for a server that says nothing",
  withOwn(async (relay, rig) => {
    relay.recipient = () => {
      // The clock runs on while the server thinks.
      void rig.clock.tick(20_000);
      return { code: 451, text: "4.3.0 Later" };
    };
    await own(rig, relay.port).outbox.send(anna, outgoing(), "1");
    assert.equal((await waiting(rig)).length, 1);
    assert.equal(rig.clock.pending, 0);
    const { fields } = rig.log.lines.find(({ message }) => message === "The relay was tried")!;
    assert.match((fields as { reason: string }).reason, /handing it over takes more than 20 s/);
  }),
);

test(
  "In a full mailbox the copy in Sent waits until there is room, and the message goes out once",
  withOwn(async (relay, rig) => {
    const { outbox, start, stop } = own(rig, relay.port);
    rig.backend.fail = new Refused("quota", "Cannot write: the mailbox is full");
    await outbox.send(anna, outgoing(), "1");
    assert.equal((await outbox.waiting()).count, 1);
    start();
    await until(() => rig.clock.pending > 0);
    await rig.clock.tick(60_000);
    assert.equal((await outbox.waiting()).count, 1, "still no room");
    rig.backend.fail = undefined;
    await until(() => rig.clock.pending > 0);
    await rig.clock.tick(300_000);
    await until(drained(outbox));
    await stop();
    assert.deepEqual(rig.backend.texts(1, "sent"), [message]);
    assert.equal(relay.got.length, 1);
  }),
);

test(
  "A copy in Sent for which there is no room for long is given up, and the log says so",
  withOwn(async (relay, rig) => {
    const { outbox, start, stop } = own(rig, relay.port, { retry: [3600] });
    rig.backend.fail = new Refused("quota", "Cannot write: the mailbox is full");
    await outbox.send(anna, outgoing(), "1");
    assert.equal((await outbox.waiting()).count, 1);
    start();
    await until(() => rig.clock.pending > 0);
    await rig.clock.tick(3_600_000);
    await until(drained(outbox));
    await stop();
    assert.equal(relay.got.length, 1);
    assert.ok(rig.log.lines.some(({ message }) => message.includes("not saved in Sent")));
  }),
);
