// A server in a process of its own: `bare` Hono, or the whole program.
//
// It obeys lines on standard input and answers each with one line of JSON: `account`, `prime N`,
// `town N` (accounts with mail), `memory` (at rest), `sample` (at work), `peak` (the most since
// the last order of this kind), `deliver N`, `end`.
import { createInterface } from "node:readline";
import { Hono } from "hono";
import { listen } from "../../core/serve/mod.ts";
import { delivery } from "../../plugins/mailbox/api.ts";
import { runTasks } from "../../core/tasks.ts";
import { silentLog } from "../../core/log.ts";
import { systemClock, task } from "../../core/mod.ts";
import { el } from "../../plugins/eas/api.ts";
import { mailboxes } from "../../plugins/mailbox/api.ts";
import { wordless } from "../../plugins/mailbox/backends/local/mod.ts";
import { type BenchApp, benchApp, keyOf, request, syncOf } from "./kit.ts";
import { fillMailbox } from "./mailbox.ts";
import { makeWords } from "./words.ts";

const [kind, file] = process.argv.slice(2);
/** Devices of one account: a family of phones would be three, a function mailbox ten. */
const devicesOfOne = 10;

type Orders = Record<string, (n: number) => unknown>;

function bare() {
  const app = new Hono();
  app.post("/*", async (c) => {
    await c.req.arrayBuffer();
    return await new Promise<Response>(() => {});
  });
  const orders: Orders = { prime: () => ({}) };
  return { fetch: (asked: Request) => app.fetch(asked), orders };
}

async function navette() {
  const app = await benchApp(file!);
  const orders: Orders = {
    prime: (devices) => prime(app, devices),
    deliver: (account) => deliver(app, account),
    account: () => addInbox(app, "ada@example.org"),
    town: (accounts) => settle(app, accounts),
  };
  return { fetch: app.fetch, orders };
}

/** Makes devices that have synced their inbox and may ping it. */
async function prime(app: BenchApp, devices: number): Promise<object> {
  const folders: string[] = [];
  for (let account = 0; account * devicesOfOne < devices; account++) {
    const address = `user${account}@example.org`;
    const { inbox } = await addInbox(app, address);
    folders.push(inbox);
    for (let device = 0; device < devicesOfOne; device++) {
      const ask = async (command: string, body: Parameters<typeof request>[1]["body"]) => {
        const asked = { account: address, device: `d${device}`, command, ...(body && { body }) };
        const answer = await app.fetch(request("http://bench.invalid", asked), {
          remote: "127.0.0.1",
        });
        return new Uint8Array(await answer.arrayBuffer());
      };
      await ask(
        "FolderSync",
        el("FolderHierarchy:FolderSync", el("FolderHierarchy:SyncKey", 0)),
      );
      const key = keyOf(await ask("Sync", syncOf("0", inbox)));
      await ask("Sync", syncOf(key, inbox));
    }
  }
  return { folders, devicesOfOne };
}

/** Messages that each account of a town begins with. */
const messagesEach = 200;

/** Accounts that have had mail for a while, and the background work of a server that serves. */
async function settle(app: BenchApp, accounts: number): Promise<object> {
  const vocabulary = makeWords(3000);
  const inboxes: string[] = [];
  for (let n = 0; n < accounts; n++) {
    const account = await app.addAccount(`user${n}@example.org`);
    const options = { vocabulary, texts: 200, newest: Date.now() };
    inboxes.push(await fillMailbox(app.storage, account.id, messagesEach, options));
  }
  runTasks(app.program.host.all(task), { clock: systemClock, log: silentLog });
  while (await wordless(app.storage) > 0) await new Promise((resolve) => setTimeout(resolve, 200));
  return { inboxes, messagesEach };
}

async function addInbox(app: BenchApp, address: string): Promise<{ inbox: string }> {
  const account = await app.addAccount(address);
  const { changes } = await app.program.host.one(mailboxes).open(account).folders(undefined);
  return { inbox: changes.find(({ folder }) => folder?.role === "inbox")!.id };
}

async function deliver(app: BenchApp, n: number): Promise<object> {
  const to = await app.program.host.one(delivery).accepts(`user${n}@example.org`);
  const mime = new TextEncoder().encode(
    `From: bob@example.net\r\nTo: user${n}@example.org\r\nSubject: Wake up\r\n\r\nNow\r\n`,
  );
  const begun = performance.timeOrigin + performance.now();
  await app.program.host.one(delivery).deliver(
    (async function* () {
      yield mime;
    })(),
    { from: "bob@example.net", to: [to!] },
    `bench-${n}-${begun}`,
  );
  return { begun };
}

/** Memory after one full collection of garbage: quick, for a server that is at work. */
function sample(): object {
  (globalThis as { gc?: () => void }).gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss, heap: heapUsed + external };
}

/** Resident memory after everything that is free was given back. */
async function memory(): Promise<object> {
  for (let i = 0; i < 5; i++) {
    (globalThis as { gc?: () => void }).gc?.();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { rss: process.memoryUsage.rss() };
}

let most = 0;
setInterval(() => {
  most = Math.max(most, process.memoryUsage.rss());
}, 5);

function peak(): object {
  const rss = most;
  most = 0;
  return { rss };
}

const { fetch, orders } = kind === "bare" ? bare() : await navette();
const listener = await listen({ hostname: "127.0.0.1", port: 0, fetch });
console.log(JSON.stringify({ port: listener.port }));
for await (const line of createInterface({ input: process.stdin })) {
  const [name = "", number = "0"] = line.split(" ");
  if (name === "end") break;
  const order = { memory, sample, peak }[name] ?? orders[name];
  console.log(JSON.stringify(await order?.(Number(number)) ?? {}));
}
process.exit(0);
