// What is remembered of passwords, for how long, and what is not.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Unavailable } from "../../../../../core/mod.ts";
import { deferred, fakeClock } from "../../../../../tests/kit.ts";
import { keptLog } from "../../../../../tests/kit_mailbox.ts";
import { testServer } from "../_imap_kit.ts";
import { WrongPassword } from "./connect.ts";
import { passwordChecks } from "./password_checks.ts";

const server = testServer({ host: "127.0.0.1", smtp: { security: "none" }, rememberLogin: 300 });

/** Checks at a server whose accounts all have the password `right`; it can be away, or slow. */
function scene() {
  const clock = fakeClock();
  const asked: string[] = [];
  const state = { right: "right", away: false, answer: Promise.resolve() };
  const log = keptLog();
  const checks = passwordChecks({
    clock,
    log,
    async tryLogin(_server, { address, secret }) {
      asked.push(`${address} ${secret!.reveal()}`);
      await state.answer;
      if (state.away) throw new Unavailable("Cannot reach it");
      if (secret!.reveal() !== state.right) throw new WrongPassword("Cannot log in: locked");
    },
  });
  const check = (password: string, address = "anna@example.test", at = server) =>
    checks.check({ server: at, address, secret: { reveal: () => password } });
  return { clock, asked, state, checks, check, log };
}

describe("passwordChecks()", () => {
  it("asks once for what is right, until the time is over", async () => {
    const { clock, asked, check } = scene();
    for (let i = 0; i < 3; i++) assert.equal(await check("right"), true);
    await clock.tick(299_999);
    await check("right");
    assert.equal(asked.length, 1);
    await clock.tick(1);
    await check("right");
    assert.equal(asked.length, 2);
  });

  it("asks once a minute for what is wrong", async () => {
    const { clock, asked, state, check, log } = scene();
    for (let i = 0; i < 3; i++) assert.equal(await check("new"), false);
    assert.equal(asked.length, 1);
    const told = log.lines.map(({ fields }) => fields);
    assert.deepEqual(told, [{ user: "anna@example.test", reason: "Cannot log in: locked" }]);
    state.right = "new";
    await clock.tick(60_000);
    assert.equal(await check("new"), true);
  });

  it("tells passwords, accounts and servers apart", async () => {
    const { asked, check } = scene();
    await check("right");
    assert.equal(await check("right "), false);
    await check("right", "bert@example.test");
    await check("right", "anna@example.test", { ...server, name: "other" });
    // Not to be mixed up where one is joined to the other.
    await check("trigh", "anna@example.testr");
    assert.equal(asked.length, 5);
  });

  it("asks once for questions that come together, and tells all of them", async () => {
    const { asked, state, check } = scene();
    const answer = deferred<void>();
    state.answer = answer.promise;
    const all = Promise.all([check("right"), check("right"), check("wrong")]);
    answer.resolve();
    assert.deepEqual(await all, [true, true, false]);
    assert.equal(asked.length, 2);
  });

  it("remembers no trouble", async () => {
    const { asked, state, check } = scene();
    state.away = true;
    await assert.rejects(check("right"), Unavailable);
    await assert.rejects(check("right"), Unavailable);
    state.away = false;
    assert.equal(await check("right"), true);
    assert.equal(asked.length, 3);
  });

  it("forgets an account: also what is just being asked is not remembered for it", async () => {
    const { asked, state, checks, check } = scene();
    await check("right");
    await check("right", "bert@example.test");
    checks.forget("anna@example.test");
    state.right = "new";
    assert.equal(await check("right"), false);
    assert.equal(await check("right", "bert@example.test"), true);
    const answer = deferred<void>();
    state.answer = answer.promise;
    const running = check("new");
    checks.forget("anna@example.test");
    answer.resolve();
    await running;
    await check("new");
    assert.equal(asked.filter((one) => one.endsWith("example.test new")).length, 2);
  });
});
