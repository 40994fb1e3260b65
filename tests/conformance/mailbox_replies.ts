// The mailbox suite: what a mailbox answers by itself is kept as it was set.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Refused } from "../../plugins/mailbox/api.ts";
import type { Backend, Replies } from "../../plugins/mailbox/api.ts";
import type { WithPlace } from "./mailbox.ts";
import { account } from "./mailbox_kit.ts";

function repliesOf(backend: Backend, id = 1): Replies {
  const mailbox = backend.open(account(id));
  assert.ok("autoReply" in mailbox, "the suite needs a backend that keeps automatic replies");
  return mailbox as typeof mailbox & Replies;
}

export function autoReplies(withPlace: WithPlace): void {
  test("at first a mailbox answers nobody", () =>
    withPlace(async ({ backend }) => {
      const silent = { enabled: false, content: "", format: "text" as const };
      const { revision: _, ...settings } = await repliesOf(backend).autoReply();
      assert.deepEqual(settings, {
        state: "off",
        start: undefined,
        end: undefined,
        replies: { internal: silent, known: silent, unknown: silent },
      });
    }));

  test("an automatic reply is kept, for each account its own; what is not set stays", () =>
    withPlace(async ({ backend, reopen }) => {
      const box = repliesOf(backend);
      await box.setAutoReply({
        state: { state: "timed", start: 1000, end: 2000 },
        replies: { internal: { enabled: true, content: "Bin weg – 旅行", format: "text" } },
      });
      await box.setAutoReply({ replies: { known: { enabled: true } } });
      for (const open of [backend, await reopen?.() ?? backend]) {
        const { state, start, end, replies } = await repliesOf(open).autoReply();
        assert.deepEqual([state, start, end], ["timed", 1000, 2000]);
        assert.deepEqual(replies, {
          internal: { enabled: true, content: "Bin weg – 旅行", format: "text" },
          known: { enabled: true, content: "", format: "text" },
          unknown: { enabled: false, content: "", format: "text" },
        });
      }
      assert.equal((await repliesOf(backend, 2).autoReply()).state, "off");
      const on = { state: "on", start: undefined, end: undefined } as const;
      const { start, replies } = await box.setAutoReply({ state: on });
      assert.equal(start, undefined, "the times of before are gone");
      assert.equal(replies.internal.enabled, true);
    }));

  test("the revision changes with the settings, and not when they are set once more", () =>
    withPlace(async ({ backend }) => {
      const box = repliesOf(backend);
      const on = { state: { state: "on", start: undefined, end: undefined } } as const;
      const off = { state: { state: "off", start: undefined, end: undefined } } as const;
      const seen = [
        (await box.autoReply()).revision,
        (await box.setAutoReply(on)).revision,
        (await box.setAutoReply({ replies: { unknown: { content: "Away" } } })).revision,
        (await box.setAutoReply(off)).revision,
        (await box.setAutoReply(on)).revision,
      ];
      assert.equal(new Set(seen).size, seen.length);
      assert.equal((await box.setAutoReply(on)).revision, seen.at(-1));
      assert.equal((await box.autoReply()).revision, seen.at(-1));
    }));

  test("a reply that is as long as a book is refused, and changes nothing", () =>
    withPlace(async ({ backend }) => {
      const box = repliesOf(backend);
      const before = await box.autoReply();
      const content = "x".repeat(64 * 1024 + 1);
      await assert.rejects(
        box.setAutoReply({ replies: { unknown: { content } } }),
        (error) => error instanceof Refused && error.reason === "tooLarge",
      );
      assert.deepEqual(await box.autoReply(), before);
    }));
}
