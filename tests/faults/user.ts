// What the user of a device does: marks, deletes, writes, moves, makes folders. The ledger notes it.
import { type Collection, draftFields } from "../../plugins/eas/client/mod.ts";
import type { Account } from "../../core/mod.ts";
import { at, type Device } from "./device.ts";
import { editing, type Letter, moving, sending } from "./errands.ts";
import type { Ledger } from "./ledger.ts";
import { marksOf } from "./mail.ts";
import type { Mark, Op } from "./scenario.ts";

/** What users share. */
export interface World {
  readonly accounts: readonly Account[];
  readonly ledger: Ledger;
  /** A name that no folder has had. */
  folderName(): string;
  /** A subject that no mail has had. */
  subject(kind: string): string;
}

/** Marks or deletes an item; the next Sync tells it. Returns its id, if there was one. */
export function acts(
  { ledger }: Pick<World, "ledger">,
  device: Device,
  collection: Collection,
  { item, what, word }: { item: number; what: Mark | "delete"; word: number },
): string | undefined {
  const id = device.act(collection, item, what, word);
  if (id === undefined) return undefined;
  const subject = device.subjectOf(collection, id);
  if (what === "delete") {
    ledger.acted(device.name, id, "gone");
    const type = device.phone.folders.get(collection.id)?.type;
    const forGood = !device.setup.deletesAsMoves || type === 4;
    ledger.touched(device.account, subject, device.name, forGood);
  } else {
    const { mark, value } = marksOf(what, word);
    ledger.acted(device.name, id, `${mark}=${value}`);
    ledger.marked(device.account, subject, device.name, mark, value);
  }
  return id;
}

/** Writes a mail, an answer or a forward; it is sent until the server says that it has it. */
export function sends(world: World, device: Device, op: Extract<Op, { op: "send" }>): void {
  const to = at(world.accounts, op.to)!;
  // To oneself it would be twice in one mailbox.
  if (to === device.account) return;
  const { ledger } = world;
  const collection = device.folderAt(op.folder);
  const item = collection && at(device.shown(collection), op.item);
  const source = op.how !== "new" && collection && item
    ? { how: op.how, folder: collection.id, item }
    : undefined;
  const letter: Letter = { id: world.subject("letter"), to, ...(source && { source }) };
  for (const account of [device.account, to]) ledger.add(account, letter.id, false);
  device.errands.push(sending(device, letter, () => {
    for (const account of [device.account, to]) ledger.add(account, letter.id);
  }));
}

/** Moves an item that has nothing else under way. */
export function moves(world: World, device: Device, op: Extract<Op, { op: "move" }>): void {
  const collection = device.folderAt(op.folder);
  const to = at(device.phone.mailFolders(), op.to);
  if (!collection || !to || to.id === collection.id || collection.waiting > 0) return;
  const id = at(device.shown(collection), op.item);
  if (id === undefined) return;
  device.hidden.add(id);
  world.ledger.acted(device.name, id, "gone");
  world.ledger.touched(device.account, device.subjectOf(collection, id), device.name, false);
  device.errands.push(moving(device, id, collection.id, to.id));
}

/** Makes, renames or removes a folder. */
export function edits(world: World, device: Device, op: Extract<Op, { op: "edit" }>): void {
  const { phone, errands } = device;
  if (phone.folderKey === "0") return;
  const name = world.folderName();
  if (op.how === "create") {
    // With the answer lost, a FolderSync may tell of it before the command is repeated.
    errands.push(editing(device, `to make ${name}`, async () => {
      if (!device.ownFolders().some((one) => one.name === name)) await phone.createFolder(name);
    }, []));
    return;
  }
  const one = at(device.ownFolders(), op.folder);
  if (!one) return;
  if (op.how === "rename") {
    const edit = () => phone.updateFolder(one.id, { name });
    errands.push(editing(device, `to rename ${one.name}`, edit, [4]));
    return;
  }
  // The server keeps its mail in the trash, under other ids.
  world.ledger.disturbed(device.account);
  errands.push(editing(device, `to remove ${one.name}`, () => phone.deleteFolder(one.id), [4]));
}

/** Writes, changes or sends a draft; the next Sync tells it. */
export function drafts(world: World, device: Device, op: Extract<Op, { op: "draft" }>): void {
  const folder = device.folders().find(({ type }) => type === 3);
  const collection = folder && device.phone.collection(folder.id);
  if (!collection || collection.key === "0" || !device.writesDrafts) return;
  const to = at(world.accounts, op.to)!;
  if (op.how === "write") {
    const subject = world.subject("draft");
    world.ledger.add(device.account, subject, false);
    const fields = draftFields({ to: to.address, subject, text: `This is ${subject}.` });
    collection.add(subject, ...fields);
    return;
  }
  const own = device.shown(collection)
    .filter((id) => device.subjectOf(collection, id).startsWith("draft-"));
  const id = at(own, op.item);
  if (id === undefined) return;
  const subject = device.subjectOf(collection, id);
  if (op.how === "change") {
    collection.change(id, ...draftFields({ text: `This is ${subject}.\r\nIt was changed.` }));
    world.ledger.touched(device.account, subject, device.name, false);
    return;
  }
  if (to === device.account) return;
  device.hidden.add(id);
  // It goes out, and a copy of it stays in Sent.
  world.ledger.acted(device.name, id, "gone");
  world.ledger.add(to, subject, false);
  world.ledger.touched(device.account, subject, device.name, false);
  world.ledger.sent(device.account, subject);
  collection.send(id, "there", ...draftFields({ to: to.address }));
}
