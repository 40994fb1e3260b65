// Tests of how often a server is asked.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Pace } from "./pace.ts";

test("few are quick, more are slower together, and many do not ask at all", () => {
  const pace = new Pace(100);
  const leaves = Array.from({ length: 10 }, () => pace.join());
  assert.equal(pace.ms, 200);
  for (let n = 0; n < 30; n++) leaves.push(pace.join());
  assert.equal(pace.ms, 400, "a hundred times a second, all together");
  for (let n = 0; n < 10; n++) leaves.push(pace.join());
  assert.equal(pace.ms, undefined);
  for (const leave of leaves.slice(5)) {
    leave();
    leave();
  }
  assert.equal(pace.ms, 200);
});

test("who is to ask nothing never asks, and who is to ask more asks for more", () => {
  const [none, more] = [new Pace(0), new Pace(1000)];
  assert.equal(none.ms, undefined);
  for (const pace of [none, more]) for (let n = 0; n < 300; n++) pace.join();
  assert.equal(none.ms, undefined);
  assert.equal(more.ms, 300);
});
