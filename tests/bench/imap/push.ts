// From the delivery of a message by LMTP to the answer of the Ping that waits for it.
//
// The clock runs from the moment at which the message is handed to Dovecot's LMTP server, so its own
// work is in the figure, until the Ping's answer is there. Twenty accounts wait meanwhile.
import { el } from "../../../plugins/eas/api.ts";
import { type BenchResult, quantile } from "../result.ts";
import { keyOf, syncOf } from "../kit.ts";
import { type GatewayPhone, withGateway } from "./gateway.ts";
import { fillInbox } from "./inbox.ts";

const accounts = 20;
const rounds = 100;
const warmUp = 10;

export async function benchGatewayPush(): Promise<BenchResult[]> {
  return await withGateway(async ({ dovecot, phone }) => {
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
    }
    return [{
      name: "delivery by LMTP to the answer of the Ping, p95",
      ratio: quantile(times, 0.95),
      limit: 300,
      unit: "ms",
      detail: `p50 ${quantile(times, 0.5).toFixed(1)} ms, ${rounds} of ${accounts} who wait`,
    }];
  });
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
