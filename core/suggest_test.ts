// "Did you mean".
import assert from "node:assert/strict";
import { it } from "node:test";
import { suggest } from "./suggest.ts";

const known = ["listen", "level", "proxy", "maxMessageSize"];

it("suggest() finds what was mistyped by a letter or two", () => {
  assert.equal(suggest("lisen", known), "listen");
  assert.equal(suggest("lsiten", known), "listen");
  assert.equal(suggest("levels", known), "level");
  assert.equal(suggest("porxy", known), "proxy");
});

it("suggest() does not mind case, dashes and underscores", () => {
  assert.equal(suggest("max_message_size", known), "maxMessageSize");
  assert.equal(suggest("MAX-MESSAGE-SIZE", known), "maxMessageSize");
});

it("suggest() says nothing where nothing is near", () => {
  assert.equal(suggest("colour", known), undefined);
  assert.equal(suggest("x", known), undefined);
  assert.equal(suggest("anything", []), undefined);
});
