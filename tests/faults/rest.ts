// A rest: every device syncs until nothing more comes; then all must hold what they should.
import type { Account } from "../../core/mod.ts";
import type { Item } from "../../plugins/mailbox/api.ts";
import { compareDevices, pingsRest } from "./checks.ts";
import type { Device } from "./device.ts";
import type { Machine } from "./machine.ts";
import { mailOf } from "./mail.ts";
import type { Stage } from "./stage.ts";
import { acts } from "./user.ts";
import { Violation } from "./violation.ts";

/** Throws a Violation with everything that is wrong. */
export async function rest(stage: Stage): Promise<void> {
  const { devices, server } = stage;
  for (let round = 0; round < 4; round++) {
    for (const device of devices) await comeToRest(device, round === 3);
    if (round === 0) await lettersLeave(server);
  }
  const inTurn = devices[stage.rests++ % devices.length]!;
  await ownChange(stage, inTurn);
  for (const device of devices) await comeToRest(device, false);
  const wrong: string[] = [];
  for (const account of server.accounts) {
    wrong.push(...await compareMail(stage, account), ...await server.audit?.(account) ?? []);
  }
  wrong.push(...stage.ledger.halves());
  const repeated = stage.ledger.repeated();
  // Whoever starts over says his commands once more.
  if (!inTurn.startsOver) wrong.push(...repeated);
  wrong.push(...await compareDevices(server, devices));
  if (wrong.length === 0) wrong.push(...await pingsRest(server, devices));
  if (wrong.length === 0) await wakes(stage, inTurn);
  if (wrong.length > 0) throw new Violation(wrong.join("\n"));
}

/**
 * Letters that found no password to leave with, after the power was gone, are tried again within two
 * minutes after their owner came back.
 */
async function lettersLeave(server: Machine): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const sql = "SELECT 1 FROM mailbox_outgoing WHERE due IS NOT NULL LIMIT 1";
    if ((await server.db.all(sql)).length === 0) return;
    if (tries === 0) await server.jump(150_000);
    await server.settle();
  }
}

/** Syncs until nothing more comes. `still`: nothing may come at all. */
async function comeToRest(device: Device, still: boolean): Promise<void> {
  const { phone, errands, name } = device;
  for (let tries = 2 * errands.length; errands.length > 0; tries--) {
    if (tries === 0) throw new Violation(`${name} does not get done ${errands[0]!.name}`);
    await device.runErrand();
  }
  await device.syncFolders();
  for (const { id } of device.folders()) {
    const before = phone.collection(id).key;
    await device.syncAll(id);
    if (still && phone.collection(id).key !== before) {
      throw new Violation(`${name}: folder ${id} does not come to rest`);
    }
  }
}

/** What the user does himself comes back neither with its own answer nor with the next. */
async function ownChange({ ledger }: Stage, device: Device): Promise<void> {
  const [folder] = device.folders();
  const collection = folder && device.phone.collection(folder.id);
  if (!collection) return;
  const id = acts({ ledger }, device, collection, { item: 0.5, what: "read", word: 0 });
  if (id === undefined) return;
  for (let round = 0; round < 2; round++) {
    const reply = await device.phone.sync([collection.id]);
    for (const { adds, changes, deletes } of reply.collections) {
      if (adds.length + changes.length + deletes.length > 0) {
        throw new Violation(`${device.name} was told of its own change of ${id}`);
      }
    }
  }
}

async function compareMail({ server, ledger }: Stage, account: Account): Promise<string[]> {
  const present = new Map<string, { folder: string; item: Item }[]>();
  for (const one of await mailOf(server.mailbox(account))) {
    const subject = one.item.mail?.subject ?? `(${one.item.id})`;
    present.set(subject, [...present.get(subject) ?? [], one]);
  }
  return ledger.settle(account, present);
}

/** A new mail ends a Ping at once, and the next Sync brings it. */
async function wakes({ server, somebody }: Stage, { name, phone, account }: Device): Promise<void> {
  const folder = phone.mailFolders().find(({ type }) => type === 2);
  if (!folder) return;
  let status = 0;
  const answer = phone.ping(600, [folder.id]).then((reply) => void (status = reply.status));
  answer.catch(() => {});
  for (let n = 0; n < 5; n++) await server.settle();
  const subject = await somebody.arriveInInbox(account);
  for (let n = 0; n < 5; n++) await server.settle();
  await server.jump(1000);
  for (let n = 0; n < (server.patience ?? 50) && status === 0; n++) {
    await server.settle();
    // It may wait a moment for more to come.
    if (n % 20 === 19) await server.jump(1000);
  }
  if (status !== 2) throw new Violation(`${name}: Ping does not notice "${subject}"`);
  await answer;
  await phone.sync([folder.id]);
  const { items, moreAvailable } = phone.collection(folder.id);
  const got = [...items.values()].some(({ fields }) =>
    fields.get("Email:Subject")?.text === subject
  );
  if (!got && !moreAvailable) throw new Violation(`${name}: "${subject}" woke it and is not there`);
}
