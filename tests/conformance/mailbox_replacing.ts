// The mailbox suite: another content under the same id.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { NotFound } from "../../plugins/mailbox/api.ts";
import type { WithPlace } from "./mailbox.ts";
import { bytes, inPieces, listAll, message, put, readOne, token } from "./mailbox_kit.ts";

export function replacing(withPlace: WithPlace): void {
  test("a replaced content keeps id, marks and date, and has another revision", () =>
    withPlace(async ({ mailbox, folder }) => {
      const drafts = await folder("drafts");
      const marks = { draft: true, read: true, keywords: ["Blue"] };
      const made = await mailbox.create(
        drafts,
        { mime: message("first try"), date: 1_700_000_000_000, marks },
        token(),
      );
      const { cursor } = await mailbox.changes(drafts, undefined, 10);
      const mime = message("second try", { text: "Better." });
      const after = await mailbox.replace(made.id, { mime: inPieces(mime) }, token());
      assert.notEqual(after.revision, made.revision);
      const { revision, thread } = after;
      assert.deepEqual(after, { ...made, revision, ...(thread && { thread }) });
      const item = await readOne(mailbox, made.id, { text: 100 });
      assert.deepEqual(item.state, after);
      assert.equal(item.mail?.subject, "second try");
      assert.equal(item.mail?.text?.content, "Better.\r\n");
      assert.deepEqual(await bytes(mailbox, made.id, ""), Uint8Array.from(mime));
      assert.deepEqual(await listAll(mailbox, drafts), [after]);
      const page = await mailbox.changes(drafts, cursor, 10);
      assert.deepEqual(page.changes, [{ id: made.id, state: after }]);
    }));

  test("marks and a date that come with the content are set, the other marks stay", () =>
    withPlace(async ({ mailbox, inbox }) => {
      const { id } = await put(mailbox, inbox, "old", 1_700_000_000_000);
      await mailbox.mark(id, { keywords: ["kept"], answered: true }, token());
      const date = 1_700_000_500_000;
      const marks = { read: true, flag: { status: "active" as const } };
      const after = await mailbox.replace(id, { mime: message("new"), date, marks }, token());
      assert.equal(after.date, date);
      assert.deepEqual(
        [after.marks.read, after.marks.flag, after.marks.keywords, after.marks.answered],
        [true, { status: "active" }, ["kept"], true],
      );
      assert.deepEqual((await readOne(mailbox, id)).state, after);
      // A replaced item stands where its date says.
      await put(mailbox, inbox, "between", 1_700_000_200_000);
      assert.equal((await listAll(mailbox, inbox))[0]?.id, id);
    }));

  test("a content can be made from the one that it replaces", () =>
    withPlace(async ({ mailbox, inbox }) => {
      const large = Buffer.from("x".repeat(400_000).replace(/(.{76})/g, "$1\r\n"));
      const mime = Buffer.concat([message("grows"), large]);
      const { id } = await mailbox.create(inbox, { mime }, token());
      // Every write happens twice in this suite: each time the old content is read anew.
      const grown = {
        mime: {
          async *[Symbol.asyncIterator]() {
            yield* (await mailbox.part(id, "")).bytes;
            yield Buffer.from("The end.\r\n");
          },
        },
      };
      await mailbox.replace(id, grown, token());
      const now = await bytes(mailbox, id, "");
      assert.equal(Buffer.from(now).toString(), `${mime}The end.\r\n`);
    }));

  test("what is not there cannot be replaced, and a copy elsewhere keeps its content", () =>
    withPlace(async ({ mailbox, inbox, folder }) => {
      const made = await put(mailbox, inbox, "gone");
      await mailbox.remove(made.id, token());
      for (const id of [made.id, "1:999999", "nonsense", ""]) {
        await assert.rejects(mailbox.replace(id, { mime: message("new") }, token()), NotFound, id);
      }
      const first = await put(mailbox, inbox, "one of two");
      const moved = await mailbox.move(first.id, await folder("archive"), token());
      const second = await put(mailbox, inbox, "two of two");
      await mailbox.replace(second.id, { mime: message("another") }, token());
      assert.equal((await readOne(mailbox, moved)).mail?.subject, "one of two");
    }));
}
