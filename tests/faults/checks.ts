// What must hold where everything has come to rest.
import type { Item, Mailbox } from "../../plugins/mailbox/api.ts";
import type { Collection } from "../../plugins/eas/client/mod.ts";
import type { Device } from "./device.ts";
import { toldOf } from "./ledger.ts";
import { foldersOf, stubbed } from "./mail.ts";
import type { Machine } from "./machine.ts";

const hour = 3_600_000, day = 24 * hour;

/** Each device has exactly what its filter says, and the server knows that it has. */
export async function compareDevices(
  server: Machine,
  devices: readonly Device[],
): Promise<string[]> {
  const wrong: string[] = [];
  for (const device of devices) {
    const { phone, name } = device;
    if (phone.resets > 0 && !device.startsOver) wrong.push(`${name} had to start over`);
    const mailbox = server.mailbox(device.account);
    wrong.push(
      ...differences(await wantedFolders(mailbox), hasFolders(device))
        .map((text) => `${name}, the folders: ${text}`),
    );
    for (const { id } of device.folders()) {
      const collection = phone.collection(id);
      const place = `${name}, folder ${id}`;
      wrong.push(
        ...anomaliesOf(collection).map((text) => `${place}: ${text}`),
        ...differences(await wanted(server, device, collection), has(device, collection))
          .map((text) => `${place}: ${text}`),
        ...await remembered(server, device, collection).then((texts) =>
          texts.map((text) => `${place}: ${text}`)
        ),
      );
    }
  }
  wrong.push(...await consistent(server));
  return wrong;
}

/** One line for each folder that the device should show. */
async function wantedFolders(mailbox: Mailbox): Promise<string[]> {
  return (await foldersOf(mailbox)).map(({ id, name, parent = "0" }) => lineOf([id, parent, name]));
}

function hasFolders({ phone }: Device): string[] {
  return phone.mailFolders().map(({ id, parent, name }) => lineOf([id, parent, name]));
}

/** A Delete of what a lost answer had told is harmless; doubles and gaps are not. */
function anomaliesOf({ anomalies }: Collection): string[] {
  return anomalies.filter((text) => !text.startsWith("Delete"));
}

/** One line for each item that the device should have. */
async function wanted(
  server: Machine,
  device: Device,
  collection: Collection,
): Promise<string[]> {
  const { days, account, name } = device;
  const mailbox = server.mailbox(account);
  const since = days === 0 ? 0 : Math.floor((server.now() - days * day) / hour) * hour;
  const { items: all } = await mailbox.list(collection.id, {}, 100_000);
  const recent = all.filter(({ date }) => date >= since);
  const alive = new Set(device.setup.whole ? recent.map(({ thread }) => thread) : []);
  alive.delete(undefined);
  const items = all.filter(({ date, thread }) => date >= since || alive.has(thread));
  // What it did not get on with it may have as a stub, and then the administrator knows.
  const problems = await server.db.all<{ about: string }>(
    "SELECT about FROM eas_problem WHERE account = ? AND device = ? AND kind = 'indigestible'",
    [account.id, name],
  );
  const listed = new Set(problems.map(({ about }) => about));
  const lines: string[] = [];
  for await (const item of mailbox.read(items.map(({ id }) => id), { text: 5000 })) {
    const stub = listed.has(item.id) && device.subjectOf(collection, item.id) === stubbed;
    lines.push(wantedLine(device, item, stub));
  }
  return lines;
}

function wantedLine(device: Device, { id, state, mail }: Item, stub: boolean): string {
  const { read, flag, words } = toldOf(state.marks);
  if (isDraft(mail?.subject) && !stub) return lineOf([id, mail?.subject]);
  // What only its conversation brought came without its text.
  const untold = stub || device.setup.whole;
  const text = untold ? "" : mail?.text?.content.slice(0, device.textSize) ?? "";
  const date = new Date(state.date).toISOString();
  return lineOf([
    id,
    stub ? stubbed : mail?.subject,
    date,
    read,
    device.knowsFlags ? flag : "",
    device.knowsWords ? words : "",
    text,
  ]);
}

/** The same of what it has. */
function has(device: Device, { items }: Collection): string[] {
  return [...items.values()].map(({ id, fields }) => {
    const text = (tag: Parameters<typeof fields.get>[0]) => fields.get(tag)?.text ?? "";
    if (isDraft(text("Email:Subject"))) return lineOf([id, text("Email:Subject")]);
    const status = fields.get("Email:Flag")?.textOf("Email:Status");
    const flag = status === "2" ? "active" : status === "1" ? "complete" : "";
    const names = fields.get("Email:Categories")?.children.map(({ text }) => text) ?? [];
    const data = fields.get("AirSyncBase:Body")?.textOf("AirSyncBase:Data") ?? text("Email:Body");
    const untold = text("Email:Subject") === stubbed || device.setup.whole;
    const body = untold ? "" : data;
    const words = device.knowsWords ? [...names].sort().join() : "";
    const date = new Date(text("Email:DateReceived")).toISOString();
    return lineOf([id, text("Email:Subject"), date, text("Email:Read"), flag, words, body]);
  });
}

/** What a device writes itself it has in its own words, and not all that the server adds. */
const isDraft = (subject: string | undefined) => subject?.startsWith("draft-");

const lineOf = (parts: readonly (string | undefined)[]) =>
  parts.map((part) => (part ?? "").replace(/\s+/g, " ").trim()).join(" | ");

function differences(wanted: readonly string[], has: readonly string[]): string[] {
  const [want, got] = [new Set(wanted), new Set(has)];
  return [
    ...wanted.filter((line) => !got.has(line)).map((line) => `lacks ${short(line)}`),
    ...has.filter((line) => !want.has(line)).map((line) => `has ${short(line)}`),
  ];
}

const short = (line: string) => line.length > 120 ? `${line.slice(0, 120)}…` : line;

/** What the engine believes that the device has. */
async function remembered(
  server: Machine,
  device: Device,
  collection: Collection,
): Promise<string[]> {
  const ref = { account: device.account.id, device: device.name };
  const look = (await server.state.look(ref, [collection.id])).get(collection.id);
  if (!look) return ["is not remembered"];
  const held = await look.heldBefore(Number.MAX_SAFE_INTEGER, 100_000);
  const [know, got] = [new Set(held.map(({ item }) => item)), new Set(collection.items.keys())];
  return [
    ...(look.keys.includes(collection.key) ? [] : [`its key ${collection.key} is not known`]),
    ...[...know].filter((id) => !got.has(id)).map((id) => `is believed to have ${id}`),
    ...[...got].filter((id) => !know.has(id)).map((id) => `is not believed to have ${id}`),
  ];
}

/** Rows that must be none: what nobody will ever clean up. */
const remains: Readonly<Record<string, string>> = {
  // A request with key 0 that comes late makes one more, until the device goes on.
  "copies of a device's folder beside the one in use":
    `SELECT count(*) AS n FROM (SELECT 1 FROM smartsync_copy WHERE key <> '0'
       GROUP BY account, device, collection HAVING count(*) > 1)`,
  "items of copies that ended": `SELECT count(*) AS n FROM smartsync_item i
     WHERE copy NOT IN (SELECT id FROM smartsync_copy)
       AND copy NOT IN (SELECT copy FROM smartsync_dead)`,
  "journals of copies that ended": `SELECT count(*) AS n FROM smartsync_journal
     WHERE copy NOT IN (SELECT id FROM smartsync_copy)
       AND copy NOT IN (SELECT copy FROM smartsync_dead)`,
  "folders that count wrong": `SELECT count(*) AS n FROM mailbox_folder f
     WHERE items <> (SELECT count(*) FROM mailbox_item i WHERE i.folder = f.id)`,
  "letters that wait": "SELECT count(*) AS n FROM mailbox_outgoing WHERE due IS NOT NULL",
  "violated foreign keys": "SELECT count(*) AS n FROM pragma_foreign_key_check",
};

async function consistent({ db }: Machine): Promise<string[]> {
  const wrong: string[] = [];
  for (const [what, sql] of Object.entries(remains)) {
    const [row] = await db.all<{ n: number }>(sql);
    if (row!.n > 0) wrong.push(`the server keeps ${row!.n} ${what}`);
  }
  return wrong;
}

/** A Ping where all is told waits its time, and ends with the first mail. */
export async function pingsRest(server: Machine, devices: readonly Device[]): Promise<string[]> {
  const wrong: string[] = [];
  for (const device of devices) {
    const ids = device.folders().map(({ id }) => id);
    let status = 0;
    const answer = device.phone.ping(60, ids).then((reply) => void (status = reply.status));
    answer.catch(() => {});
    for (let tries = 0; tries < 20 && status === 0; tries++) {
      for (let n = 0; n < 5; n++) await server.settle();
      await server.jump(61_000);
    }
    await answer;
    if (status !== 1) wrong.push(`${device.name}: Ping says ${status} where nothing changed`);
  }
  return wrong;
}
