// Fills an inbox on a real IMAP server, fast: many messages in one APPEND, without waiting between.
import { once } from "node:events";
import { connect } from "node:net";
import { seededRandom } from "../../kit.ts";
import type { MailServer, User } from "../../servers/mail_server.ts";

export interface Filled {
  /** The longest text, in bytes; texts are of all lengths up to it. */
  readonly textBytes?: number;
  /** When the newest one arrived; they are a minute apart. */
  readonly newest?: number;
}

const batch = 250;

/** Puts `n` messages into the inbox (RFC 3502 MULTIAPPEND, RFC 7888 LITERAL+). */
export async function fillInbox(
  server: MailServer,
  user: User,
  n: number,
  { textBytes = 5_000, newest = Date.UTC(2026, 2, 1) }: Filled = {},
): Promise<void> {
  const socket = connect(server.port, server.host);
  const lines = reader(socket);
  await lines.until("* OK");
  const login = `${JSON.stringify(user.address)} ${JSON.stringify(user.password)}`;
  socket.write(`a LOGIN ${login}\r\n`);
  await lines.until("a ");
  const random = seededRandom(7);
  for (let done = 0; done < n; done += batch) {
    const count = Math.min(batch, n - done);
    const pieces: (string | Uint8Array)[] = ["b APPEND INBOX"];
    for (let at = 0; at < count; at++) {
      const number = done + at;
      const date = new Date(newest - (n - 1 - number) * 60_000);
      const mime = Buffer.from(message(number, date, Math.floor(random() * textBytes)));
      pieces.push(` () "${internalDate(date)}" {${mime.length}+}\r\n`, mime);
    }
    pieces.push("\r\n");
    socket.write(Buffer.concat(pieces.map((piece) => Buffer.from(piece))));
    await lines.until("b ");
  }
  socket.end("c LOGOUT\r\n");
  await once(socket, "close");
}

function message(number: number, date: Date, bytes: number): string {
  const line = "The quick brown fox jumps over the lazy dog, and then it goes home again.\r\n";
  return [
    "From: Bob Example <bob@example.net>",
    "To: Ada Example <ada@example.test>",
    `Subject: Message number ${number}`,
    `Date: ${date.toUTCString().replace("GMT", "+0000")}`,
    `Message-ID: <${number}@bench.invalid>`,
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8",
    "",
    line.repeat(Math.ceil(bytes / line.length)),
  ].join("\r\n");
}

const months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** RFC 9051 date-time. */
function internalDate(date: Date): string {
  const day = String(date.getUTCDate()).padStart(2, " ");
  const time = date.toISOString().slice(11, 19);
  return `${day}-${months[date.getUTCMonth()]}-${date.getUTCFullYear()} ${time} +0000`;
}

/** Waits for lines that start in some way; rejects for NO and BAD. */
function reader(socket: ReturnType<typeof connect>) {
  let text = "";
  let wake = () => {};
  let gone: unknown;
  socket.setEncoding("utf8");
  socket.on("data", (piece) => {
    text += piece;
    wake();
  });
  socket.on("error", (error) => {
    gone = error;
    wake();
  });
  return {
    async until(start: string): Promise<void> {
      for (;;) {
        const lines = text.split("\r\n");
        const at = lines.findIndex((line) => line.startsWith(start));
        if (at >= 0 && at < lines.length - 1) {
          if (/^\w+ (NO|BAD)/.test(lines[at]!)) throw new Error(`Cannot fill: ${lines[at]}`);
          text = lines.slice(at + 1).join("\r\n");
          return;
        }
        if (gone) throw gone;
        await new Promise<void>((resolve) => wake = resolve);
      }
    },
  };
}
