// What a server answers to a login, as it comes in: the library loses it where the connection ends at once.
import type { ImapFlow } from "imapflow";

/** A tagged answer other than OK. */
export interface Refusal {
  readonly status: "NO" | "BAD";
  /** In capitals, without brackets: `AUTHENTICATIONFAILED`. */
  readonly code: string | undefined;
  /** Its words, and those of a BYE beside it. */
  readonly text: string;
}

/** An answer to a login is a line or two; a server that says more says it to nobody. */
const MOST = 16_384;

/** What of the library is not in its types. */
interface Inside {
  /** Where all that comes in goes through, decrypted. */
  readonly streamer: { write(...words: unknown[]): boolean };
  exec(name: string, ...words: unknown[]): unknown;
}

/** Listens in on a connection that is about to log in. */
export class Overheard {
  readonly #client: Inside;
  #text: string | undefined;

  constructor(flow: ImapFlow) {
    const client = flow as unknown as Inside;
    this.#client = client;
    const write = client.streamer.write.bind(client.streamer);
    client.streamer.write = (...words) => {
      this.#hear(words[0]);
      return write(...words);
    };
    const exec = client.exec.bind(client);
    client.exec = (name, ...words) => {
      // One command is under way at a time: from here on what comes is the answer to this one.
      if (/^(LOGIN|AUTHENTICATE)$/i.test(name)) this.#text = "";
      return exec(name, ...words);
    };
  }

  /** What was answered to the last login; undefined: nothing, not all of it, or that it is right. */
  get refusal(): Refusal | undefined {
    const lines = (this.#text ?? "").split("\r\n").slice(0, -1);
    const tagged = lines.map((line) => /^[^\s*+]+ (OK|NO|BAD)\b *(.*)$/i.exec(line)).find(Boolean);
    const [, status = "OK", words = ""] = tagged ?? [];
    if (status.toUpperCase() === "OK") return undefined;
    const [, code, said] = /^(?:\[([^\s\]]+)[^\]]*\] ?)?(.*)$/.exec(words)!;
    const bye = lines.flatMap((line) => /^\* BYE (.*)$/i.exec(line)?.[1] ?? []);
    return {
      status: status.toUpperCase() as Refusal["status"],
      code: code?.toUpperCase(),
      text: [said, ...bye].join(" ").trim(),
    };
  }

  /** Listens no more. */
  end(): void {
    // Behind what was put before them are the methods of their classes.
    const { streamer } = this.#client;
    delete (streamer as Partial<Inside["streamer"]>).write;
    delete (this.#client as Partial<Inside>).exec;
    this.#text = undefined;
  }

  #hear(chunk: unknown): void {
    if (this.#text === undefined || this.#text.length > MOST) return;
    if (chunk instanceof Uint8Array) this.#text += new TextDecoder("latin1").decode(chunk);
  }
}
