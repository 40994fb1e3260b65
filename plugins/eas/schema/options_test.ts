// Options: what devices send, and what is refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Status } from "../status.ts";
import { el, type Element } from "../wbxml/element.ts";
import { BadOptions, noOptions, readOptions, untruncated } from "./options.ts";

const preference = (...children: Element[]) => el("AirSyncBase:BodyPreference", ...children);
const type = (value: string | number) => el("AirSyncBase:Type", value);

test("readOptions() reads what iOS sends", () => {
  const options = el(
    "AirSync:Options",
    el("AirSync:FilterType", 5),
    el("AirSync:Class", "Email"),
    el("AirSync:MIMESupport", 2),
    el("AirSync:MIMETruncation", 1),
    preference(type(2), el("AirSyncBase:TruncationSize", 51200), el("AirSyncBase:AllOrNone", 0)),
    preference(type(4), el("AirSyncBase:Preview", 100)),
  );
  assert.deepEqual(readOptions(options, "14.1"), {
    class: "Email",
    bodyPreferences: [
      { type: 2, truncationSize: 51200, allOrNone: false },
      { type: 4, preview: 100 },
    ],
    mimeSupport: 2,
    mimeTruncation: 4096,
  });
});

test("readOptions() survives a round through JSON", () => {
  const options = readOptions(
    el("AirSync:Options", preference(type(1), el("AirSyncBase:AllOrNone"))),
    "16.1",
  );
  assert.deepEqual(JSON.parse(JSON.stringify(options)), options);
  assert.equal(options.bodyPreferences[0]?.allOrNone, true, "an empty element means 1");
});

test("no Options, and empty ones, are the defaults", () => {
  assert.deepEqual(readOptions(undefined, "12.1"), noOptions);
  assert.deepEqual(readOptions(el("ItemOperations:Options"), "12.1"), noOptions);
});

test("MIMETruncation 0 is nothing and 8 is everything", () => {
  const read = (value: number) =>
    readOptions(el("AirSync:Options", el("AirSync:MIMETruncation", value)), "14.0").mimeTruncation;
  assert.equal(read(0), 0);
  assert.equal(read(7), 102400);
  assert.equal(read(8), undefined);
});

test("Preview is not read before 14.0", () => {
  const options = el("AirSync:Options", preference(type(1), el("AirSyncBase:Preview", 900)));
  assert.deepEqual(readOptions(options, "12.1").bodyPreferences, [{ type: 1 }]);
});

test("readOptions() reads Truncation in 2.5, which takes text and MIME only", () => {
  const read = (version: "2.5" | "12.0", ...children: Element[]) =>
    readOptions(el("AirSync:Options", ...children), version);
  const sizes = Array.from({ length: 10 }, (_, code) => {
    const [text, mime] = read("2.5", el("AirSync:Truncation", code)).bodyPreferences;
    assert.deepEqual(mime, { type: 4 });
    assert.equal(text?.type, 1);
    return text?.truncationSize;
  });
  assert.deepEqual(
    sizes,
    [0, 512, 1024, 2048, 5120, 10240, 20480, 51200, 102400, undefined],
  );
  assert.deepEqual(read("2.5").bodyPreferences, [{ type: 1 }, { type: 4 }]);
  assert.throws(() => read("2.5", el("AirSync:Truncation", 10)), BadOptions);
  assert.throws(() => read("2.5", el("AirSync:Truncation")), BadOptions);
  assert.deepEqual(read("2.5", preference(type(2))).bodyPreferences, [{ type: 1 }, { type: 4 }]);
  assert.deepEqual(read("12.0", el("AirSync:Truncation", 1)).bodyPreferences, []);
});

test("readOptions() refuses what breaks the protocol", () => {
  const bad: Record<string, Element[]> = {
    "a type twice": [preference(type(1)), preference(type(1))],
    "no type": [preference()],
    "type 0": [preference(type(0))],
    "type 5": [preference(type(5))],
    "type text": [preference(type("html"))],
    "negative size": [preference(type(1), el("AirSyncBase:TruncationSize", -1))],
    "huge size": [preference(type(1), el("AirSyncBase:TruncationSize", "4294967296"))],
    "endless size": [preference(type(1), el("AirSyncBase:TruncationSize", "9".repeat(5000)))],
    "AllOrNone 2": [preference(type(1), el("AirSyncBase:AllOrNone", 2))],
    "Preview 256": [preference(type(1), el("AirSyncBase:Preview", 256))],
    "MIMESupport 3": [el("AirSync:MIMESupport", 3)],
    "MIMESupport empty": [el("AirSync:MIMESupport")],
    "MIMETruncation 9": [el("AirSync:MIMETruncation", 9)],
  };
  for (const [name, children] of Object.entries(bad)) {
    assert.throws(() => readOptions(el("AirSync:Options", ...children), "14.1"), BadOptions, name);
  }
});

test("untruncated() takes the limits away and leaves the rest", () => {
  assert.deepEqual(
    untruncated({
      class: "Email",
      bodyPreferences: [{ type: 2, truncationSize: 500, preview: 9 }, { type: 4 }],
      mimeSupport: 1,
      mimeTruncation: 4096,
    }),
    { class: "Email", bodyPreferences: [{ type: 2, preview: 9 }, { type: 4 }], mimeSupport: 1 },
  );
});

const part = (...children: Element[]) => el("AirSyncBase:BodyPartPreference", ...children);

test("readOptions() reads BodyPartPreference from 14.1 on, and Fetch takes the part whole", () => {
  const options = el("AirSync:Options", part(type(2), el("AirSyncBase:TruncationSize", 500)));
  const read = readOptions(options, "14.1");
  assert.deepEqual(read.bodyPart, { type: 2, truncationSize: 500 });
  assert.deepEqual(untruncated(read).bodyPart, { type: 2 });
  assert.equal(readOptions(options, "14.0").bodyPart, undefined);
});

test("readOptions() refuses parts that are no HTML with 164, and broken ones as it does others", () => {
  const read = (...parts: Element[]) => () => readOptions(el("AirSync:Options", ...parts), "16.1");
  for (const other of [1, 3, 4]) {
    assert.throws(
      read(part(type(other))),
      (error) => error instanceof Status && error.code === 164,
    );
  }
  assert.throws(read(part(type(7))), BadOptions);
  assert.throws(read(part(type(2)), part(type(2))), BadOptions);
});
