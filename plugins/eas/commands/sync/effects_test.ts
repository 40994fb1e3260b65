// What a device has after its own commands: removed, changed and new items, in their order.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Held, View } from "../../api.ts";
import { viewAfter } from "./effects.ts";

const held = (item: string, date: number, has = "1"): Held => ({ item, date, has });

/** A view of these items. */
function viewOf(all: readonly Held[]): View {
  return {
    held: async (items) =>
      new Map(all.filter(({ item }) => items.includes(item)).map((one) => [one.item, one])),
    heldBefore: async (until, limit, after) =>
      all.filter(({ date, item }) =>
        date < until &&
        (!after || date > after.date || (date === after.date && item > after.item))
      ).slice(0, limit),
  };
}

describe("viewAfter()", () => {
  const base = viewOf([held("a", 1), held("b", 2), held("c", 3), held("d", 4), held("e", 9)]);
  const view = viewAfter(
    base,
    new Map([
      ["a", undefined],
      // Saved anew: a draft gets a later date.
      ["b", held("b", 8, "2")],
      ["n", held("n", 3, "new")],
    ]),
  );

  it("has what the commands made of items", async () => {
    const found = await view.held(["a", "b", "c", "n"]);
    assert.deepEqual([...found.values()], [held("b", 8, "2"), held("c", 3), held("n", 3, "new")]);
  });

  it("goes through items by the date that they have now", async () => {
    const until = async (date: number) =>
      (await view.heldBefore(date, 10)).map(({ item }) => item).join("");
    assert.equal(await until(5), "cnd");
    assert.equal(await until(9), "cndb");
    assert.equal(await until(10), "cndbe");
  });

  it("gives full pages, each item once", async () => {
    for (const limit of [1, 2, 3]) {
      const seen: string[] = [];
      let last: Held | undefined;
      for (;;) {
        const page = await view.heldBefore(10, limit, last);
        seen.push(...page.map(({ item }) => item));
        last = page.at(-1);
        if (page.length < limit) break;
      }
      assert.equal(seen.join(""), "cndbe", `pages of ${limit}`);
    }
  });
});
