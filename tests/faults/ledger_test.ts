// The ledger: who did what, also where things happen at once.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Account } from "../../core/mod.ts";
import type { Mailbox, Marks } from "../../plugins/mailbox/api.ts";
import { Ledger } from "./ledger.ts";

describe("the ledger", () => {
  /** A mailbox of one mail, which is marked when `marked` resolves. */
  const boxOf = (marked: Promise<void>): Mailbox => {
    let marks: Partial<Marks> = { read: false, flag: undefined, keywords: [] };
    return {
      async *read() {
        yield { state: { marks } };
      },
      async mark(_: string, set: Partial<Marks>) {
        await marked;
        marks = { ...marks, ...set };
      },
    } as unknown as Mailbox;
  };

  it("does not take what another device does to the same mail meanwhile for the first one's", async () => {
    const ledger = new Ledger();
    const { promise, resolve } = Promise.withResolvers<void>();
    const inner = boxOf(promise);
    const of = (device: string) => ledger.tap(inner, {} as Account, () => device);
    ledger.acted("ONE", "1", "read=1");
    ledger.acted("TWO", "1", "words=tea");
    const both = [
      of("ONE").mark("1", { read: true }, "a"),
      of("TWO").mark("1", { keywords: ["tea"] }, "b"),
    ];
    resolve();
    await Promise.all(both);
    assert.deepEqual(ledger.repeated(), []);
  });

  it("notices what a server does for nobody", async () => {
    const ledger = new Ledger();
    const box = ledger.tap(boxOf(Promise.resolve()), {} as Account, () => "ONE");
    await box.mark("1", { read: true }, "a");
    assert.deepEqual(ledger.repeated(), ["ONE 1 read=1: done 1 times, asked 0 times"]);
  });
});
