// A Sync that finds one change, and one that finds none: 100,000 messages against 1,000.
import { mailboxes } from "../../plugins/mailbox/api.ts";
import { withTempDir } from "../kit.ts";
import { type BenchApp, benchApp, hasMore, keyOf, request, syncOf } from "./kit.ts";
import { fillMailbox } from "./mailbox.ts";
import { type BenchResult, median } from "./result.ts";

const rounds = 200;
const warmUp = 50;

export async function benchOneChange(): Promise<BenchResult[]> {
  return await withTempDir(async (dir) => {
    const small = await openPhone(`${dir}/small.db`, 1_000);
    const large = await openPhone(`${dir}/large.db`, 100_000);
    const changed = await compare(small, large, true);
    const unchanged = await compare(small, large, false);
    await small.app.stop();
    await large.app.stop();
    return [
      row("Sync that finds one change: 100,000 / 1,000 messages", changed),
      row("Sync without change: 100,000 / 1,000 messages", unchanged),
    ];
  });
}

function row(name: string, { small, large }: Times): BenchResult {
  const detail = `${large.toFixed(2)} ms / ${small.toFixed(2)} ms, medians of ${rounds}`;
  return { name, ratio: large / small, limit: 1.3, detail };
}

interface Times {
  readonly small: number;
  readonly large: number;
}

/** Both in turn, so that what else the machine does hits both alike. */
async function compare(small: Phone, large: Phone, change: boolean): Promise<Times> {
  const times = { small: [] as number[], large: [] as number[] };
  for (let round = -warmUp; round < rounds; round++) {
    for (const [name, phone] of [["small", small], ["large", large]] as const) {
      if (change) await phone.deliver(round);
      const begun = performance.now();
      const found = await phone.sync();
      if (found !== change) {
        throw new Error(`Cannot compare: a Sync found ${found ? "a" : "no"} change`);
      }
      if (round >= 0) times[name].push(performance.now() - begun);
      if (change) await phone.confirm();
    }
  }
  return { small: median(times.small), large: median(times.large) };
}

/** A phone that has everything there is. */
interface Phone {
  readonly app: BenchApp;
  deliver(n: number): Promise<void>;
  /** Whether the answer brought something. */
  sync(): Promise<boolean>;
  /** Shows the new key, as the next Sync of a real device does; not measured. */
  confirm(): Promise<void>;
}

async function openPhone(file: string, messages: number): Promise<Phone> {
  const app = await benchApp(file);
  const account = await app.addAccount("ada@example.org");
  const folder = await fillMailbox(app.storage, account.id, messages);
  const mailbox = app.program.host.one(mailboxes).open(account);
  let key = "0";
  const sync = async (window: number) => {
    const asked = {
      account: account.address,
      device: "phone",
      command: "Sync",
      body: syncOf(key, folder, window),
    };
    const response = await app.fetch(request("http://bench.invalid", asked), {
      remote: "127.0.0.1",
    });
    const answer = new Uint8Array(await response.arrayBuffer());
    if (response.status !== 200) throw new Error(`Cannot sync: HTTP ${response.status}`);
    if (answer.length > 0) key = keyOf(answer);
    return answer;
  };
  await sync(512); // primes
  while (hasMore(await sync(512)));
  await sync(512);
  return {
    app,
    async deliver(n) {
      const mime = new TextEncoder().encode(
        `From: bob@example.net\r\nTo: ada@example.org\r\nSubject: News ${n}\r\n\r\nHello ${n}\r\n`,
      );
      await mailbox.create(folder, { mime }, `bench-${n}`);
    },
    sync: async () => (await sync(100)).length > 0,
    async confirm() {
      await sync(100);
    },
  };
}
