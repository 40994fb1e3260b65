// SendMail: once, from oneself, to somebody; and what is told where that fails.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Unavailable } from "../../../core/mod.ts";
import { documentOf, type EasApp, easApp, shown } from "../../../tests/kit_eas.ts";
import { Refused } from "../../mailbox/api.ts";
import { el, type Element } from "../api.ts";

const mime = [
  "From: Anna <anna@example.org>",
  "To: bert@example.org",
  "Subject: Hello",
  "Message-ID: <1@phone>",
  "",
  "Hello Bert",
  "",
].join("\r\n");
const bytes = (text: string) => new TextEncoder().encode(text);

function composed(clientId: string | undefined, text: string, ...more: Element[]): Element {
  return el(
    "ComposeMail:SendMail",
    clientId === undefined ? undefined : el("ComposeMail:ClientId", clientId),
    ...more,
    el("ComposeMail:Mime", bytes(text)),
  );
}

/** The Status of a SendMail, "" where it succeeded. */
async function statusOf(app: EasApp, body: Element, version = "16.1"): Promise<string> {
  const response = await app.ask("SendMail", { version, body });
  assert.equal(response.status, 200);
  if (response.headers.get("Content-Length") === "0") return "";
  const answer = await documentOf(response);
  const status = answer.textOf("ComposeMail:Status") ?? "none";
  assert.equal(shown(answer), `ComposeMail:SendMail\n  ComposeMail:Status ${status}\n`);
  return status;
}

test("SendMail sends the message as it is, and answers with nothing", async () => {
  const app = await easApp();
  for (const version of ["14.0", "14.1", "16.0", "16.1"]) {
    const saved = el("ComposeMail:SaveInSentItems");
    const body = composed(`save ${version}`, mime, saved);
    const response = await app.ask("SendMail", { version, body });
    assert.equal(response.status, 200);
    assert.equal(await response.text(), "");
    assert.equal(response.headers.get("Content-Type"), null);
    assert.equal(await statusOf(app, composed(`drop ${version}`, mime), version), "");
  }
  assert.equal(app.sent.length, 8);
  assert.ok(app.sent.every(({ text }) => text === mime));
  assert.ok(app.sent.every(({ message }) => message.from === "anna@example.org"));
  assert.deepEqual(
    app.sent.map(({ message }) => message.saveInSent),
    Array.from({ length: 8 }, (_, index) => index % 2 === 0),
  );
  await app.stop();
});

test("up to 12.1 the body is the message, and SaveInSent is in the query", async () => {
  const app = await easApp();
  const send = (more?: string) =>
    app.ask("SendMail", {
      version: "12.1",
      body: bytes(mime.replace("<1@", `<${app.sent.length + 2}@`)),
      contentType: "message/rfc822",
      ...(more && { more }),
    });
  for (const more of ["&SaveInSent=T", "&SaveInSent=F", undefined]) {
    const response = await send(more);
    assert.equal(response.status, 200);
    assert.equal(await response.text(), "");
  }
  assert.deepEqual(app.sent.map(({ message }) => message.saveInSent), [true, false, false]);
  await app.stop();
});

test("a repeated ClientId is 118 and is not sent again, also long after", async () => {
  const app = await easApp();
  assert.equal(await statusOf(app, composed("A-1", mime)), "");
  assert.equal(await statusOf(app, composed("A-1", mime)), "118");
  // A device composes a repeat anew: the id counts, not the bytes.
  assert.equal(await statusOf(app, composed("A-1", mime.replace("Hello", "Hallo"))), "118");
  await app.clock.tick(14 * 24 * 3600 * 1000);
  assert.equal(await statusOf(app, composed("B-1", mime)), "");
  assert.equal(await statusOf(app, composed("A-1", mime)), "118");
  assert.equal(app.sent.length, 2);
  await app.stop();
});

test("two repeats at once, and one after a crash, send once", async () => {
  const app = await easApp();
  const both = await Promise.all([
    app.ask("SendMail", { body: composed("C-1", mime) }),
    app.ask("SendMail", { body: composed("C-1", mime) }),
  ]);
  assert.ok(both.every(({ status }) => status === 200));
  // The server died after it had sent, before it noted the ClientId.
  await app.db.run("DELETE FROM eas_sent");
  assert.equal(await statusOf(app, composed("C-1", mime)), "");
  assert.equal(app.sent.length, 1);
  await app.stop();
});

test("devices and accounts do not share ClientIds", async () => {
  const app = await easApp();
  await app.addAccount({ address: "bert@example.org" });
  const body = composed("1", mime);
  await app.ask("SendMail", { body });
  await app.ask("SendMail", { body, deviceId: "TABLET" });
  await app.ask("SendMail", { body, user: "bert@example.org" });
  assert.equal(app.sent.length, 3);
  await app.stop();
});

test("a repeat up to 12.1 succeeds and sends once, where the message can be told from others", async () => {
  const app = await easApp();
  const send = (text: string) =>
    app.ask("SendMail", { version: "12.1", body: bytes(text), contentType: "message/rfc822" });
  for (let i = 0; i < 2; i++) assert.equal((await send(mime)).status, 200);
  assert.equal(app.sent.length, 1);
  // "ok" twice, from a client that writes neither Message-ID nor Date: both are meant.
  const bare = "To: bert@example.org\r\n\r\nok\r\n";
  for (let i = 0; i < 2; i++) assert.equal((await send(bare)).status, 200);
  assert.equal(app.sent.length, 3);
  await app.stop();
});

test("the envelope's sender is an address of the account, whatever From says", async () => {
  const app = await easApp();
  const carla = await app.addAccount({
    address: "carla@example.org",
    aliases: ["sales@example.org"],
  });
  const from = async (field: string) => {
    const body = composed(crypto.randomUUID(), `${field}To: bert@example.org\r\n\r\nHi\r\n`);
    await app.ask("SendMail", { body, user: carla.address });
    return app.sent.at(-1)?.message.from;
  };
  assert.equal(await from(""), "carla@example.org");
  assert.equal(await from("From: Boss <boss@example.com>\r\n"), "carla@example.org");
  assert.equal(await from("From: Sales <SALES@example.org>\r\n"), "SALES@example.org");
  await app.stop();
});

test("requests that break the schema are told by their own status, and nothing is sent", async () => {
  const app = await easApp();
  const cases: [Element, string][] = [
    [composed(undefined, mime), "103"],
    [composed("", mime), "103"],
    [composed("x".repeat(257), mime), "103"],
    [el("ComposeMail:SendMail", el("ComposeMail:ClientId", "1")), "103"],
    [composed("2", mime, el("ComposeMail:AccountId", "other")), "166"],
    [composed("3", mime, el("RightsManagement:TemplateID", "x")), "168"],
    [composed("4", ""), "107"],
    [composed("5", "no header at all"), "107"],
    [composed("6", "Subject: nobody\r\n\r\nHi"), "119"],
    [composed("7", "To: undisclosed-recipients:;\r\n\r\nHi"), "119"],
  ];
  for (const [body, status] of cases) assert.equal(await statusOf(app, body), status, shown(body));
  assert.equal((await app.ask("SendMail", { version: "12.1" })).status, 400);
  const wbxml = await app.ask("SendMail", { version: "12.1", body: composed("8", mime) });
  assert.equal(wbxml.status, 400);
  const rfc822 = await documentOf(
    await app.ask("SendMail", { body: bytes(mime), contentType: "message/rfc822" }),
  );
  assert.equal(rfc822.textOf("ComposeMail:Status"), "101");
  assert.equal(app.sent.length, 0);
  await app.stop();
});

test("what the mailbox refuses has a status that helps, and is sent when it is tried again", async () => {
  let trouble: Error | undefined;
  const app = await easApp({ send: () => trouble ? Promise.reject(trouble) : Promise.resolve() });
  const cases: [Error, string][] = [
    [new Refused("recipient", "no such user"), "116"],
    [new Refused("sender", "not you"), "167"],
    [new Refused("quota", "too many"), "115"],
    [new Refused("tooLarge", "too large"), "122"],
    [new Refused("other", "no relay"), "120"],
    [new Unavailable("the relay is away", 90), "111"],
    [new Error("a fault of ours"), "111"],
  ];
  for (const [error, status] of cases) {
    trouble = error;
    assert.equal(await statusOf(app, composed("R-1", mime)), status);
  }
  trouble = undefined;
  assert.equal(await statusOf(app, composed("R-1", mime)), "");
  assert.equal(app.sent.length, 1);
  await app.stop();
});

test("a message that is too large is 122, or 413, and the device gets to hear it", async () => {
  const app = await easApp({ config: { eas: { maxRequestSize: 1024 * 1024 } } });
  const large = mime + "x".repeat(1024 * 1024);
  assert.equal(await statusOf(app, composed("L-1", large)), "122");
  const old = await app.ask("SendMail", {
    version: "12.1",
    body: bytes(large),
    contentType: "message/rfc822",
  });
  assert.equal(old.status, 413);
  assert.equal(app.sent.length, 0);
  await app.stop();
});

test("a message of 30 MB passes unchanged", async () => {
  const app = await easApp();
  const text = mime + "0123456789abcde\n".repeat(30 * 65536);
  assert.equal(await statusOf(app, composed("big", text)), "");
  assert.equal(app.sent[0]?.text, text);
  await app.stop();
});
