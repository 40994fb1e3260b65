// Tests of the submission servers, Postfix and the stand-in, in front of real mail servers.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, test } from "node:test";
import { ImapFlow } from "imapflow";
import { createTransport } from "nodemailer";
import { until } from "../kit.ts";
import { needs } from "../needs.ts";
import { type Cyrus, startCyrus } from "./cyrus.ts";
import { type Dovecot, startDovecot } from "./dovecot.ts";
import type { MailServer, User } from "./mail_server.ts";
import { startPostfix } from "./postfix.ts";
import { cyrusPresent, dovecotPresent, needsPostfix } from "./present.ts";
import { startStandIn } from "./stand_in.ts";
import { startTap } from "./tap.ts";
import type { Submission } from "./submission.ts";

const dovecotFound = needs("dovecot", dovecotPresent());
const found = needsPostfix(dovecotPresent());
let dovecot: Dovecot;
let postfix: Submission;
let standIn: Submission;

before(async () => {
  if (dovecotFound.skip) return;
  dovecot = await startDovecot();
  const options = { tls: true, sizeLimit: 100_000 };
  standIn = await startStandIn(dovecot, options);
  if (!found.skip) postfix = await startPostfix(dovecot, options);
});
after(async () => {
  await postfix?.stop();
  await standIn?.stop();
  await dovecot?.stop();
});

const kinds = [
  ["Postfix", found, () => postfix],
  ["The stand-in", dovecotFound, () => standIn],
] as const;

interface Letter {
  readonly from: User;
  readonly to: readonly (User | string)[];
  readonly sender?: string;
  readonly text?: string;
}

/** Sends one message; answers the recipients that were refused, and why. */
async function send(
  server: Submission,
  { from, to, sender = from.address, text = "At five." }: Letter,
  more: object = {},
): Promise<string[]> {
  const transport = createTransport({
    host: server.host,
    port: server.port,
    ignoreTLS: true,
    auth: { user: from.address, pass: from.password },
    ...more,
  });
  try {
    const { rejectedErrors = [] } = await transport.sendMail({
      envelope: { from: sender, to: to.map((one) => typeof one === "string" ? one : one.address) },
      raw: `From: ${sender}\r\nSubject: Tea\r\n\r\n${text}\r\n`,
    });
    return rejectedErrors.map(({ message }) => message);
  } finally {
    transport.close();
  }
}

/** Waits until so many messages are in the inbox; answers the source of the last one. */
async function received(
  server: MailServer,
  { address, password }: User,
  count = 1,
): Promise<string> {
  const imap = new ImapFlow({
    host: server.host,
    port: server.port,
    secure: false,
    doSTARTTLS: false,
    auth: { user: address, pass: password },
    logger: false,
  });
  await imap.connect();
  await imap.mailboxOpen("INBOX");
  await until(async () => {
    await imap.noop();
    return imap.mailbox && imap.mailbox.exists >= count;
  }, `${count} messages have come`);
  const one = await imap.fetchOne("*", { source: true });
  await imap.logout();
  assert.ok(one, "nothing has come");
  return String(one.source);
}

for (const [name, available, server] of kinds) {
  test(
    `${name}: what somebody sends after login reaches the mailbox of another`,
    available,
    async () => {
      const [anna, bert] = [await dovecot.addUser("anna"), await dovecot.addUser("bert")];
      assert.deepEqual(await send(server(), { from: anna, to: [bert] }), []);
      assert.match(await received(dovecot, bert), /with ESMTPA[^]*\r\n\r\nAt five\.\r\n$/);
      const tls = { ca: server().certificate!.authority, servername: "localhost" };
      const startTls = { ignoreTLS: false, requireTLS: true, tls };
      const implicit = { secure: true, port: server().tlsPort, tls };
      for (const how of [startTls, implicit]) {
        assert.deepEqual(await send(server(), { from: anna, to: [bert] }, how), []);
      }
      assert.match(await received(dovecot, bert, 3), /with ESMTPSA/);
    },
  );

  test(
    `${name}: without the right password, or under another's name, nothing is sent`,
    available,
    async () => {
      const [anna, bert] = [await dovecot.addUser("anna"), await dovecot.addUser("bert")];
      const wrong = { ...anna, password: "wrong" };
      await assert.rejects(send(server(), { from: wrong, to: [bert] }), { responseCode: 535 });
      const forged = { from: anna, sender: bert.address, to: [bert] };
      await assert.rejects(send(server(), forged), { responseCode: 553 });
      await assert.rejects(send(server(), { from: anna, to: [bert] }, { auth: undefined }));
    },
  );

  test(`${name}: refusals are those that the test wants`, available, async () => {
    const [anna, bert] = [await dovecot.addUser("anna"), await dovecot.addUser("bert")];
    server().policy = ({ recipient, stage }) =>
      stage === "RCPT" && recipient.startsWith("nobody") ? "550 5.1.1 User unknown" : undefined;
    const [refused] = await send(server(), { from: anna, to: [bert, "nobody@example.test"] });
    assert.match(refused!, /550 .*User unknown/);
    server().policy = ({ before, stage, login }) =>
      stage === "RCPT" && before === 0 && login ? "450 4.7.1 Greylisted" : undefined;
    const letter = { from: bert, to: [anna] };
    await assert.rejects(send(server(), letter), { responseCode: 450 });
    assert.deepEqual(await send(server(), letter), []);
    server().policy = ({ stage }) => stage === "RCPT" ? undefined : "451 4.3.0 Not now";
    await assert.rejects(send(server(), letter), { responseCode: 451 });
    server().policy = () => undefined;
    const long = { ...letter, text: "x".repeat(200_000) };
    await assert.rejects(send(server(), long), { responseCode: 552 });
  });
}

test("Postfix: what it has accepted survives its end", found, async () => {
  // Nothing gets through to the mailboxes for now.
  const way = await startTap(dovecot.lmtpPort);
  way.refusing = true;
  const own = await startPostfix({ ...dovecot, lmtpPort: way.port });
  const [anna, bert] = [await dovecot.addUser("anna"), await dovecot.addUser("bert")];
  assert.deepEqual(await send(own, { from: anna, to: [bert] }), []);
  assert.ok(own.processes().length > 2);
  await own.kill();
  assert.deepEqual(own.processes(), []);
  await assert.rejects(send(own, { from: anna, to: [bert] }), { code: "ESOCKET" });
  way.reset();
  await own.restart();
  assert.match(await received(dovecot, bert), /At five/);
  await own.stop();
  await way.stop();
  assert.deepEqual(own.processes(), []);
  assert.ok(!existsSync(own.dir));
});

test("Postfix in front of Cyrus", needsPostfix(cyrusPresent()), async () => {
  const cyrus: Cyrus = await startCyrus();
  const own = await startPostfix(cyrus);
  try {
    const [anna, bert] = [await cyrus.addUser("anna"), await cyrus.addUser("bert")];
    assert.deepEqual(await send(own, { from: anna, to: [bert] }), []);
    assert.match(await received(cyrus, bert), /At five/);
    const wrong = { ...anna, password: "wrong" };
    await assert.rejects(send(own, { from: wrong, to: [bert] }), { responseCode: 535 });
  } finally {
    await own.stop();
    await cyrus.stop();
  }
});
