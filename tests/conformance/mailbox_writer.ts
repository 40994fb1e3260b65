// A process that puts messages into the embedded store until it is killed, and says what was acknowledged.
//   mailbox_writer.ts FILE ROUND
import { Buffer } from "node:buffer";
import process from "node:process";
import { silentLog } from "../../core/log.ts";
import { systemClock } from "../../core/mod.ts";
import { localBackend } from "../../plugins/mailbox/backends/local/mod.ts";
import { openStorage } from "../../storage/mod.ts";
import { account, allFolders, inPieces, message } from "./mailbox_kit.ts";

const [file, round] = process.argv.slice(2);
const db = await openStorage(file!);
const backend = localBackend({ db, clock: systemClock, log: silentLog });
const box = backend.open(account(1));
const inbox = (await allFolders(box)).find(({ role }) => role === "inbox")!.id;

for (let n = 0;; n++) {
  const token = `${round}-${n}`;
  // Every third message is so large that it arrives in several transactions.
  const body = Buffer.alloc(n % 3 ? 100 : 900_000, `line ${token}\r\n`);
  const mime = Buffer.concat([message(token), body]);
  if (n % 2) await box.create(inbox, { mime: inPieces(mime, [65_536]) }, token);
  else await backend.deliver(inPieces(mime, [65_536]), [account(1), account(2)], token);
  process.stdout.write(`${token}\n`);
}
