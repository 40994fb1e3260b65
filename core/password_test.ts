// Passwords as they are kept.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  generatePassword,
  hashAppPassword,
  looksLikeAppPassword,
  passwordHashing,
  strongCost,
} from "./password.ts";

const cheap = passwordHashing({ ln: 4, r: 8, p: 1 });

describe("passwordHashing()", () => {
  it("finds a password by its hash, and no other one", async () => {
    const stored = await cheap.hash("correct horse");
    assert.equal(await cheap.check("correct horse", stored), true);
    assert.equal(await cheap.check("correct hors", stored), false);
    assert.equal(await cheap.check("Correct horse", stored), false);
    assert.equal(await cheap.check("", stored), false);
  });

  it("salts: one password has many hashes", async () => {
    assert.notEqual(await cheap.hash("same"), await cheap.hash("same"));
  });

  it("writes its cost, by default N = 2^15, and knows a hash of another", async () => {
    const strong = passwordHashing();
    const stored = await strong.hash("x");
    assert.deepEqual(strongCost, { ln: 15, r: 8, p: 1 });
    assert.match(stored, /^\$scrypt\$ln=15,r=8,p=1\$/);
    assert.equal(strong.isOutdated(stored), false);
    assert.equal(cheap.isOutdated(stored), true);
    assert.equal(await cheap.check("x", stored), true);
  });

  it("knows a hash that scrypt's own definition gives", async () => {
    // RFC 7914 section 12: scrypt("pleaseletmein", "SodiumChloride", N=16384, r=8, p=1, 64)
    const stored = `$scrypt$ln=14,r=8,p=1$${btoa("SodiumChloride")}$${fromHex(rfc7914)}`;
    assert.equal(await cheap.check("pleaseletmein", stored), true);
    assert.equal(await cheap.check("pleaseletmeout", stored), false);
  });

  it("takes accents as the same however they were typed", async () => {
    const stored = await cheap.hash("caf\u00e9");
    assert.equal(await cheap.check("cafe\u0301", stored), true);
  });

  it("fits nothing to a text that is no hash", async () => {
    for (const stored of ["", "plain", "$2b$10$abc", "$scrypt$ln=x,r=8,p=1$a$b"]) {
      assert.equal(await cheap.check("plain", stored), false, stored);
    }
    assert.equal(await cheap.checkNothing("x"), false);
  });

  it("answers many checks that come together", async () => {
    const stored = await cheap.hash("x");
    const checks = Array.from({ length: 50 }, (_, i) => cheap.check(i % 2 ? "x" : "y", stored));
    assert.equal((await Promise.all(checks)).filter(Boolean).length, 25);
  });
});

const rfc7914 = "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2" +
  "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887";

function fromHex(hex: string): string {
  const bytes = hex.match(/../g)!.map((pair) => parseInt(pair, 16));
  return btoa(String.fromCharCode(...bytes));
}

describe("app passwords", () => {
  it("are sixteen letters without look-alikes, never twice the same", () => {
    const made = Array.from({ length: 200 }, () => generatePassword());
    assert.equal(new Set(made).size, made.length);
    for (const password of made) {
      assert.match(password, /^[a-z]{4}(-[a-z]{4}){3}$/);
      assert.doesNotMatch(password, /[ilo]/);
      assert.ok(looksLikeAppPassword(password));
    }
  });

  it("are the same however they were typed", () => {
    const hash = hashAppPassword("abcd-efgh-jkmn-pqrs");
    assert.equal(hashAppPassword("ABCD EFGH JKMN PQRS"), hash);
    assert.equal(hashAppPassword("abcdefghjkmnpqrs"), hash);
    assert.notEqual(hashAppPassword("abcd-efgh-jkmn-pqrt"), hash);
    assert.ok(looksLikeAppPassword("ABCD EFGH JKMN PQRS"));
    assert.ok(!looksLikeAppPassword("abcd-efgh-jkmn"));
  });
});
