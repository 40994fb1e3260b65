// Tests of the tap, between imapflow and a real Dovecot; of its reading of lines without any server.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ImapFlow } from "imapflow";
import { needs } from "../needs.ts";
import { type Dovecot, startDovecot, type User } from "./dovecot.ts";
import { Lines } from "./lines.ts";
import { dovecotPresent } from "./present.ts";
import { startTap, type Tap } from "./tap.ts";

const found = needs("dovecot", dovecotPresent());
const message = `Subject: Tea\r\n\r\n${"At five.\r\n".repeat(20_000)}`;
let dovecot: Dovecot;
let tap: Tap;
let user: User;

before(async () => {
  if (found.skip) return;
  dovecot = await startDovecot();
  tap = await startTap(dovecot.port);
  user = await dovecot.addUser();
  await dovecot.deliver(user, message);
});
after(async () => {
  await tap?.stop();
  await dovecot?.stop();
});

async function connected(port = tap.port): Promise<ImapFlow> {
  const imap = new ImapFlow({
    host: tap.host,
    port,
    secure: false,
    doSTARTTLS: false,
    auth: { user: user.address, pass: user.password },
    logger: false,
  });
  imap.on("error", () => {});
  await imap.connect();
  await imap.mailboxOpen("INBOX");
  return imap;
}

const closing = (imap: ImapFlow) => new Promise((resolve) => imap.once("close", resolve));

test("commands are counted, with their names, and bytes are too", found, async () => {
  const imap = await connected();
  tap.reset();
  const one = await imap.fetchOne("1", { source: true, uid: true });
  assert.ok(one && one.source!.length > 200_000);
  await imap.append("INBOX", message);
  await imap.search({ from: "eve {12}" }, { uid: true });
  await imap.noop();
  assert.deepEqual(tap.names(), ["FETCH", "APPEND", "UID SEARCH", "NOOP"]);
  assert.match(tap.commands[0]!.words, /^1 \(.*BODY\.PEEK\[\]/);
  assert.ok(tap.bytes.toClient > 200_000 && tap.bytes.toServer > 200_000);
  assert.equal(tap.open, 1);
  await imap.logout();
  assert.equal(
    await tap.saw(({ name }) => name === "LOGOUT").then(({ connection }) => connection),
    1,
  );
});

test("a command can be cut off before the server sees it", found, async () => {
  const imap = await connected();
  tap.reset();
  tap.rule = ({ name }) => name === "APPEND" ? "cut" : undefined;
  await assert.rejects(imap.append("INBOX", "Subject: never\r\n\r\n"));
  tap.reset();
  const again = await connected();
  assert.deepEqual(await again.search({ subject: "never" }), []);
  await again.logout();
});

test("an answer can be cut off after the server has done it", found, async () => {
  const imap = await connected();
  tap.reset();
  tap.rule = ({ name }) => name === "APPEND" ? "cut answer" : undefined;
  await assert.rejects(imap.append("INBOX", "Subject: once\r\n\r\n"));
  tap.reset();
  const again = await connected();
  const hits = await again.search({ subject: "once" });
  assert.ok(hits && hits.length === 1);
  await again.logout();
});

test("a connection is cut in the middle of a literal", found, async () => {
  const imap = await connected();
  tap.reset();
  tap.cutAfterBytes(50_000);
  const closed = closing(imap);
  await assert.rejects(imap.fetchOne("1", { source: true }));
  await closed;
  assert.equal(tap.bytes.toClient, 50_000);
  tap.reset();
  const again = await connected();
  assert.ok(await again.fetchOne("1", { source: true }));
  await again.logout();
});

test(
  "all connections are cut, new ones refused, and others frozen, until reset",
  found,
  async () => {
    const imap = await connected();
    const closed = closing(imap);
    tap.refusing = true;
    tap.cut();
    await closed;
    await assert.rejects(connected());
    assert.equal(tap.refused, 1);
    tap.reset();
    const again = await connected();
    tap.rule = ({ name }) => name === "NOOP" ? "freeze" : undefined;
    let answered = false;
    const asked = again.noop().then(() => answered = true, () => {});
    await tap.saw(({ name }) => name === "NOOP");
    tap.reset();
    const other = await connected();
    await other.logout();
    assert.equal(answered, false);
    again.close();
    await asked;
  },
);

test("capabilities can be hidden from clients", found, async () => {
  const own = await startTap(dovecot.port, { hide: ["CONDSTORE", "NOTIFY"] });
  const [all, fewer] = [await connected(), await connected(own.port)];
  const names = (imap: ImapFlow) => [...imap.capabilities.keys()];
  assert.deepEqual(
    names(fewer).sort(),
    names(all).filter((name) => !/^(CONDSTORE|NOTIFY)$/.test(name)).sort(),
  );
  assert.ok(all.capabilities.has("NOTIFY") && all.capabilities.has("CONDSTORE"));
  await Promise.all([all.logout(), fewer.logout()]);
  await own.stop();
});

test("lines and literals are told apart wherever the chunks end", () => {
  const stream = "a1 APPEND INBOX {14+}\r\nb2 no command!\r\na2 NOOP\r\nDONE\r\nrest";
  for (const size of [1, 2, 3, 7, 22, 100]) {
    const lines = new Lines();
    let all = "";
    const firsts: string[] = [];
    for (let at = 0; at < stream.length; at += size) {
      for (const { bytes, line } of lines.feed(Buffer.from(stream.slice(at, at + size)))) {
        all += Buffer.from(bytes);
        if (line?.first) firsts.push(line.text);
      }
    }
    assert.equal(all + Buffer.from(lines.rest()), stream);
    assert.deepEqual(firsts, ["a1 APPEND INBOX {14+}", "a2 NOOP", "DONE"]);
  }
});
