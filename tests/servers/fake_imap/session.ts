// One connection of the fake server: reads commands, has them done, and answers, or fails as told.
import type { Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { Lines, type Piece } from "../lines.ts";
import { accountCommands } from "./account_commands.ts";
import { folderCommands } from "./folder_commands.ts";
import type { FakeAccount, FakeMailbox } from "./mailbox.ts";
import { messageCommands } from "./message_commands.ts";
import { readWords, type Word } from "./words.ts";
import type { FakeCommand, Fault, World } from "./world.ts";

/** Does a command; answers the tagged line without its tag. What it throws is answered with BAD. */
export type Handler = (session: Session, words: Word[], uid: boolean) => Promise<string> | string;

const handlers: Readonly<Record<string, Handler>> = {
  ...accountCommands,
  ...folderCommands,
  ...messageCommands,
};

/** A message as this session numbers it. */
interface Seen {
  readonly uid: number;
  modseq: number;
}

/** A connection. Handlers talk through `say`, and read the state that it has. */
export class Session {
  readonly world: World;
  readonly number: number;
  account: FakeAccount | undefined;
  mailbox: FakeMailbox | undefined;
  readOnly = false;
  /** The messages in the order of their numbers; EXPUNGE and EXISTS keep it in step. */
  view: Seen[] = [];
  /** Ends the connection after the answer. */
  over = false;
  #socket: Socket;
  #lines = new Lines();
  #text = "";
  #awaiting: ((line: string) => void) | undefined;
  #queue: Promise<void> = Promise.resolve();
  #out = "";

  constructor(world: World, number: number, socket: Socket) {
    this.world = world;
    this.number = number;
    this.#socket = socket;
    socket.on("error", () => {});
    socket.on(
      "data",
      (chunk) => this.#lines.feed(chunk as Uint8Array).forEach((p) => this.#read(p)),
    );
    socket.on("close", () => this.#leave());
    this.#socket.write(`* ${world.greeting}\r\n`);
    if (!world.greeting.startsWith("OK")) socket.end();
  }

  /** Adds an untagged answer. */
  say(text: string): void {
    this.#out += `* ${text}\r\n`;
  }

  /** Writes what was said, now. */
  flush(): void {
    this.#socket.write(Buffer.from(this.#out, "latin1"));
    this.#out = "";
  }

  /** Asks the client for a line that is no command. */
  ask(prompt: string): Promise<string> {
    this.#out += `+ ${prompt}\r\n`;
    this.flush();
    return new Promise((resolve) => {
      this.#awaiting = (line) => {
        this.#awaiting = undefined;
        resolve(line);
      };
    });
  }

  offers(capability: string): boolean {
    return this.world.capabilities.includes(capability);
  }

  /** Opens a folder, or none. */
  open(mailbox: FakeMailbox | undefined, readOnly = false): void {
    this.mailbox?.changed.delete(this.#changed);
    this.mailbox = mailbox;
    this.readOnly = readOnly;
    this.view = mailbox?.messages.map(({ uid, modseq }) => ({ uid, modseq })) ?? [];
    mailbox?.changed.add(this.#changed);
  }

  /** Tells what has changed in the open folder; numbers stay as they are unless `expunges`. */
  sync(expunges: boolean): void {
    const { mailbox } = this;
    if (!mailbox) return;
    const now = new Map(mailbox.messages.map((message) => [message.uid, message]));
    if (expunges) {
      for (let at = this.view.length - 1; at >= 0; at--) {
        if (now.has(this.view[at]!.uid)) continue;
        this.view.splice(at, 1);
        this.say(`${at + 1} EXPUNGE`);
      }
    }
    const last = this.view.at(-1)?.uid ?? 0;
    const come = mailbox.messages.filter(({ uid }) => uid > last);
    this.view.forEach((seen, index) => {
      const message = now.get(seen.uid);
      if (!message || message.modseq === seen.modseq) return;
      seen.modseq = message.modseq;
      this.say(`${index + 1} FETCH (UID ${seen.uid} FLAGS (${[...message.flags].join(" ")}))`);
    });
    if (come.length === 0) return;
    this.view.push(...come.map(({ uid, modseq }) => ({ uid, modseq })));
    this.say(`${this.view.length} EXISTS`);
  }

  #idling = false;

  /** Tells what changes, as it changes, until the client has enough. */
  async idle(): Promise<void> {
    this.#idling = true;
    this.sync(true);
    await this.ask("idling");
    this.#idling = false;
  }

  #changed = (how: "changed" | "rebuilt") => {
    if (how === "rebuilt") {
      this.say("BYE The folder was rebuilt");
      this.flush();
      this.#socket.end();
    } else if (this.#idling) {
      this.sync(true);
      this.flush();
    }
  };

  end(): void {
    this.#socket.destroy();
  }

  #leave(): void {
    this.open(undefined);
    const { loggedIn } = this.world;
    if (this.account) loggedIn.splice(loggedIn.indexOf(this.account), 1);
    this.account = undefined;
  }

  #read({ bytes, line }: Piece): void {
    if (!line) {
      this.#text += Buffer.from(bytes).toString("latin1").replace(/["\\]/g, "\\$&");
      return;
    }
    const [announced, sync] = /\{\d+(\+?)\}$/.exec(line.text) ?? [];
    // What comes after a literal closes the string that it has become.
    const text = `${line.first ? "" : '"'}${line.text}`;
    this.#text += announced ? `${text.slice(0, -announced.length)}"` : text;
    if (announced) {
      if (sync === "") this.#socket.write("+ go on\r\n");
      return;
    }
    const whole = this.#text;
    this.#text = "";
    if (this.#awaiting) this.#awaiting(whole);
    else this.#queue = this.#queue.then(() => this.#command(whole)).catch(() => this.end());
  }

  async #command(line: string): Promise<void> {
    const [, tag = "*", name = "", rest = ""] =
      /^([^\s*+]+) ((?:UID )?[A-Z]+)(?: ([^]*))?$/i.exec(line) ?? [];
    const { commands } = this.world;
    const command: FakeCommand = {
      connection: this.number,
      tag,
      name: name.toUpperCase(),
      words: rest.slice(0, 1000),
      before: commands.filter((other) => other.name === name.toUpperCase()).length,
    };
    commands.push(command);
    const fault = this.world.rule(command) ?? {};
    if (fault.silence) return;
    if (fault.bye !== undefined) {
      this.say(`BYE ${fault.bye}`);
      this.over = true;
    } else {
      const done = fault.refuse ?? await this.#do(command.name, rest);
      this.#out += `${fault.say ?? ""}${tag} ${fault.answer ?? done}\r\n`;
    }
    await this.#answer(fault);
    if (this.over) this.#socket.end();
  }

  async #do(full: string, rest: string): Promise<string> {
    const uid = full.startsWith("UID ");
    const name = uid ? full.slice(4) : full;
    const handler = handlers[name];
    if (!handler) return "BAD Unknown command";
    if (!this.account && !/^(CAPABILITY|LOGIN|AUTHENTICATE|NOOP|LOGOUT|ID)$/.test(name)) {
      return "BAD Log in first";
    }
    try {
      const answer = await handler(this, readWords(rest), uid);
      // RFC 3501 section 7.4.1: numbers must not change under a command that uses them.
      this.sync(uid || !/^(FETCH|STORE|SEARCH)$/.test(name));
      return answer;
    } catch (error) {
      return `BAD ${error instanceof Error ? error.message.replaceAll(/[\r\n]/g, " ") : error}`;
    }
  }

  async #answer({ cutAfter, slow }: Fault): Promise<void> {
    const all = Buffer.from(this.#out, "latin1");
    this.#out = "";
    const bytes = all.subarray(0, cutAfter);
    const step = slow?.bytes ?? bytes.length;
    for (let at = 0; at < bytes.length && !this.#socket.destroyed; at += step) {
      if (slow) await wait(slow.ms);
      this.#socket.write(bytes.subarray(at, at + step));
    }
    if (cutAfter !== undefined) this.#socket.end(() => this.#socket.destroy());
  }
}
