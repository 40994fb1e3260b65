// The breaker for writing in numbers: what is alike, how many are too many, how long a pause is.
import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { draftFields } from "../../client/mod.ts";
import { el, type Element } from "../../wbxml/element.ts";
import { type AddRates, addRates } from "./add_rates.ts";
import type { Filed } from "./journal.ts";

const minute = 60_000, hour = 60 * minute;
const phone = { account: 1, device: "PHONE1" };

let count = 0;
const add = (...fields: readonly Element[]): Filed => {
  const id = `${++count}`;
  const data = el("AirSync:ApplicationData", ...fields);
  return { id: `add:${id}`, command: { kind: "add", id, data, send: false }, what: "draft:x" };
};
const plan = (text = "Tomorrow?") => add(...draftFields({ subject: "Plan", text }));
const plans = (many: number) => Array.from({ length: many }, () => plan());

describe("addRates()", () => {
  let rates: AddRates;
  let now = 0;
  beforeEach(() => {
    rates = addRates(200);
    now = 1_700_000_000_000;
  });
  const check = (adds: readonly Filed[], device = phone, folder = "drafts") =>
    rates.check(device, folder, adds, now);

  it("lets 200 alike pass within ten minutes, and not one more", () => {
    for (let n = 0; n < 4; n++) {
      assert.equal(check(plans(50)), "fine");
      now += 2 * minute;
    }
    assert.equal(check(plans(1)), "begins");
    assert.equal(check(plans(1)), "pauses");
    assert.equal(check([]), "pauses", "whatever the request is about");
  });

  it("forgets what is older", () => {
    for (let n = 0; n < 20; n++) {
      assert.equal(check(plans(20)), "fine");
      now += 2 * minute;
    }
  });

  it("does not mind hundreds that differ: somebody imports", () => {
    const different = Array.from(
      { length: 180 },
      (_, n) => add(...draftFields({ subject: `Letter ${n}`, text: "Dear reader" })),
    );
    for (let n = 0; n < 5; n++) {
      assert.equal(check(different), "fine", `import ${n}`);
      now += 3 * minute;
    }
  });

  it("takes for alike what differs in dates and ids only, and not what differs in words", () => {
    const message = (at: number) =>
      `Message-ID: <${at}@example.org>\r\nDate: ${new Date(at).toUTCString()}\r\n` +
      `Subject: Plan\r\n\r\n${"Tomorrow? ".repeat(40)}`;
    const mime = (at: number) =>
      add(
        el("Email:DateReceived", new Date(at).toISOString()),
        el("AirSyncBase:Body", el("AirSyncBase:Type", 4), el("AirSyncBase:Data", message(at))),
      );
    const rates = addRates(2);
    const alike = [1, 2, 3].map((n) => mime(now + n * 1000));
    assert.equal(rates.check(phone, "drafts", alike, now), "begins");
    const words = ["one", "two", "six"].map((text) => plan(text));
    assert.equal(rates.check(phone, "other", words, now), "fine");
  });

  it("counts devices, accounts and folders for themselves", () => {
    assert.equal(check(plans(201)), "begins");
    assert.equal(check(plans(200), { account: 1, device: "PHONE2" }), "fine");
    assert.equal(check(plans(200), { account: 2, device: "PHONE1" }), "fine");
    assert.equal(check(plans(200), phone, "notes"), "fine");
    assert.deepEqual(
      ["drafts", "notes"].map((folder) => rates.pauses(phone, folder, now)),
      [true, false],
    );
  });

  it("counts neither other commands nor what cannot be read", () => {
    const change = (one: Filed): Filed => ({ ...one, command: { ...one.command, kind: "change" } });
    assert.equal(check(plans(300).map(change)), "fine");
    assert.equal(check(plans(300).map((one) => ({ ...one, what: "bad" }))), "fine");
    assert.equal(check(plans(200)), "fine");
  });

  it("pauses for ten minutes, twice as long if it goes on, and for ten again after a good day", () => {
    const pause = () => {
      assert.equal(check(plans(201)), "begins");
      const from = now;
      while (rates.pauses(phone, "drafts", now)) now += minute;
      assert.equal(check(plans(200)), "fine", "what waited is taken then");
      now += 11 * minute;
      return now - 11 * minute - from;
    };
    assert.deepEqual([pause(), pause(), pause()], [10 * minute, 20 * minute, 40 * minute]);
    for (let n = 0; n < 4; n++) pause();
    assert.equal(pause(), 4 * hour, "and no longer");
    now += 24 * hour;
    assert.equal(pause(), 10 * minute);
  });
});
