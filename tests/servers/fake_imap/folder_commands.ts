// Commands of the fake server about folders.
import type { FakeAccount, FakeMailbox } from "./mailbox.ts";
import type { Handler, Session } from "./session.ts";
import { type Word, written } from "./words.ts";

const none = "NO [NONEXISTENT] There is no such folder";

function find(session: Session, name: Word | undefined): FakeMailbox | undefined {
  return session.account!.find(String(name));
}

/** `%` stands for anything within a level, `*` for anything. */
function matches(pattern: string, name: string, separator: string): boolean {
  const source = pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*").replaceAll("%", `[^${separator === "." ? "\\." : separator}]*`);
  return new RegExp(`^${source}$`, "i").test(name);
}

function list(session: Session, words: Word[], command: "LIST" | "LSUB"): string {
  const { separator } = session.world;
  const [reference, pattern] = words.map(String);
  if (pattern === "") {
    session.say(`${command} (\\Noselect) ${written(separator)} ""`);
    return "OK Done";
  }
  const account = session.account as FakeAccount;
  const all = [...account.mailboxes.values()];
  for (const mailbox of all) {
    if (!matches(`${reference}${pattern}`, mailbox.name, separator)) continue;
    if (command === "LSUB" && !mailbox.subscribed) continue;
    const above = all.some(({ name }) => name.startsWith(mailbox.name + separator));
    const flags = [above ? "\\HasChildren" : "\\HasNoChildren"];
    if (mailbox.specialUse && session.offers("SPECIAL-USE")) flags.push(mailbox.specialUse);
    session.say(`${command} (${flags.join(" ")}) ${written(separator)} ${written(mailbox.name)}`);
  }
  return "OK Done";
}

function select(session: Session, name: Word | undefined, readOnly: boolean): string {
  session.open(undefined);
  const mailbox = find(session, name);
  if (!mailbox) return none;
  const only = readOnly || mailbox.readOnly;
  session.open(mailbox, only);
  const { messages, uidValidity, uidNext, modseq } = mailbox;
  const unseen = messages.findIndex(({ flags }) => !flags.has("\\Seen"));
  const flags = "\\Answered \\Flagged \\Deleted \\Seen \\Draft";
  session.say(`FLAGS (${flags})`);
  session.say(`OK [PERMANENTFLAGS (${only ? "" : `${flags} \\*`})] Flags that stay`);
  session.say(`${messages.length} EXISTS`);
  session.say("0 RECENT");
  if (unseen >= 0) session.say(`OK [UNSEEN ${unseen + 1}] The first that is unseen`);
  session.say(`OK [UIDVALIDITY ${uidValidity}] So long they hold`);
  session.say(`OK [UIDNEXT ${uidNext}] The next one`);
  if (session.offers("CONDSTORE")) session.say(`OK [HIGHESTMODSEQ ${modseq}] The last change`);
  return `OK [${only ? "READ-ONLY" : "READ-WRITE"}] Done`;
}

function status(session: Session, [name, items]: Word[]): string {
  const mailbox = find(session, name);
  if (!mailbox) return none;
  const facts: Readonly<Record<string, number>> = {
    MESSAGES: mailbox.messages.length,
    RECENT: 0,
    UIDNEXT: mailbox.uidNext,
    UIDVALIDITY: mailbox.uidValidity,
    UNSEEN: mailbox.messages.filter(({ flags }) => !flags.has("\\Seen")).length,
    ...(session.offers("CONDSTORE") ? { HIGHESTMODSEQ: mailbox.modseq } : {}),
  };
  const told = (items as Word[]).map((item) => {
    const key = String(item).toUpperCase();
    if (!(key in facts)) throw new Error(`Cannot tell ${key}`);
    return `${key} ${facts[key]}`;
  });
  session.say(`STATUS ${written(mailbox.name)} (${told.join(" ")})`);
  return "OK Done";
}

function rename(session: Session, [from, to]: Word[]): string {
  const mailbox = find(session, from);
  if (!mailbox) return none;
  if (find(session, to)) return "NO [ALREADYEXISTS] There is such a folder";
  const account = session.account!;
  const inbox = mailbox.name === "INBOX";
  account.rename(mailbox.name, String(to), session.world.separator);
  // RFC 3501 section 6.3.5: the inbox stays, and gives away its messages.
  if (inbox) account.create("INBOX");
  return "OK Done";
}

const subscription = (subscribed: boolean): Handler => (session, [name]) => {
  const mailbox = find(session, name);
  if (!mailbox) return none;
  mailbox.subscribed = subscribed;
  return "OK Done";
};

export const folderCommands: Readonly<Record<string, Handler>> = {
  LIST: (session, words) => list(session, words, "LIST"),
  LSUB: (session, words) => list(session, words, "LSUB"),
  STATUS: status,
  SELECT: (session, [name]) => select(session, name, false),
  EXAMINE: (session, [name]) => select(session, name, true),
  RENAME: rename,
  SUBSCRIBE: subscription(true),
  UNSUBSCRIBE: subscription(false),

  NAMESPACE(session) {
    session.say(`NAMESPACE (("" ${written(session.world.separator)})) NIL NIL`);
    return "OK Done";
  },

  CREATE(session, [name]) {
    if (find(session, name)) return "NO [ALREADYEXISTS] There is such a folder";
    session.account!.create(String(name).replace(new RegExp(`\\${session.world.separator}$`), ""));
    return "OK Done";
  },

  DELETE(session, [name]) {
    const mailbox = find(session, name);
    if (!mailbox) return none;
    if (mailbox.name === "INBOX") return "NO [CANNOT] The inbox stays";
    session.account!.mailboxes.delete(mailbox.name);
    return "OK Done";
  },

  CLOSE(session) {
    const { mailbox, readOnly } = session;
    session.open(undefined);
    if (mailbox && !readOnly) {
      const gone = mailbox.messages.filter(({ flags }) => flags.has("\\Deleted"));
      if (gone.length > 0) mailbox.remove(gone.map(({ uid }) => uid));
    }
    return "OK Done";
  },

  UNSELECT(session) {
    session.open(undefined);
    return "OK Done";
  },
};
