// The probe against our own server, in one process.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { settle } from "../../../tests/kit.ts";
import { type EasApp, easApp, type EasAppOptions } from "../../../tests/kit_eas.ts";
import smartsync from "../../smartsync/plugin.ts";
import type { Mailbox } from "../../mailbox/api.ts";
import { type ProbeOptions, runProbe } from "./probe.ts";
import { formatReport, type ProbeReport, type ProbeStep } from "./report.ts";

const text = new TextEncoder();

function mail(subject: string, body = "Hello\r\n", head = "Content-Type: text/plain\r\n") {
  return text.encode(
    `From: "Grace Hopper" <grace@example.org>\r\nTo: anna@example.org\r\nSubject: ${subject}\r\n` +
      `Message-ID: <${
        subject.replace(/\W/g, "")
      }@example.org>\r\nMIME-Version: 1.0\r\n${head}\r\n${body}`,
  );
}

const withAttachment = mail(
  "The figures",
  "--b\r\nContent-Type: text/html\r\n\r\n<p>See below</p>\r\n" +
    '--b\r\nContent-Type: application/pdf; name="figures.pdf"\r\n' +
    'Content-Disposition: attachment; filename="figures.pdf"\r\n' +
    `Content-Transfer-Encoding: base64\r\n\r\n${btoa("x".repeat(3000))}\r\n--b--\r\n`,
  'Content-Type: multipart/mixed; boundary="b"\r\n',
);

async function inboxOf(box: Mailbox): Promise<string> {
  const { changes } = await box.folders(undefined);
  return changes.find(({ folder }) => folder?.role === "inbox")!.id;
}

/** A server whose inbox holds these messages, a minute apart, the last one the newest. */
async function server(messages: readonly Uint8Array[], options: EasAppOptions = {}) {
  const app = await easApp({ ...options, plugins: [smartsync] });
  const box = app.mailbox();
  const inbox = await inboxOf(box);
  for (const [n, mime] of messages.entries()) {
    const date = app.clock.now() - (messages.length - n) * 60_000;
    await box.create(inbox, { mime, date }, `message ${n}`);
  }
  return { app, box, inbox };
}

/** Probes; the clock runs on as soon as a Ping is held. */
async function probe(app: EasApp, options: Partial<ProbeOptions> = {}): Promise<ProbeReport> {
  return await runProbe({
    url: "mail.example.org",
    user: "anna@example.org",
    password: "password",
    clock: app.clock,
    async fetch(request) {
      const answer = app.fetch(request);
      if (request.url.includes("Cmd=Ping")) {
        await settle();
        await app.clock.tick((options.wait ?? 2) * 1000);
      }
      return await answer;
    },
    ...options,
  });
}

function step(report: ProbeReport, name: string): ProbeStep {
  const found = report.visits[0]?.steps.find((one) => one.name === name);
  assert.ok(found, `no step ${name} in ${formatReport(report)}`);
  return found;
}
function outcomes({ connect, visits }: ProbeReport): string[] {
  const steps = [connect, ...visits.flatMap((visit) => visit.steps)];
  return steps.filter(({ outcome }) => outcome !== "ok")
    .map(({ name, outcome, detail }) => `${name}: ${outcome}, ${detail}`);
}

describe("the probe", () => {
  test("tells what a phone sees, in every version", async () => {
    const { app } = await server([mail("First"), withAttachment, mail("Third")]);
    const report = await probe(app, { version: "all" });
    assert.deepEqual(outcomes(report), ["Settings: skipped, this version has no Settings"]);
    assert.ok(report.ok);
    assert.deepEqual(report.visits.map(({ version }) => version), [
      "2.5",
      "12.0",
      "12.1",
      "14.0",
      "14.1",
      "16.0",
      "16.1",
    ]);
    for (const { steps } of report.visits) {
      const inbox = steps.find(({ name }) => name === "Sync Inbox")?.folder;
      assert.equal(inbox?.messages, 3);
      assert.equal(inbox?.unread, 3);
      assert.deepEqual(inbox?.newest.map(({ subject }) => subject), [
        "Third",
        "The figures",
        "First",
      ]);
      assert.equal(inbox?.newest[0]?.from, "Grace Hopper");
      const read = steps.find(({ name }) => name === "Read a message");
      assert.match(read?.detail ?? "", /^"Third": \d+ bytes of (HTML|plain text)$/);
      const attachment = steps.find(({ name }) => name === "Open an attachment");
      assert.equal(attachment?.detail, "figures.pdf: 2.9 KB, application/pdf");
    }
    await app.stop();
  });

  test("takes the highest version, the one that is asked for, or says that there is none", async () => {
    const { app } = await server([], { config: { eas: { maxVersion: "14.1" } } });
    assert.equal((await probe(app)).visits[0]?.version, "14.1");
    assert.equal((await probe(app, { version: "12.1" })).visits[0]?.version, "12.1");
    const none = await probe(app, { version: "16.1" });
    assert.equal(none.ok, false);
    assert.match(none.connect.fix ?? "", /12\.1, 14\.0, 14\.1/);
    await app.stop();
  });

  test("needs as many requests as there are windows, and counts every message once", async () => {
    const { app } = await server(Array.from({ length: 250 }, (_, n) => mail(`Message ${n}`)));
    const { folder } = step(await probe(app), "Sync Inbox");
    assert.equal(folder?.messages, 250);
    assert.ok(folder.requests >= 4 && folder.requests <= 5, `${folder.requests}`);
    await app.stop();
  });

  test("says that the password is wrong", async () => {
    const { app } = await server([]);
    const report = await probe(app, { password: "wrong" });
    assert.equal(report.ok, false);
    assert.deepEqual(report.visits, []);
    assert.match(report.connect.detail, /refuses user and password/);
    await app.stop();
  });

  test("says where the server is when the path is wrong", async () => {
    const { app } = await server([]);
    const report = await probe(app, { url: "https://mail.example.org/mail" });
    assert.equal(report.ok, false);
    assert.match(
      report.connect.fix ?? "",
      /answers at https:\/\/mail\.example\.org\/Microsoft-Server-ActiveSync/,
    );
    await app.stop();
  });

  test("sends a message, and names the recipient", async () => {
    const { app } = await server([]);
    const report = await probe(app, { sendTo: "bert@example.net" });
    assert.deepEqual(outcomes(report).filter((line) => !/skipped/.test(line)), []);
    assert.match(step(report, "SendMail").detail, /bert@example\.net/);
    assert.equal(app.sent.length, 1);
    assert.match(app.sent[0]!.text, /^To: <bert@example\.net>\r$/m);
    assert.match(app.sent[0]!.text, /^Subject: Navette probe 2026-03-01T12:00/m);
    await app.stop();
  });

  test("is woken by a message to itself, and knows it when it comes", async () => {
    let deliver = async (_: string) => {};
    const { app, box, inbox } = await server([], { send: ({ text: mime }) => deliver(mime) });
    deliver = async (mime) => {
      await box.create(inbox, { mime: text.encode(mime), date: app.clock.now() }, "delivered");
    };
    const report = await runProbe({
      url: "mail.example.org",
      user: "anna@example.org",
      password: "password",
      sendTo: "Anna@example.org",
      clock: app.clock,
      fetch: (request) => app.fetch(request),
    });
    assert.match(step(report, "SendMail and Ping").detail, /the message woke the phone/);
    assert.ok(report.ok, formatReport(report));
    await app.stop();
  });

  test("fails when the message to itself never comes", async () => {
    const { app } = await server([]);
    const report = await probe(app, { sendTo: "anna@example.org", wait: 61 });
    assert.match(step(report, "SendMail and Ping").detail, /did not wake the phone/);
    assert.equal(report.ok, false);
    await app.stop();
  });

  test("tells who wrote when it is woken while it waits", async () => {
    const { app, box, inbox } = await server([mail("First")]);
    const report = await probe(app, {
      wait: 100,
      async fetch(request) {
        const answer = app.fetch(request);
        if (request.url.includes("Cmd=Ping")) {
          await settle();
          await app.clock.tick(7000);
          await box.create(inbox, { mime: mail("News"), date: app.clock.now() }, "news");
          await settle();
          await app.clock.tick(1000);
        }
        return await answer;
      },
    });
    const { detail } = step(report, "Ping");
    assert.match(detail, /woken after \d+\.\d s: 1 change in Inbox, new: "Grace Hopper: News"/);
    await app.stop();
  });
});
