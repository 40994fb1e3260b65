// The submission server of the play: it takes a letter, says so, and brings it when it can, once.
import { buffer } from "node:stream/consumers";
import { SMTPServer } from "smtp-server";

/** A letter on its way. */
interface Letter {
  readonly id: string;
  readonly to: readonly string[];
  readonly mime: Uint8Array;
}

export class Postman {
  readonly #server: SMTPServer;
  /** Message-ID and recipients of each letter that was handed over. */
  #taken: string[] = [];
  #waiting: Letter[] = [];
  port = 0;

  constructor() {
    this.#server = new SMTPServer({
      disabledCommands: ["STARTTLS"],
      allowInsecureAuth: true,
      disableReverseLookup: true,
      closeTimeout: 1,
      onAuth({ username, password }, _session, done) {
        if (password === "password") done(null, { user: username ?? "" });
        else done(new Error("Wrong password"));
      },
      onData: (stream, { envelope }, done) => {
        const to = envelope.rcptTo.map(({ address }) => address).sort();
        buffer(stream).then((mime) => {
          const [id] = /^Message-ID: .*$/mi.exec(mime.toString("latin1"))!;
          this.#take({ id: id.trim(), to, mime });
          done();
        }, done);
      },
    });
    this.#server.on("error", () => {});
  }

  async open(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.port = (this.#server.server.address() as { port: number }).port;
    return this;
  }

  #take(letter: Letter): void {
    this.#taken.push(`${letter.id} for ${letter.to.join(", ")}`);
    this.#waiting.push(letter);
  }

  /** Another play begins: nothing was handed over, and nothing waits. */
  forget(): void {
    this.#taken = [];
    this.#waiting = [];
  }

  /** What was handed over more than once. */
  twice(): string[] {
    return [...new Set(this.#taken.filter((one, at) => this.#taken.indexOf(one) !== at))];
  }

  /** Brings what waits; a letter that cannot be brought now waits on. */
  async bring(
    deliver: (to: string, mime: Uint8Array, id: string) => Promise<unknown>,
  ): Promise<void> {
    const going = this.#waiting;
    this.#waiting = [];
    for (const letter of going) {
      for (const [at, to] of letter.to.entries()) {
        try {
          await deliver(to, letter.mime, letter.id);
        } catch {
          this.#waiting.push({ ...letter, to: letter.to.slice(at) });
          break;
        }
      }
    }
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
