// libSQL: the suite of every storage against a real server, and what only a server can do.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { StorageError } from "../../core/mod.ts";
import { storageConformance } from "../../tests/conformance/storage.ts";
import { withTempDir } from "../../tests/kit.ts";
import { needs } from "../../tests/needs.ts";
import { type Sqld, sqldProgram, startSqld } from "../../tests/sqld.ts";
import { dropEverything } from "../copy.ts";
import { openLibsql } from "./mod.ts";
import { connectRemote } from "./remote.ts";

const withServer = needs("sqld", sqldProgram() !== undefined);

storageConformance("libsql file:", {
  withPlace: (work) => withTempDir((dir) => work({ url: `file:${join(dir, "test.db")}` })),
  lasting: true,
});
if (!withServer.skip) {
  for (const jwt of [false, true]) conformWith(jwt);
}

function conformWith(jwt: boolean): void {
  let server: Sqld | undefined;
  storageConformance(`libsql server ${jwt ? "with" : "without"} token`, {
    async start() {
      server = await startSqld({ jwt });
    },
    async stop() {
      await server?.stop();
    },
    async withPlace(work) {
      const { url, token } = server!;
      const remote = connectRemote(url, token);
      await remote.batch(await dropEverything(remote));
      remote.close();
      await work({ url, token });
    },
    lasting: true,
  });
}

async function withSqld(jwt: boolean, work: (server: Sqld) => Promise<void>): Promise<void> {
  const server = await startSqld({ jwt });
  try {
    await work(server);
  } finally {
    await server.stop();
  }
}

test(
  "a token that is missing, forged or given in the address",
  withServer,
  () =>
    withSqld(true, async ({ url, token, forged }) => {
      await assert.rejects(
        openLibsql(url),
        /^StorageError: Cannot use .*: the server wants a token$/,
      );
      await assert.rejects(openLibsql(url, { token: forged }), (error) => {
        assert.match(String(error), /the server does not accept the token/);
        assert.ok(!String(error).includes(forged));
        return true;
      });
      const storage = await openLibsql(`${url}/?authToken=${token}`);
      assert.equal(storage.location, url);
      assert.deepEqual(await storage.all("SELECT 1 AS one"), [{ one: 1 }]);
      await storage.close();
    }),
);

test(
  "a server that is down is told as unreachable, and one that comes back is used",
  withServer,
  () =>
    withSqld(false, async (server) => {
      const storage = await openLibsql(server.url, { patienceMs: 100 });
      await storage.run("CREATE TABLE t (v)");
      await server.kill();
      const unreachable = (error: unknown) =>
        error instanceof StorageError && error.kind === "unreachable" &&
        error.message.includes(server.url);
      await assert.rejects(storage.all("SELECT 1"), unreachable);
      await assert.rejects(storage.run("INSERT INTO t VALUES (1)"), unreachable);
      await assert.rejects(storage.transaction(() => Promise.resolve()), unreachable);
      await server.start();
      await storage.run("INSERT INTO t VALUES (2)");
      assert.deepEqual(await storage.all("SELECT v FROM t"), [{ v: 2 }]);
      await storage.close();
    }),
);

test(
  "a request that waits for the server to start goes through",
  withServer,
  () =>
    withSqld(false, async (server) => {
      const storage = await openLibsql(server.url);
      await server.kill();
      const write = storage.run("CREATE TABLE t (v)");
      await server.start();
      await write;
      assert.deepEqual(await storage.all("SELECT * FROM t"), []);
      await storage.close();
    }),
);

test(
  "a server that dies in a transaction leaves nothing of it",
  withServer,
  () =>
    withSqld(false, async (server) => {
      const storage = await openLibsql(server.url, { patienceMs: 100 });
      await storage.run("CREATE TABLE t (v)");
      const dying = storage.transaction(async (tx) => {
        await tx.run("INSERT INTO t VALUES (1)");
        await server.kill();
        await tx.run("INSERT INTO t VALUES (2)").catch(() => {});
      });
      await assert.rejects(dying, StorageError);
      await server.start();
      assert.deepEqual(await storage.all("SELECT * FROM t"), []);
      await storage.run("INSERT INTO t VALUES (3)");
      await storage.close();
    }),
);

test(
  "a killed server keeps what it acknowledged",
  withServer,
  () =>
    withSqld(false, async (server) => {
      const storage = await openLibsql(server.url, { patienceMs: 0 });
      await storage.run("CREATE TABLE t (v INTEGER)");
      let acknowledged = 0;
      const writing = (async () => {
        for (;;) {
          await storage.run("INSERT INTO t VALUES (?)", [acknowledged + 1]);
          acknowledged++;
        }
      })().catch((error) => error);
      while (acknowledged < 30) await new Promise((resolve) => setImmediate(resolve));
      await server.kill();
      assert.ok(await writing instanceof StorageError);
      await server.start();
      const [row] = await storage.all<{ v: number }>("SELECT max(v) AS v FROM t");
      assert.ok(row!.v >= acknowledged && row!.v <= acknowledged + 1);
      await storage.close();
    }),
);

test(
  "an answer larger than the server allows is told",
  withServer,
  () =>
    withSqld(false, async ({ url }) => {
      const storage = await openLibsql(url);
      await storage.run("CREATE TABLE t (v)");
      for (let row = 0; row < 5; row++) {
        await storage.run("INSERT INTO t VALUES (zeroblob(3000000))");
      }
      await assert.rejects(storage.all("SELECT v FROM t"), /larger than the server allows/);
      await storage.close();
    }),
);

test("an address that names no server or no known scheme is refused", async () => {
  await assert.rejects(openLibsql("ftp://example.test/x"), /"ftp:"/);
  await assert.rejects(openLibsql("http://"), /is not a URL/);
});
