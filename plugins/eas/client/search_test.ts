// The client's search() and find(): against the real server, and against what others answer.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { clientOf, scripted } from "../../../tests/client/scripted.ts";
import { easApp } from "../../../tests/kit_eas.ts";
import { el } from "../wbxml/mod.ts";

test("search() and find() look through a mailbox, page by page, and fetch what they found", async () => {
  const app = await easApp();
  const client = clientOf((request) => app.fetch(request), {
    user: "anna@example.org",
    password: "password",
  });
  const { changes } = await app.mailbox().folders(undefined);
  const inbox = changes.find(({ folder }) => folder?.role === "inbox")!.id;
  for (let n = 0; n < 3; n++) {
    const mime = Buffer.from(`Subject: letter ${n}\r\n\r\nabout ${n}\r\n`);
    await app.mailbox().create(inbox, { mime, date: app.clock.now() - n * 1000 }, `${n}`);
  }
  const found = await client.search({
    text: "letter",
    class: "Email",
    folders: [inbox],
    range: [0, 1],
  });
  assert.deepEqual([found.status, found.results.length, found.range, found.total], [
    1,
    2,
    "0-1",
    3,
  ]);
  const [first] = found.results;
  assert.equal(first!.collectionId, inbox);
  assert.equal(first!.properties.textOf("Email:Subject"), "letter 0");
  const whole = await client.fetch({ longId: first!.longId! });
  assert.equal(new TextDecoder().decode(whole.content), "about 0\r\n");
  const now = app.clock.now();
  const between = await client.search({ after: now - 2000, before: now });
  assert.deepEqual(between.results.map(({ properties }) => properties.textOf("Email:Subject")), [
    "letter 1",
  ]);
  assert.deepEqual((await client.search({ text: "nowhere" })).results, []);
  assert.equal((await client.search({ text: "letter", range: [7, 9] })).status, 12);
  const id = "3f2c";
  const page = await client.find({ id, text: "subject:letter", deep: true, range: [0, 0] });
  assert.deepEqual([page.status, page.range, page.total], [1, "0-0", 3]);
  const second = await client.find({ id, text: "subject:letter", range: [1, 9] });
  assert.equal(second.results[0]!.properties.textOf("Email:Subject"), "letter 1");
  assert.equal(second.results[0]!.collectionId, inbox);
  assert.equal((await client.find({ id: "new", text: "letter", range: [1, 9] })).status, 4);
  assert.deepEqual((await client.searchPeople("anna", { picture: true })).results, []);
  assert.equal((await client.find({ id, text: "anna", in: "people" })).total, 0);
  await app.stop();
});

test("searchPeople() reads people, without Range and Total where the server leaves them out", async () => {
  const server = scripted(() =>
    el(
      "Search:Search",
      el("Search:Status", 1),
      el(
        "Search:Response",
        el(
          "Search:Store",
          el("Search:Status", 1),
          el("Search:Result", el("Search:Properties", el("Gal:DisplayName", "Ada"))),
          el("Search:Result"),
        ),
      ),
    )
  );
  const reply = await clientOf(server.fetch).searchPeople("ad", { range: [0, 4] });
  assert.deepEqual([reply.status, reply.range, reply.total], [1, undefined, undefined]);
  assert.deepEqual(reply.results.map(({ properties }) => properties.textOf("Gal:DisplayName")), [
    "Ada",
  ]);
  const store = server.seen[0]!.document!.child("Search:Store")!;
  assert.equal(store.textOf("Search:Name"), "GAL");
  assert.equal(store.textOf("Search:Query"), "ad");
  assert.equal(store.child("Search:Options")!.textOf("Search:Range"), "0-4");
});
