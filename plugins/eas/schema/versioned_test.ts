// Which elements a version knows.
import assert from "node:assert/strict";
import { test } from "node:test";
import { el } from "../wbxml/element.ts";
import { shown } from "./_sample.ts";
import { knows, only } from "./versioned.ts";

test("knows() follows the code pages", () => {
  assert.equal(knows("12.1", "Email:Read"), true);
  assert.equal(knows("12.1", "Email:Flag"), true, "12.0-16.1");
  assert.equal(knows("12.1", "Email:Categories"), false, "14.0-16.1");
  assert.equal(knows("14.0", "Email:Categories"), true);
  assert.equal(knows("14.1", "Email:GlobalObjId"), true, "2.5-14.1");
  assert.equal(knows("16.0", "Email:GlobalObjId"), false);
  assert.equal(knows("16.1", "Email2:IsDraft"), true);
  assert.equal(knows("14.1", "Email2:IsDraft"), false);
  assert.equal(knows("2.5", "Email:Body"), true, "2.5");
  assert.equal(knows("12.0", "Email:Body"), false, "2.5");
  assert.equal(knows("2.5", "Email:AttRemoved"), false, "legacy");
  assert.equal(knows("2.5", "AirSyncBase:Body"), false, "12.0-16.1");
});

test("only() leaves out at every depth", () => {
  const body = el("AirSyncBase:Body", el("AirSyncBase:Type", 2), el("AirSyncBase:Preview", "x"));
  assert.deepEqual(only("12.1", [body, el("Email:Categories")]).map(shown), ["Body(Type=2)"]);
  assert.deepEqual(only("14.0", [body]).map(shown), ["Body(Type=2 Preview=x)"]);
});
