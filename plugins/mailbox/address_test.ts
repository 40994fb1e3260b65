import assert from "node:assert/strict";
import { test } from "node:test";
import { account, accountsOf } from "../../tests/kit_mailbox.ts";
import { accountOf, normalAddress, owns, withoutTag } from "./address.ts";

test("normalAddress() gives one form for what is the same", () => {
  assert.equal(normalAddress(" Ann@EXAMPLE.Test. "), "Ann@example.test");
  assert.equal(normalAddress("ann@bücher.example"), "ann@xn--bcher-kva.example");
  assert.equal(normalAddress("jörg@example.test"), "jörg@example.test");
});

test("normalAddress() refuses what no mail could go to, or what would break an envelope", () => {
  for (
    const wrong of [
      "",
      "ann",
      "@example.test",
      "ann@",
      "a b@example.test",
      "a@b@example.test",
      "ann@exa mple.test",
      "ann@example.test>\r\nRCPT TO:<x@y.test",
      "ann\r\n@example.test",
      "a,b@example.test",
      `${"a".repeat(65)}@example.test`,
      "ann@-",
    ]
  ) assert.equal(normalAddress(wrong), undefined, JSON.stringify(wrong));
});

test("accountOf() knows aliases and plus tags; an exact address with a plus comes first", async () => {
  const anna = account(1, "anna@example.test", { aliases: ["info@example.test"] });
  const list = account(2, "anna+list@example.test");
  const accounts = accountsOf(anna, list);
  assert.equal((await accountOf(accounts, "INFO@example.test"))?.id, 1);
  assert.equal((await accountOf(accounts, "anna+shop@example.test"))?.id, 1);
  assert.equal((await accountOf(accounts, "anna+list@example.test"))?.id, 2);
  assert.equal(await accountOf(accounts, "+shop@example.test"), undefined);
  assert.equal(await accountOf(accounts, "nobody@example.test"), undefined);
});

test("owns() goes by the whole address", () => {
  const anna = account(1, "anna@example.test", { aliases: ["info@example.test"] });
  for (const own of ["Anna@Example.test", "info@example.test", "anna+x@example.test"]) {
    assert.ok(owns(anna, own), own);
  }
  for (const foreign of ["ann@example.test", "anna@example.org", "anna", ""]) {
    assert.equal(owns(anna, foreign), false, foreign);
  }
});

test("withoutTag() leaves addresses without a tag alone", () => {
  assert.equal(withoutTag("a+b+c@x.test"), "a@x.test");
  assert.equal(withoutTag("a@x+y.test"), "a@x+y.test");
});
