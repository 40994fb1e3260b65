// The embedded store keeps what the port promises: in a SQLite file, in libSQL, and on a server.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe } from "node:test";
import type { Storage } from "../../../../core/mod.ts";
import { silentLog } from "../../../../core/log.ts";
import { dropEverything } from "../../../../storage/copy.ts";
import { connectRemote } from "../../../../storage/libsql/remote.ts";
import { openStorage } from "../../../../storage/mod.ts";
import { mailboxConformance, type MailStore } from "../../../../tests/conformance/mailbox.ts";
import { fakeClock } from "../../../../tests/kit.ts";
import { needs } from "../../../../tests/needs.ts";
import { type Sqld, sqldProgram, startSqld } from "../../../../tests/sqld.ts";
import { localBackend, migrations } from "./mod.ts";

/** The backend over storage that `open` opens, as often as another process would. */
async function storeIn(
  open: () => Promise<Storage>,
  close: () => Promise<void>,
): Promise<MailStore> {
  const clock = fakeClock();
  const storages = [await open()];
  for (const sql of migrations.flatMap(({ up }) => up)) await storages[0]!.run(sql);
  const backend = (db: Storage) => localBackend({ db, clock, log: silentLog });
  return {
    backend: backend(storages[0]!),
    clock,
    async reopen() {
      const db = await open();
      storages.push(db);
      return backend(db);
    },
    async close() {
      for (const storage of storages) await storage.close();
      await close();
    },
  };
}

async function storeInFile(): Promise<MailStore> {
  const dir = await mkdtemp(join(tmpdir(), "navette-test-"));
  return await storeIn(
    () => openStorage(join(dir, "mail.db")),
    () => rm(dir, { recursive: true, force: true }),
  );
}

mailboxConformance("local, in a SQLite file", storeInFile);

const withServer = needs("sqld", sqldProgram() !== undefined);

if (!withServer.skip) {
  describe("local, in a libSQL server", () => {
    let server: Sqld | undefined;
    before(async () => {
      server = await startSqld();
    });
    after(() => server?.stop());
    mailboxConformance("local, in a libSQL server", async () => {
      const { url } = server!;
      const remote = connectRemote(url, undefined);
      await remote.batch(await dropEverything(remote));
      remote.close();
      return await storeIn(() => openStorage(url), () => Promise.resolve());
    });
  });
}
