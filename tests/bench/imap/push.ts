// From the delivery of a message by LMTP to the answer of the Ping that waits for it.
//
// The clock runs from the moment at which the message is handed to Dovecot's LMTP server, so its own
// work is in the figure, until the Ping's answer is there. Twenty accounts wait meanwhile.
//
// Dovecot waits for half a second before it tells of a change, in IDLE and with NOTIFY alike; where
// it hibernates (`imap_hibernate_timeout`) it tells at once. Both are measured, the latter with
// `push = "idle"`, and beside each a bare connection of the library in IDLE.
import { el } from "../../../plugins/eas/api.ts";
import { type BenchResult, quantile } from "../result.ts";
import { keyOf, syncOf } from "../kit.ts";
import { bareFlow, type Gateway, type GatewayPhone, withGateway } from "./gateway.ts";
import { fillInbox } from "./inbox.ts";

const accounts = 20;
const rounds = 60;
const warmUp = 10;

export async function benchGatewayPush(): Promise<BenchResult[]> {
  const plain = await withGateway(measure);
  const hibernating = await withGateway(measure, { hibernate: true });
  const result = (title: string, { gateway, bare }: Measured): BenchResult => ({
    name: `delivery by LMTP to the Ping's answer, ${title}, p95`,
    ratio: quantile(gateway, 0.95),
    limit: 300,
    unit: "ms",
    detail: `p50 ${quantile(gateway, 0.5).toFixed(0)} ms, a bare IDLE ${
      quantile(bare, 0.5).toFixed(0)
    } ms; ${rounds} of ${accounts} who wait`,
  });
  return [result("Dovecot as it comes", plain), result("Dovecot hibernating", hibernating)];
}

interface Measured {
  readonly gateway: number[];
  readonly bare: number[];
}

async function measure(gateway: Gateway): Promise<Measured> {
  return { gateway: await throughGateway(gateway), bare: await bareWaits(gateway) };
}

/** The library alone in IDLE, until it hears of the message. */
async function bareWaits({ dovecot }: Gateway): Promise<number[]> {
  const user = await dovecot.addUser("bare");
  const flow = await bareFlow(dovecot, user);
  await flow.mailboxOpen("INBOX");
  void flow.idle();
  const times: number[] = [];
  for (let round = -3; round < 20; round++) {
    // Long enough that it hibernates, and that its half second is over.
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const start = performance.now();
    const heard = new Promise<number>((resolve) =>
      flow.once("exists", () => resolve(performance.now()))
    );
    await dovecot.deliver(user, `Subject: Wake ${round}\r\n\r\nNow.\r\n`);
    const time = await heard - start;
    if (round >= 0) times.push(time);
  }
  flow.close();
  return times;
}

async function throughGateway({ dovecot, phone }: Gateway): Promise<number[]> {
  const waiting = [];
  for (let n = 0; n < accounts; n++) {
    const user = await dovecot.addUser(`user${n}`);
    await fillInbox(dovecot, user, 20);
    waiting.push(await waiter(user, await phone(user, "phone")));
  }
  const times: number[] = [];
  for (let round = -warmUp; round < rounds; round++) {
    const one = waiting[(round + warmUp) % accounts]!;
    const start = performance.now();
    const answered = one.answer.then(() => performance.now());
    await dovecot.deliver(one.user, `Subject: Wake ${round}\r\n\r\nNow.\r\n`);
    const time = await answered - start;
    if (round >= 0) times.push(time);
    await one.again();
    // Its turn comes again after two seconds: by then it sleeps, where the server lets it.
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return times;
}

async function waiter(user: { address: string; password: string }, { ask, inbox }: GatewayPhone) {
  let key = "0";
  const sync = async () => {
    for (let before = ""; before !== key;) {
      before = key;
      const answer = await ask("Sync", syncOf(key, inbox, 512));
      if (answer.length > 0) key = keyOf(answer);
    }
  };
  const ping = () =>
    ask(
      "Ping",
      el(
        "Ping:Ping",
        el("Ping:HeartbeatInterval", 3000),
        el("Ping:Folders", el("Ping:Folder", el("Ping:Id", inbox), el("Ping:Class", "Email"))),
      ),
    );
  await sync();
  const wait = () => {
    const answer = ping();
    answer.catch(() => {}); // those that wait at the end are never answered
    return answer;
  };
  const one = {
    user,
    answer: wait(),
    /** By the time that its turn comes again, it has long been waiting. */
    async again() {
      await sync();
      one.answer = wait();
    },
  };
  return one;
}
