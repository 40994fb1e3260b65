// A process that writes to a storage until it is killed, and says what was acknowledged.
//   storage_writer.ts URL TOKEN run|transaction [COUNT]
// Or only says what it is known by, until it is killed.
//   storage_writer.ts URL TOKEN presence
import process from "node:process";
import { openStorage } from "../../storage/mod.ts";

const [url, token, way, count] = process.argv.slice(2);
const storage = await openStorage(url!, { token: token || undefined });
if (way === "presence") {
  process.stdout.write(`${storage.presence?.()?.name ?? "nobody"}\n`);
  await new Promise((_resolve) => setInterval(() => {}, 60_000));
}
const [row] = await storage.all<{ n: number }>("SELECT coalesce(max(id), 0) AS n FROM killed");
const first = row!.n + 1;
const insert = "INSERT INTO killed (id, half, body) VALUES (?, ?, ?)";
const body = new Uint8Array(3000).fill(7);
for (let id = first; id < first + Number(count ?? Infinity); id++) {
  if (way === "run") await storage.run(insert, [id, 1, body]);
  else {
    await storage.transaction(async (tx) => {
      await tx.run(insert, [id, 1, body]);
      await tx.run(insert, [id, 2, body]);
    });
  }
  process.stdout.write(`${id}\n`);
}
await storage.close();
