// The keyring: how long a password stays, and that it goes by itself.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fakeClock } from "../../../../../tests/kit.ts";
import { testAccount } from "../_imap_kit.ts";
import { makeKeyring } from "./keyring.ts";

const anna = testAccount("anna@example.test");
const bert = testAccount("bert@example.test");
const secret = (text: string) => ({ reveal: () => text });

function scene() {
  const clock = fakeClock();
  const dropped: string[] = [];
  const keyring = makeKeyring({
    clock,
    keep: 100,
    dropped: ({ address }) => dropped.push(address),
  });
  return { clock, keyring, dropped, seen: () => keyring.get(anna)?.reveal() };
}

describe("makeKeyring()", () => {
  it("gives each account what it has shown last, for a while", async () => {
    const { clock, keyring, seen } = scene();
    assert.equal(seen(), undefined);
    keyring.put(anna, secret("one"));
    keyring.put(bert, secret("another's"));
    keyring.put(anna, secret("two"));
    assert.equal(seen(), "two");
    await clock.tick(99_999);
    assert.equal(seen(), "two");
    await clock.tick(1);
    assert.equal(seen(), undefined);
  });

  it("begins anew with every login, and not with every look", async () => {
    const { clock, keyring, seen } = scene();
    keyring.put(anna, secret("one"));
    await clock.tick(60_000);
    keyring.put(anna, secret("one"));
    await clock.tick(60_000);
    assert.equal(seen(), "one");
    await clock.tick(40_000);
    assert.equal(seen(), undefined);
  });

  it("keeps what somebody holds who waits, and a while longer", async () => {
    const { clock, keyring, seen } = scene();
    keyring.put(anna, secret("one"));
    const [first, second] = [keyring.hold(anna), keyring.hold(anna)];
    await clock.tick(1_000_000);
    first();
    first();
    await clock.tick(1_000_000);
    assert.equal(seen(), "one", "released twice by one counts once");
    second();
    await clock.tick(99_999);
    assert.equal(seen(), "one");
    await clock.tick(1);
    assert.equal(seen(), undefined);
  });

  it("drops what a server refuses, also while somebody waits, and tells", async () => {
    const { keyring, dropped, seen } = scene();
    keyring.put(anna, secret("one"));
    const release = keyring.hold(anna);
    keyring.drop(anna);
    assert.equal(seen(), undefined);
    assert.deepEqual(dropped, [anna.address]);
    release();
    assert.equal(seen(), undefined);
  });

  it("forgets by itself, leaves no timer, and keeps nothing once it is closed", async () => {
    const { clock, keyring, seen } = scene();
    keyring.put(anna, secret("one"));
    await clock.tick(300_000);
    assert.equal(clock.pending, 0);
    keyring.put(anna, secret("two"));
    keyring.close();
    assert.deepEqual([clock.pending, seen()], [0, undefined]);
    keyring.put(anna, secret("three"));
    assert.equal(seen(), undefined);
  });

  it("shows no password where an entry is printed", () => {
    const { keyring } = scene();
    keyring.put(anna, secret("one"));
    assert.ok(!JSON.stringify(keyring.get(anna)).includes("one"));
  });
});
