// Tests of what happens to tests whose needs the machine does not meet.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { withTempDir } from "./kit.ts";
import { absentFile, needs } from "./needs.ts";

test("what is present is tested, in CI and elsewhere", () => {
  for (const CI of ["true", undefined]) {
    assert.deepEqual(needs("x", true, { env: { CI } }), { skip: false });
  }
});

test("what is absent is skipped with its name, which the run's last line repeats", () =>
  withTempDir((dir) => {
    const env = { [absentFile]: join(dir, "absent") };
    assert.deepEqual(needs("dovecot", false, { env }), { skip: "needs dovecot" });
    assert.deepEqual(needs("radicale", false, { env }), { skip: "needs radicale" });
    assert.equal(readFileSync(join(dir, "absent"), "utf8"), "dovecot\nradicale\n");
    return Promise.resolve();
  }));

test("what is absent in CI is a failure, unless nobody can be asked to have it", () => {
  const env = { CI: "true" };
  assert.throws(() => needs("dovecot", false, { env }), /without dovecot/);
  assert.deepEqual(needs("a phone", false, { env, optional: true }), { skip: "needs a phone" });
});
