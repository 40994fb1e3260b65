// The mail of the fake server, in memory: what sessions show, and what tests put in and look at.

/** A message of a fake mailbox. */
export interface FakeMessage {
  readonly uid: number;
  readonly flags: Set<string>;
  readonly date: Date;
  /** Its bytes, one character each. */
  readonly raw: string;
  /** When it was last changed, for CONDSTORE. */
  modseq: number;
}

/** A folder of one user. Names are as on the wire, in modified UTF-7. */
export class FakeMailbox {
  readonly name: string;
  uidValidity: number;
  uidNext = 1;
  modseq = 1;
  subscribed = true;
  /** Such as `\Sent`; shown only where the server offers SPECIAL-USE. */
  specialUse: string | undefined;
  /** Devices may look only. */
  readOnly = false;
  messages: FakeMessage[] = [];
  /** Called after every change; "rebuilt" when all UIDs have become void. */
  readonly changed = new Set<(how: "changed" | "rebuilt") => void>();

  constructor(name: string, uidValidity: number) {
    this.name = name;
    this.uidValidity = uidValidity;
  }

  /** Adds a message; dated now unless told. */
  add(
    mime: string | Uint8Array,
    { flags = [] as readonly string[], date = new Date() } = {},
  ): FakeMessage {
    const raw = Buffer.from(mime as string).toString("latin1");
    const message = {
      uid: this.uidNext++,
      flags: new Set(flags),
      date,
      raw,
      modseq: ++this.modseq,
    };
    this.messages.push(message);
    this.#tell();
    return message;
  }

  /** Sets the flags of a message. */
  flag(uid: number, flags: readonly string[]): void {
    const message = this.messages.find((message) => message.uid === uid);
    if (!message) throw new Error(`Cannot flag: no message ${uid}`);
    message.flags.clear();
    flags.forEach((flag) => message.flags.add(flag));
    message.modseq = ++this.modseq;
    this.#tell();
  }

  /** Removes messages for good. */
  remove(uids: readonly number[]): void {
    this.messages = this.messages.filter(({ uid }) => !uids.includes(uid));
    this.modseq++;
    this.#tell();
  }

  /**
   * Gives the folder another UIDVALIDITY and its messages other UIDs, in the order of `order` (as
   * they are unless told), as after a restored backup; sessions that have it open are ended.
   */
  renumber(order = (messages: FakeMessage[]) => messages): void {
    this.uidValidity += 1000;
    this.uidNext = 1;
    this.messages = order([...this.messages]).map((message) => ({
      ...message,
      uid: this.uidNext++,
      modseq: ++this.modseq,
    }));
    for (const tell of [...this.changed]) tell("rebuilt");
  }

  #tell(): void {
    for (const tell of [...this.changed]) tell("changed");
  }
}

/** A user of the fake server. */
export class FakeAccount {
  password: string;
  readonly mailboxes = new Map<string, FakeMailbox>();
  #validity = 1000;

  constructor(password: string) {
    this.password = password;
    this.create("INBOX");
  }

  /** A folder that exists. */
  mailbox(name: string): FakeMailbox {
    const found = this.find(name);
    if (!found) throw new Error(`Cannot find the folder ${name}`);
    return found;
  }

  find(name: string): FakeMailbox | undefined {
    return this.mailboxes.get(/^inbox$/i.test(name) ? "INBOX" : name);
  }

  /** Makes a folder; never again with a UIDVALIDITY that there was. */
  create(name: string, specialUse?: string): FakeMailbox {
    const made = new FakeMailbox(name, ++this.#validity);
    made.specialUse = specialUse;
    this.mailboxes.set(name, made);
    return made;
  }

  /** Renames a folder and all below it; messages keep their UIDs. */
  rename(from: string, to: string, separator: string): void {
    for (const [name, mailbox] of [...this.mailboxes]) {
      if (name !== from && !name.startsWith(from + separator)) continue;
      this.mailboxes.delete(name);
      const renamed = to + name.slice(from.length);
      this.mailboxes.set(renamed, Object.assign(mailbox, { name: renamed }));
    }
  }
}
