// What every lasting storage does for several processes, and for a killed one.
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { openStorage } from "../../storage/mod.ts";
import { runScript } from "../child.ts";
import type { StorageTest } from "./storage.ts";

const writer = fileURLToPath(new URL("./storage_writer.ts", import.meta.url));
const table = "CREATE TABLE killed (id INTEGER, half INTEGER, body BLOB, PRIMARY KEY (id, half))";

/** Tests with child processes. */
export const processes: readonly StorageTest[] = [
  [
    "a killed process loses nothing that was acknowledged and leaves nothing half",
    async (storage, { url, token }) => {
      await storage.run(table);
      for (let round = 0; round < 4; round++) {
        const way = round % 2 ? "run" : "transaction";
        const child = runScript(writer, [url, token ?? "", way]);
        await child.saw(new RegExp(`^(\\d+\n){${15 + round * 7}}`));
        child.kill("SIGKILL");
        assert.equal(await child.ended, "SIGKILL");
        const acknowledged = Number(child.stdout.trim().split("\n").at(-1));
        const again = await openStorage(url, { token });
        try {
          assert.deepEqual(await again.all("PRAGMA integrity_check"), [{ integrity_check: "ok" }]);
          const [row] = await again.all<{ n: number; halves: number }>(
            `SELECT max(id) AS n, (SELECT count(*) FROM killed WHERE id = ?1) AS halves FROM killed`,
            [acknowledged],
          );
          assert.ok(row!.n >= acknowledged, `${row!.n} < ${acknowledged}`);
          assert.equal(row!.halves, way === "run" ? 1 : 2);
          const [last] = await again.all<{ n: number }>(
            "SELECT count(*) AS n FROM killed WHERE id = (SELECT max(id) FROM killed)",
          );
          assert.equal(last!.n, way === "run" ? 1 : 2);
        } finally {
          await again.close();
        }
      }
    },
  ],

  [
    "several processes write at once: each waits for the others, none fails",
    async (storage, { url, token }) => {
      await storage.run(table.replace("PRIMARY KEY (id, half)", "x INTEGER"));
      await storage.run("CREATE TABLE own (v INTEGER)");
      const children = ["run", "transaction"].map((way) =>
        runScript(writer, [url, token ?? "", way, "60"])
      );
      for (let v = 0; v < 60; v++) {
        await storage.transaction(async (tx) => {
          const [row] = await tx.all<{ n: number }>("SELECT count(*) AS n FROM own");
          await tx.run("INSERT INTO own VALUES (?)", [row!.n]);
        });
      }
      for (const child of children) assert.equal(await child.ended, 0, child.stderr);
      const [counts] = await storage.all(
        "SELECT (SELECT count(*) FROM killed) AS theirs, (SELECT max(v) FROM own) AS ours",
      );
      assert.deepEqual(counts, { theirs: 60 + 120, ours: 59 });
    },
  ],

  [
    "the end of another process is known at once and for certain, or nothing is told of it",
    async (storage, { url, token }) => {
      const presence = storage.presence?.();
      const child = runScript(writer, [url, token ?? "", "presence"]);
      const [, name] = await child.saw(/^(.+)\n/);
      if (!presence) {
        assert.equal(name, "nobody");
        child.kill("SIGKILL");
        await child.ended;
        return;
      }
      assert.notEqual(name, presence.name);
      assert.equal(presence.hasEnded(name!), false, "it is there");
      assert.equal(presence.hasEnded(name!), false, "asking does it no harm");
      assert.equal(presence.hasEnded(presence.name), false);
      const beside = await openStorage(url, { token });
      const other = beside.presence!()!;
      assert.equal(other.hasEnded(presence.name), false, "another one of this process");
      assert.equal(presence.hasEnded(other.name), false);
      child.kill("SIGSTOP");
      assert.equal(presence.hasEnded(name!), false, "it is asleep");
      child.kill("SIGKILL");
      assert.equal(await child.ended, "SIGKILL");
      assert.equal(presence.hasEnded(name!), true);
      assert.equal(other.hasEnded(name!), true, "whoever asks");
      await beside.close();
      assert.equal(presence.hasEnded(other.name), false, "it left nothing that could tell");
      for (const nobody of ["", "x", "../x", crypto.randomUUID()]) {
        assert.equal(presence.hasEnded(nobody), false);
      }
    },
  ],
];
