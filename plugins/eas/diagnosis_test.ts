// What `doctor` says of Exchange ActiveSync.
import assert from "node:assert/strict";
import { test } from "node:test";
import { easApp } from "../../tests/kit_eas.ts";
import smartsync from "../smartsync/plugin.ts";
import { diagnosis } from "../../core/mod.ts";
import { problemList } from "./problems.ts";

const found = async (app: Awaited<ReturnType<typeof easApp>>) => {
  const all = await Promise.all(app.host().all(diagnosis).map((look) => look(undefined)));
  return new Map(all.flat().map(({ check, level, fix }) => [check, [level, fix]]));
};

test("doctor tells whether lost answers are given again, and that there are problems", async () => {
  const plain = await easApp();
  assert.deepEqual((await found(plain)).get("sync memory"), ["warning", "Set smartsync = true"]);
  await plain.stop();
  const app = await easApp({ plugins: [smartsync] });
  assert.deepEqual((await found(app)).get("sync memory"), ["ok", undefined]);
  assert.deepEqual((await found(app)).get("mail on devices"), ["ok", undefined]);
  await problemList(app.db, app.clock).note({
    account: app.anna.id,
    device: "PHONE1",
    kind: "unreadable",
    about: "item1",
    reason: "no text",
  });
  const warning = ["warning", "Look at `navette eas problems`"];
  assert.deepEqual((await found(app)).get("mail on devices"), warning);
  await app.clock.tick(31 * 24 * 3_600_000);
  assert.deepEqual((await found(app)).get("mail on devices"), ["ok", undefined]);
  await app.stop();
});
