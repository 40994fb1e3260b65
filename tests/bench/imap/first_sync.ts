// A phone's first Sync of 10,000 messages through the gateway, against the library alone fetching the
// same: flags, date, size, structure, header and the text of every message, window by window.
//
// Both take turns at one real Dovecot; the first rounds of both warm up and are not counted: a server
// runs for months, and the runtime needs a few seconds to optimise either side. Each round syncs a
// new device, which has to be told everything. The gateway's side pays for all that a phone waits for
// (HTTP, login, engine, a durable commit for each answer, conversion, encoding).
import { type BenchResult, median } from "../result.ts";
import { hasMore, keyOf, syncOf } from "../kit.ts";
import { bareFlow, type Gateway, type GatewayPhone, withGateway } from "./gateway.ts";
import { fillInbox } from "./inbox.ts";
import type { User } from "../../servers/mail_server.ts";

const messages = 10_000;
const window = 100;
/** Every other round has a large garbage collection of either side: a few would tell which. */
const rounds = 5;
const warmUp = 3;

export async function benchGatewayFirstSync(): Promise<BenchResult[]> {
  return await withGateway(async (gateway) => {
    const user = await gateway.dovecot.addUser("ada");
    await fillInbox(gateway.dovecot, user, messages);
    const ratios: number[] = [];
    let detail = "";
    for (let round = -warmUp; round < rounds; round++) {
      const bare = await timed(() => fetchAll(gateway, user));
      const phone = await gateway.phone(user, `phone${round + warmUp}`);
      const sync = await timed(() => syncAll(phone));
      if (round < 0) continue;
      ratios.push(sync / bare);
      detail = `${sync.toFixed(0)} ms / ${bare.toFixed(0)} ms in the last of ${rounds} rounds`;
    }
    return [{
      name: "first sync of 10,000 messages over IMAP / the library alone",
      ratio: median(ratios),
      limit: 2,
      detail,
    }];
  });
}

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

async function fetchAll({ dovecot }: Gateway, user: User): Promise<void> {
  const client = await bareFlow(dovecot, user);
  await client.mailboxOpen("INBOX", { readOnly: true });
  const query = {
    uid: true,
    flags: true,
    internalDate: true,
    size: true,
    bodyStructure: true,
    headers: true,
    bodyParts: [{ key: "1", start: 0, maxLength: 32_768 }],
  };
  let read = 0, bytes = 0;
  for (let last = messages; last > 0; last -= window) {
    for await (const one of client.fetch(`${last - window + 1}:${last}`, query, { uid: true })) {
      read++;
      bytes += one.bodyParts?.get("1")?.length ?? 0;
    }
  }
  client.close();
  if (read !== messages || bytes < messages * 1000) {
    throw new Error(`Cannot compare: ${read} messages, ${bytes} bytes`);
  }
}

async function syncAll({ ask, inbox }: GatewayPhone): Promise<void> {
  let key = "0", requests = 0;
  for (let more = true; more; requests++) {
    const answer = await ask("Sync", syncOf(key, inbox, window));
    key = keyOf(answer);
    more = requests < 2 || hasMore(answer);
  }
  if (requests < messages / window) throw new Error(`Cannot compare: only ${requests} requests`);
}
