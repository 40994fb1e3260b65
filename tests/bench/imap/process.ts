// A process that waits at a Dovecot for many accounts: as `gateway` for their phones, or with `bare`
// connections of the library. Orders on standard input: `hold N`, `held`, `memory`, `end`.
import { createInterface } from "node:readline";
import type { ImapFlow } from "imapflow";
import { runTasks } from "../../../core/tasks.ts";
import { silentLog } from "../../../core/log.ts";
import { systemClock, task } from "../../../core/mod.ts";
import { el } from "../../../plugins/eas/api.ts";
import type { Dovecot } from "../../servers/dovecot.ts";
import { benchApp, keyOf, request, syncOf } from "../kit.ts";
import { bareFlow, gatewayConfig } from "./gateway.ts";
import { documentOf, folderIds } from "./phone.ts";

const [kind, place] = process.argv.slice(2);
const [file, port] = place!.split(",");
const dovecot = { host: "127.0.0.1", port: Number(port) } as Dovecot;
const userOf = (n: number) => {
  const address = `user${n}@example.test`;
  return { address, password: `secret of ${address}` };
};

/** Makes account number `n` wait; `ended` is called when it does not any more. */
type Hold = (n: number, ended: () => void) => Promise<void>;

async function bare(): Promise<Hold> {
  const flows: ImapFlow[] = [];
  return await Promise.resolve(async (n, ended) => {
    const flow = await bareFlow(dovecot, userOf(n));
    await flow.mailboxOpen("INBOX");
    flow.on("close", ended);
    void flow.idle();
    flows.push(flow);
  });
}

async function gateway(): Promise<Hold> {
  const app = await benchApp(file!, gatewayConfig(dovecot));
  runTasks(app.program.host.all(task), { clock: systemClock, log: silentLog });
  return async (n, ended) => {
    const { address: account, password } = userOf(n);
    const ask = async (command: string, body: ReturnType<typeof syncOf>) => {
      const asked = { account, password, device: "phone", command, body };
      const answer = await app.fetch(request("http://bench.invalid", asked), {
        remote: "127.0.0.1",
      });
      return new Uint8Array(await answer.arrayBuffer());
    };
    const { inbox } = await folderIds(async (body) => documentOf(await ask("FolderSync", body)));
    const key = keyOf(await ask("Sync", syncOf("0", inbox)));
    await ask("Sync", syncOf(key, inbox));
    const ping = el(
      "Ping:Ping",
      el("Ping:HeartbeatInterval", 3000),
      el("Ping:Folders", el("Ping:Folder", el("Ping:Id", inbox), el("Ping:Class", "Email"))),
    );
    void ask("Ping", ping).then(ended, ended);
  };
}

const hold = kind === "bare" ? await bare() : await gateway();
let held = 0;
let made = 0;
console.log(JSON.stringify({ port: 0 }));
for await (const line of createInterface({ input: process.stdin })) {
  const [name = "", number = "0"] = line.split(" ");
  if (name === "end") break;
  if (name === "hold") {
    for (; made < Number(number); made++) {
      await hold(made, () => held--);
      held++;
    }
    console.log("{}");
  }
  if (name === "held") console.log(JSON.stringify({ held }));
  if (name === "memory") {
    // Until what only served the requests before is closed and given back.
    await new Promise((resolve) => setTimeout(resolve, 65_000));
    for (let i = 0; i < 5; i++) {
      (globalThis as { gc?: () => void }).gc?.();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    console.log(JSON.stringify({ rss: process.memoryUsage.rss() }));
  }
}
process.exit(0);
