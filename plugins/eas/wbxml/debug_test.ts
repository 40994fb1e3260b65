// Trees as text.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { el, Leaf, show, toXml } from "./mod.ts";

const tree = el(
  "AirSync:Sync",
  el("AirSync:MoreAvailable"),
  el("Email:Subject", "a < b & c\r\n"),
  el("AirSyncBase:Body", el("AirSyncBase:Type", 1), el("AirSyncBase:Data", "dear diary")),
  el("Email2:ConversationId", Uint8Array.of(1, 255)),
  el("Gal:Data", Uint8Array.of(1, 2, 3)),
  el("Settings:Password", "hunter2"),
);

describe("show()", () => {
  test("hides bodies behind their size, and passwords always", () => {
    assert.equal(
      show(tree),
      `<AirSync:Sync>
  <AirSync:MoreAvailable/>
  <Email:Subject> "a < b & c\\r\\n"
  <AirSyncBase:Body>
    <AirSyncBase:Type> "1"
    <AirSyncBase:Data> [10 characters]
  <Email2:ConversationId> 0x01ff
  <Gal:Data> [3 bytes]
  <Settings:Password> [secret]`,
    );
    const whole = show(tree, { bodies: true });
    assert.match(whole, /"dear diary"/);
    assert.doesNotMatch(whole, /hunter2/);
  });
});

describe("toXml()", () => {
  test("gives each code page its namespace", () => {
    assert.equal(
      toXml(tree),
      '<?xml version="1.0" encoding="utf-8"?>\n' +
        '<Sync xmlns="AirSync"><MoreAvailable/>' +
        '<Subject xmlns="Email">a &#60; b &#38; c&#13;\n</Subject>' +
        '<Body xmlns="AirSyncBase"><Type>1</Type><Data>dear diary</Data></Body>' +
        '<ConversationId xmlns="Email2">Af8=</ConversationId>' +
        '<Data xmlns="GAL">AQID</Data><Password xmlns="Settings">hunter2</Password></Sync>\n',
    );
  });

  test("refuses what comes piece by piece", () => {
    const leaf = new Leaf((async function* () {})());
    assert.throws(() => toXml(el("AirSyncBase:Data", leaf)), TypeError);
  });
});
