// What must be true in the end: every mail that there ever was, and who did what to it.
import type { Account } from "../../core/mod.ts";
import type { Item, Mailbox, Marks } from "../../plugins/mailbox/api.ts";
import { altered } from "../kit_eas.ts";
import type { Tap } from "./machine.ts";
import { isNotice } from "./mail.ts";

/** The marks that devices change, as one text each. */
export type Told = Readonly<Record<"read" | "flag" | "words", string>>;
export type MarkName = keyof Told;
const markNames = ["read", "flag", "words"] as const;
const fieldOf = { read: "read", flag: "flag", words: "keywords" } as const;

/** A mail by account and subject: no two have the same. */
interface Mail {
  /** Not yet sure: it was sent, and no answer has said so. */
  sure: boolean;
  /** Somebody removed it for good, or tried to. */
  removed: boolean;
  /** Nobody knows whether the server that was to have it has it, and the sender was told so. */
  doubted?: boolean;
  /** Once it was seen to be gone, it stays so. */
  gone: boolean;
  /** The marks at the last rest. */
  before: Told | undefined;
  /** What was done since then. */
  deeds: Deed[];
  /** It was sent: the copy in Sent has marks of its own. */
  renewed?: boolean;
  /** Who ever moved, changed or sent it. */
  readonly hands: Set<string>;
}

interface Deed {
  readonly actor: string;
  readonly mark?: MarkName;
  readonly value?: string;
}

/** The account's mail as it is: by subject, each with its folder and marks. */
export type Present = ReadonlyMap<string, readonly { folder: string; item: Item }[]>;

/** Keeps the account of a run. */
export class Ledger {
  readonly #mails = new Map<string, Mail>();
  /** By device, item and deed: what its user did, and what the server did for it. */
  readonly #acts = new Map<string, number>();
  readonly #effects = new Map<string, number>();

  /** A mail is in a mailbox; `sure` is false while it is on its way. */
  add(account: Account, subject: string, sure = true): void {
    const key = keyOf(account, subject);
    const mail = this.#mails.get(key);
    if (mail) mail.sure ||= sure;
    else {
      this.#mails.set(key, {
        sure,
        removed: false,
        gone: false,
        before: undefined,
        deeds: [],
        hands: new Set(),
      });
    }
  }

  /** Somebody set a mark of a mail. */
  marked(account: Account, subject: string, actor: string, mark: MarkName, value: string): void {
    this.#mails.get(keyOf(account, subject))?.deeds.push({ actor, mark, value });
  }

  /** Somebody moved a mail, or removed it for good. */
  touched(account: Account, subject: string, actor: string, removed: boolean): void {
    const mail = this.#mails.get(keyOf(account, subject));
    mail?.deeds.push({ actor });
    mail?.hands.add(actor);
    if (mail && removed) mail.removed = true;
  }

  /** A draft is on its way out. */
  sent(account: Account, subject: string): void {
    const mail = this.#mails.get(keyOf(account, subject));
    if (mail) mail.renewed = true;
  }

  /** A folder went, and its mail got other ids: what was on its way to the old ones may be late. */
  disturbed(account: Account): void {
    for (const [key, { deeds }] of this.#mails) {
      if (split(key)[0] === account.id) deeds.push({ actor: "a folder's end" });
    }
  }

  /** A device's user did something to an item (`read=1`, `gone`): the server may do it once. */
  acted(device: string, item: string, what: string): void {
    count(this.#acts, `${device} ${item} ${what}`);
  }

  /** Watches what requests of devices do: nothing more often than their users did. */
  readonly tap: Tap = (inner, _account, actor) => {
    const effect = (item: string, what: string) => {
      const device = actor();
      if (device !== undefined) count(this.#effects, `${device} ${item} ${what}`);
    };
    return altered(inner, {
      mark: async (item, marks, token) => {
        const before = await stateOf(inner, item);
        const after = await inner.mark(item, marks, token);
        const now = await stateOf(inner, item);
        const [old, told] = [before && toldOf(before.marks), now && toldOf(now.marks)];
        for (const name of markNames) {
          // Another device may have changed the others meanwhile.
          if (!(fieldOf[name] in marks)) continue;
          if (old && told && old[name] !== told[name]) effect(item, `${name}=${told[name]}`);
        }
        return after;
      },
      move: async (item, to, token) => {
        const before = await stateOf(inner, item);
        const moved = await inner.move(item, to, token);
        if (before && moved !== item) effect(item, "gone");
        return moved;
      },
      remove: async (item, token) => {
        const before = await stateOf(inner, item);
        await inner.remove(item, token);
        if (before) effect(item, "gone");
      },
    });
  };

  /** What is wrong with an account's mail; then this rest is where the next one counts from. */
  settle(account: Account, present: Present): string[] {
    const wrong: string[] = [];
    for (const subject of present.keys()) this.#doubt(subject);
    for (const subject of present.keys()) {
      const known = this.#mails.has(keyOf(account, subject)) || isNotice(subject);
      if (!known) wrong.push(`"${subject}" came from nowhere`);
    }
    for (const [key, mail] of this.#mails) {
      const [id, subject] = split(key);
      if (id !== account.id) continue;
      const found = present.get(subject) ?? [];
      wrong.push(...judge(subject, mail, found));
      mail.before = found[0] && toldOf(found[0].item.state.marks);
      mail.deeds = [];
      mail.renewed = false;
    }
    return wrong;
  }

  /** Whoever was told that his letter may be lost is not told anything wrong where it is. */
  #doubt(subject: string): void {
    const [, letter] = /^Delivery uncertain: (.+)$/.exec(subject) ?? [];
    if (!letter) return;
    for (const [key, mail] of this.#mails) {
      if (split(key)[1] === letter && !mail.before) mail.doubted = true;
    }
  }

  /** Mail that was on its way to several mailboxes and came to some of them only. */
  halves(): string[] {
    const seen = new Map<string, boolean>();
    const wrong: string[] = [];
    for (const [key, mail] of this.#mails) {
      const [, subject] = split(key);
      // A draft that somebody else moved away cannot be sent any more.
      if (mail.sure || mail.removed || mail.doubted || mail.hands.size > 1) continue;
      const there = mail.before !== undefined;
      if ((seen.get(subject) ?? there) !== there) wrong.push(`"${subject}" was sent by half`);
      seen.set(subject, there);
    }
    return wrong;
  }

  /** What the server did more often than devices asked for. */
  repeated(): string[] {
    return [...this.#effects].filter(([key, times]) => times > (this.#acts.get(key) ?? 0))
      .map(([key, times]) =>
        `${key}: done ${times} times, asked ${this.#acts.get(key) ?? 0} times`
      );
  }
}

function judge(
  subject: string,
  mail: Mail,
  found: readonly { folder: string; item: Item }[],
): string[] {
  if (found.length > 1) {
    const places = found.map(({ folder, item }) => `${item.id} in ${folder}`).join(", ");
    return [`"${subject}" is there ${found.length} times: ${places}`];
  }
  const [one] = found;
  if (!one) {
    if (mail.sure && !mail.removed && !mail.doubted && !mail.gone) return [`"${subject}" is lost`];
    mail.gone = mail.removed;
    return [];
  }
  if (mail.gone) return [`"${subject}" is back from the dead`];
  if ((!mail.before && mail.deeds.length === 0) || mail.renewed) return [];
  return markNames.flatMap((name) => {
    const value = toldOf(one.item.state.marks)[name];
    const allowed = allowedValues(mail, name);
    return allowed === undefined || allowed.includes(value)
      ? []
      : [`"${subject}": ${name} is ${value}, not ${allowed.join(" or ")}`];
  });
}

/** The values that a mark may have; undefined: any. */
function allowedValues({ before, deeds }: Mail, name: MarkName): string[] | undefined {
  const values = deeds.filter(({ mark }) => mark === name).map(({ value }) => value!);
  // It came since the last rest: what it came with is not noted.
  if (!before && values.length === 0) return undefined;
  const actors = new Set(deeds.map(({ actor }) => actor));
  // Nobody was in the way: the last word counts.
  if (actors.size === 1 && values.length > 0) return [values.at(-1)!];
  if (before) return [before[name], ...values];
  // What one writes oneself comes read, all else does not.
  return name === "read" ? undefined : [...values, noMark[name]];
}

const noMark: Omit<Told, "read"> = { flag: "", words: "" };

/** Marks as texts. */
export function toldOf(marks: Marks): Told {
  return {
    read: marks.read ? "1" : "0",
    flag: marks.flag?.status ?? "",
    words: [...marks.keywords].sort().join(),
  };
}

const keyOf = ({ id }: Account, subject: string) => `${id} ${subject}`;
const split = (key: string): [number, string] => {
  const at = key.indexOf(" ");
  return [Number(key.slice(0, at)), key.slice(at + 1)];
};

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

async function stateOf(mailbox: Mailbox, id: string) {
  for await (const { state } of mailbox.read([id], {})) return state;
  return undefined;
}
