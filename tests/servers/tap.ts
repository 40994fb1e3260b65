// A proxy between an IMAP client and its server: counts commands, and breaks what a test wants broken.
import { connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { Lines, type Piece } from "./lines.ts";

/** A command as the client sent it. */
export interface Command {
  /** The connection, counted from 1 since the tap was started. */
  readonly connection: number;
  readonly tag: string;
  /** In upper case, with its "UID": `UID FETCH`. */
  readonly name: string;
  /** The rest of its first line; a literal shows as its size only. */
  readonly words: string;
}

/**
 * What happens to a command: "cut" ends the connection before the server sees it; "cut answer" lets
 * the server do it, and ends the connection in place of the tagged answer; "freeze" stops forwarding
 * in both directions from here on, on this connection, which stays open.
 */
export type Fate = "cut" | "cut answer" | "freeze";

/** A running tap. */
export interface Tap {
  readonly host: "127.0.0.1";
  readonly port: number;
  /** All commands since the last `reset`, as they came. */
  readonly commands: readonly Command[];
  /** Their names: what a test compares. */
  readonly names: () => string[];
  /** Bytes forwarded since the last `reset`. */
  readonly bytes: { readonly toServer: number; readonly toClient: number };
  /** Connections that are open. */
  readonly open: number;
  /** Decides over each command; undefined lets it pass. Stays until `reset`. */
  rule: (command: Command) => Fate | undefined;
  /** Ends the connection that is the first to have received so many more bytes from the server. */
  cutAfterBytes(count: number): void;
  /** Each piece of data waits so many milliseconds, in both directions. */
  delay: number;
  /** Connections are closed as soon as they are made. */
  refusing: boolean;
  /** So many were, since the last `reset`. */
  readonly refused: number;
  /** Ends all connections now. */
  cut(): void;
  /** Counts from zero; no rule, no delay, nothing refused; what is frozen stays so. */
  reset(): void;
  /** Resolves at the next command for which `is` is true, or at once if there was one since `reset`. */
  saw(is: (command: Command) => boolean): Promise<Command>;
  /** From now on to another server: one that was restarted elsewhere. */
  retarget(port: number): void;
  stop(): Promise<void>;
}

/**
 * Starts a tap in front of whoever listens on `port` of the loopback. Clients do not see the
 * capabilities in `hide`; without COMPRESS and STARTTLS, because nobody could read what follows.
 */
export async function startTap(
  port: number,
  { hide = ["COMPRESS=DEFLATE", "STARTTLS"] }: { hide?: readonly string[] } = {},
): Promise<Tap> {
  const tap = new ImapTap(port, hide);
  await tap.listen();
  return tap;
}

interface Link {
  readonly number: number;
  readonly client: Socket;
  readonly server: Socket;
  readonly fromClient: Lines;
  readonly fromServer: Lines;
  frozen: boolean;
  /** What it carries is encrypted or compressed from here on. */
  opaque: boolean;
  /** Where the answer is to be cut off: the tag of the command. */
  lost: string | undefined;
}

const pass = () => undefined;

class ImapTap implements Tap {
  readonly host = "127.0.0.1";
  port = 0;
  commands: Command[] = [];
  bytes = { toServer: 0, toClient: 0 };
  rule: Tap["rule"] = pass;
  delay = 0;
  refusing = false;
  refused = 0;
  #target: number;
  #server: Server;
  #links = new Set<Link>();
  #count = 0;
  #bytesLeft = Infinity;
  #waiting = new Set<(command: Command) => void>();

  #hidden: ReadonlySet<string>;

  constructor(target: number, hidden: readonly string[]) {
    this.#target = target;
    this.#hidden = new Set(hidden);
    this.#server = createServer((client) => this.#accept(client));
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(0, "127.0.0.1", () => {
        this.port = (this.#server.address() as { port: number }).port;
        resolve();
      });
    });
  }

  names(): string[] {
    return this.commands.map(({ name }) => name);
  }

  get open(): number {
    return this.#links.size;
  }

  cutAfterBytes(count: number): void {
    this.#bytesLeft = count;
  }

  cut(): void {
    for (const link of this.#links) this.#end(link);
  }

  reset(): void {
    this.commands = [];
    this.bytes = { toServer: 0, toClient: 0 };
    this.rule = pass;
    this.delay = 0;
    this.refusing = false;
    this.refused = 0;
    this.#bytesLeft = Infinity;
  }

  saw(is: (command: Command) => boolean): Promise<Command> {
    const before = this.commands.find(is);
    if (before) return Promise.resolve(before);
    return new Promise((resolve) => {
      const look = (command: Command) => {
        if (!is(command)) return;
        this.#waiting.delete(look);
        resolve(command);
      };
      this.#waiting.add(look);
    });
  }

  retarget(port: number): void {
    this.#target = port;
  }

  stop(): Promise<void> {
    this.cut();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #accept(client: Socket): void {
    if (this.refusing) {
      this.refused++;
      return void client.destroy();
    }
    const server = connect(this.#target, "127.0.0.1");
    const link: Link = {
      number: ++this.#count,
      client,
      server,
      fromClient: new Lines(),
      fromServer: new Lines(),
      frozen: false,
      opaque: false,
      lost: undefined,
    };
    this.#links.add(link);
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on("error", () => this.#end(link));
    }
    client.on("close", () => this.#end(link));
    // What the server said last is still on its way; the end follows it.
    server.on("close", (failed) => failed && this.#end(link));
    void this.#pump(client, server, (chunk) => this.#fromClient(link, chunk));
    void this.#pump(server, client, (chunk) => this.#fromServer(link, chunk));
  }

  #end(link: Link): void {
    this.#links.delete(link);
    link.client.destroy();
    link.server.destroy();
  }

  /** Forwards until either side ends; `handle` writes what may pass. */
  async #pump(
    from: Socket,
    to: Socket,
    handle: (chunk: Uint8Array) => Uint8Array[],
  ): Promise<void> {
    try {
      for await (const chunk of from as AsyncIterable<Uint8Array>) {
        if (this.delay > 0) await wait(this.delay);
        for (const bytes of handle(chunk)) {
          if (!to.write(bytes) && !to.destroyed) await drained(to);
        }
      }
      to.end();
    } catch { /* an end of the connection has gone; "close" ends the other */ }
  }

  #fromClient(link: Link, chunk: Uint8Array): Uint8Array[] {
    if (link.frozen) return [];
    if (link.opaque) return this.#counted("toServer", [chunk]);
    const passed: Uint8Array[] = [];
    for (const piece of link.fromClient.feed(chunk)) {
      const command = commandOf(piece, link.number);
      const fate = command && this.#decide(command);
      if (fate === "cut") {
        this.#end(link);
        break;
      }
      if (fate === "freeze") {
        link.frozen = true;
        break;
      }
      if (fate === "cut answer") link.lost = command!.tag;
      if (command && /^(STARTTLS|COMPRESS)$/.test(command.name)) link.opaque = true;
      passed.push(piece.bytes);
    }
    if (link.opaque) passed.push(link.fromClient.rest());
    return this.#counted("toServer", passed);
  }

  #decide(command: Command): Fate | undefined {
    this.commands.push(command);
    const fate = this.rule(command);
    for (const look of [...this.#waiting]) look(command);
    return fate;
  }

  #fromServer(link: Link, chunk: Uint8Array): Uint8Array[] {
    if (link.frozen) return [];
    if (link.opaque) return this.#limited(link, [link.fromServer.rest(), chunk]);
    const passed: Uint8Array[] = [];
    for (const { bytes, line } of link.fromServer.feed(chunk)) {
      if (link.lost !== undefined && line?.first && line.text.startsWith(`${link.lost} `)) {
        this.#end(link);
        break;
      }
      const told = line && /\bCAPABILITY /i.test(line.text);
      passed.push(told ? this.#withoutHidden(line.text) : bytes);
    }
    return this.#limited(link, passed);
  }

  #withoutHidden(line: string): Uint8Array {
    const words = line.split(/(?= |\])/).filter((word) => !this.#hidden.has(word.slice(1)));
    return Buffer.from(`${words.join("")}\r\n`, "latin1");
  }

  /** What may pass before the connection is cut for the number of bytes. */
  #limited(link: Link, pieces: Uint8Array[]): Uint8Array[] {
    const passed: Uint8Array[] = [];
    for (const bytes of pieces) {
      const part = bytes.subarray(0, this.#bytesLeft);
      this.#bytesLeft -= part.length;
      passed.push(part);
      if (part.length < bytes.length) {
        this.#bytesLeft = Infinity;
        // What passes must be on its way first.
        for (const piece of this.#counted("toClient", passed)) link.client.write(piece);
        link.client.end();
        link.server.destroy();
        return [];
      }
    }
    return this.#counted("toClient", passed);
  }

  #counted(direction: "toServer" | "toClient", pieces: Uint8Array[]): Uint8Array[] {
    for (const { length } of pieces) this.bytes[direction] += length;
    return pieces.filter(({ length }) => length > 0);
  }
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off("drain", done);
      socket.off("close", done);
      resolve();
    };
    socket.on("drain", done);
    socket.on("close", done);
  });
}

/** The command that a line of the client begins; DONE and the answers to a challenge are none. */
function commandOf({ line }: Piece, connection: number): Command | undefined {
  if (!line?.first) return undefined;
  const found = /^([^\s*+]+) ((?:UID )?[A-Z]+)(?: (.*))?$/i.exec(line.text);
  if (!found) return undefined;
  const [, tag, name, words = ""] = found;
  return { connection, tag: tag!, name: name!.toUpperCase(), words };
}
