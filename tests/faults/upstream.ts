// The mail server behind a gateway, and the wire to it: both can fail at any command.
import { setTimeout as wait } from "node:timers/promises";
import type { MailServer } from "../servers/mail_server.ts";
import { Postman } from "./postman.ts";
import { type Command, type Fate, startTap, type Tap } from "../servers/tap.ts";

/** What goes wrong with one of the next commands. */
export interface Strike {
  /** Only commands of this name count; undefined: all but the login. */
  readonly on?: "APPEND" | "MOVE" | "STORE" | "FETCH";
  /** So many commands pass before. */
  readonly after: number;
  /** As the tap knows them; "kill" ends the server while the command is on its way. */
  readonly fate: Fate | "kill";
}

/**
 * How the play's Dovecot is made. In a Maildir a message that is expunged comes back, with a new UID,
 * where the server is killed before its file is gone: nobody in front of it can tell.
 */
export const playedDovecot = { storage: "sdbox", specialFolders: true, master: true } as const;

/** A mail server with many mailboxes, and a way out for its users. Plays come one after the other. */
export interface Upstream {
  readonly server: MailServer;
  readonly postman: Postman;
  /** Plays so far: each has users of its own. */
  plays: number;
  stop(): Promise<void>;
}

export async function openUpstream(start: () => Promise<MailServer>): Promise<Upstream> {
  const server = await start();
  const postman = await new Postman().open();
  return {
    server,
    postman,
    plays: 0,
    async stop() {
      await postman.close();
      await server.stop();
    },
  };
}

/** The wire of one life of the gateway. */
export class Cable {
  readonly #server: MailServer;
  readonly #hide: readonly string[];
  readonly #jump: (ms: number) => Promise<void>;
  #tap!: Tap;
  #strike: { left: number; readonly strike: Strike } | undefined;
  #going: Promise<unknown> = Promise.resolve();
  /** Strikes that hit. */
  hits = 0;
  /** False from the server's end until it was started again. */
  up = true;

  constructor(server: MailServer, hide: readonly string[], jump: (ms: number) => Promise<void>) {
    this.#server = server;
    this.#hide = hide;
    this.#jump = jump;
  }

  async lay(): Promise<number> {
    this.#tap = await startTap(this.#server.port, {
      hide: ["COMPRESS=DEFLATE", "STARTTLS", ...this.#hide],
    });
    this.#tap.rule = (command) => this.#decide(command);
    return this.#tap.port;
  }

  arm(strike: Strike): void {
    this.#strike = { left: strike.after, strike };
  }

  calm(): void {
    this.#strike = undefined;
  }

  /** The gateway has gone: nothing of it reaches the server any more. */
  sever(): void {
    this.#tap.refusing = true;
    this.#tap.cut();
  }

  /** Ends the server. */
  kill(): void {
    if (!this.up) return;
    this.up = false;
    this.hits++;
    this.#going = this.#going.then(() => this.#server.kill());
  }

  /** What was to happen to the server or the wire has happened. */
  async idle(): Promise<void> {
    await this.#going;
  }

  /** Bytes that have passed: what moves takes its time, what stands still never comes. */
  get passed(): number {
    const { toServer, toClient } = this.#tap.bytes;
    return toServer + toClient;
  }

  /** Has everything as it should be. What was under way at the server is through. */
  async mend(): Promise<void> {
    await this.#going;
    if (this.up) return;
    await this.#server.restart();
    this.up = true;
  }

  async stop(): Promise<void> {
    await this.#going;
    await wait(50);
    await this.#tap.stop();
  }

  #decide({ name }: Command): Fate | undefined {
    if (!this.#strike) return undefined;
    const { on, fate } = this.#strike.strike;
    const plain = name.replace("UID ", "");
    if (on ? plain !== on : /^(CAPABILITY|LOGIN|AUTHENTICATE|ID|ENABLE)$/.test(plain)) return;
    if (this.#strike.left-- > 0) return undefined;
    this.#strike = undefined;
    if (fate === "kill") {
      this.kill();
      return undefined;
    }
    this.hits++;
    if (fate === "freeze") this.#going = this.#going.then(() => this.#thaw());
    return fate;
  }

  /** The gateway's patience, which ends by its clock. */
  async #thaw(): Promise<void> {
    for (let n = 0; n < 3; n++) {
      await wait(20);
      await this.#jump(31_000);
    }
  }
}
