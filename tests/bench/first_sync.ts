// A phone's first Sync of 10,000 messages, all requests, against reading the same rows and bodies.
//
// Both sides read the same rows and texts, through the same storage, in pages of the same window,
// and take turns on one database file; a first round of both warms up and is not counted. The file
// is larger than SQLite's page cache on either side. Each round syncs a new device, which has to be
// told everything. The Sync side pays for all that a phone waits for: making the request, login, the
// engine, a durable commit for each answer (fsync: on a busy disk most of the time goes there), the
// encoding, and taking the bytes. What a phone makes of them is not counted: its SyncKey and
// MoreAvailable are found in the bytes.
import { withTempDir } from "../kit.ts";
import { type BenchApp, benchApp, hasMore, keyOf, request, syncOf } from "./kit.ts";
import { fillMailbox } from "./mailbox.ts";
import { type BenchResult, median } from "./result.ts";

const messages = 10_000;
const window = 100;
const rounds = 5;

export async function benchFirstSync(): Promise<BenchResult[]> {
  return await withTempDir(async (dir) => {
    const app = await benchApp(`${dir}/navette.db`);
    const account = await app.addAccount("ada@example.org");
    const folder = await fillMailbox(app.storage, account.id, messages, { textBytes: 5_000 });
    const ratios: number[] = [];
    let detail = "";
    for (let round = -1; round < rounds; round++) { // the first one warms up
      const read = await timed(() => readAll(app, folder));
      const sync = await timed(() => syncAll(app, folder, `phone${round + 1}`));
      if (round < 0) continue;
      ratios.push(sync / read);
      detail = `${sync.toFixed(0)} ms / ${read.toFixed(0)} ms in the last of ${rounds} rounds`;
    }
    await app.stop();
    return [{
      name: "first sync of 10,000 messages / bare reads",
      ratio: median(ratios),
      limit: 4,
      detail,
    }];
  });
}

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** The rows and texts that the answers are made of, page by page, by key ranges. */
async function readAll({ storage }: BenchApp, folder: string): Promise<void> {
  let [date, id, read] = [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, 0];
  for (;;) {
    const rows = await storage.all<{ id: number; date: number }>(
      `SELECT item.*, message.facts, message.text_size, message.html_size, message.text, message.html
         FROM mailbox_item AS item JOIN mailbox_message AS message ON message.id = item.message
        WHERE item.folder = ? AND (item.date, item.id) < (?, ?)
        ORDER BY item.date DESC, item.id DESC LIMIT ?`,
      [Number(folder), date, id, window],
    );
    read += rows.length;
    const last = rows.at(-1);
    if (!last) break;
    [date, id] = [last.date, last.id];
  }
  if (read !== messages) throw new Error(`Cannot compare: ${read} rows instead of ${messages}`);
}

async function syncAll(app: BenchApp, folder: string, device: string): Promise<void> {
  const ask = async (key: string) => {
    const asked = {
      account: "ada@example.org",
      device,
      command: "Sync",
      body: syncOf(key, folder, window),
    };
    const response = await app.fetch(request("http://bench.invalid", asked), {
      remote: "127.0.0.1",
    });
    if (response.status !== 200) throw new Error(`Cannot sync: HTTP ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  };
  let key = "0", requests = 0;
  for (let more = true; more; requests++) {
    const answer = await ask(key);
    key = keyOf(answer);
    more = requests < 2 || hasMore(answer);
  }
  if (requests < messages / window) throw new Error(`Cannot compare: only ${requests} requests`);
}
