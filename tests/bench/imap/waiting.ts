// 500 accounts that wait in one process: memory for each, against bare connections of the library.
import { withTempDir } from "../../kit.ts";
import type { BenchResult } from "../result.ts";
import { startProcess } from "../server.ts";
import { benchDovecot } from "./gateway.ts";

const accounts = 500;
/** Of them are there before anything is measured: what is needed once is not counted. */
const first = 50;

export async function benchGatewayWaiting(): Promise<BenchResult[]> {
  const bare = await perAccount("bare");
  const gateway = await perAccount("gateway");
  const kib = (bytes: number) => `${(bytes / 1024).toFixed(0)} KiB`;
  return [{
    name: "memory of a waiting account beyond a bare connection",
    ratio: (gateway - bare) / 1024,
    limit: 150,
    unit: "KiB",
    detail: `${kib(gateway)} - ${kib(bare)}, ${accounts} accounts`,
  }];
}

async function perAccount(kind: "bare" | "gateway"): Promise<number> {
  return await withTempDir(async (dir) => {
    const dovecot = await benchDovecot();
    const server = await startProcess(
      new URL("./process.ts", import.meta.url),
      kind,
      `${dir}/navette.db,${dovecot.port}`,
    );
    try {
      for (let n = 0; n < accounts; n++) await dovecot.addUser(`user${n}`);
      await server.order(`hold ${first}`);
      const before = (await server.order<{ rss: number }>("memory")).rss;
      await server.order(`hold ${accounts}`);
      const after = (await server.order<{ rss: number }>("memory")).rss;
      const { held } = await server.order<{ held: number }>("held");
      if (held !== accounts) throw new Error(`Cannot compare: ${held} of ${accounts} wait`);
      return (after - before) / (accounts - first);
    } finally {
      await server.end();
      await dovecot.stop();
    }
  });
}
