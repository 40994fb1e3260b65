// A 50 MB message through a server: peak memory while it is delivered, synced truncated, fetched.
import { el, type Element } from "../../plugins/eas/api.ts";
import { withTempDir } from "../kit.ts";
import { keyOf, request, syncOf } from "./kit.ts";
import type { BenchResult } from "./result.ts";
import { type Server, startServer } from "./server.ts";

const size = 50_000_000;
const address = "ada@example.org";

export async function benchBigMessage(): Promise<BenchResult[]> {
  return await withTempDir(async (dir) => {
    const server = await startServer("navette", `${dir}/navette.db`);
    try {
      return await passThrough(server);
    } finally {
      await server.end();
    }
  });
}

async function passThrough(server: Server): Promise<BenchResult[]> {
  const origin = `http://127.0.0.1:${server.port}`;
  const { inbox } = await server.order<{ inbox: string }>("account");
  const phone = phoneAt(origin, inbox);
  await deliver(origin, 1000);
  await phone.sync();
  await phone.fetch(await phone.sync(), 500);
  const idle = (await server.order<{ rss: number }>("memory")).rss;
  const rows: BenchResult[] = [];
  const measure = async <R>(step: string, work: () => Promise<R>): Promise<R> => {
    await server.order("peak");
    const result = await work();
    const { rss } = await server.order<{ rss: number }>("peak");
    const mb = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
    rows.push({
      name: `50 MB message, ${step}: peak memory above idle / its size`,
      ratio: Math.max(0, rss - idle) / size,
      limit: 4,
      detail: `${mb(rss)} at most, ${mb(idle)} idle`,
    });
    return result;
  };
  await measure("delivered", () => deliver(origin, size));
  const answer = await measure("synced truncated", () => phone.sync());
  await measure("attachment fetched inline", () => phone.fetch(answer, size / 2));
  await measure("attachment fetched multipart", () => phone.fetch(answer, size / 2, true));
  return rows;
}

/** A message whose attachment is made while it is sent. */
async function* message(bytes: number): AsyncGenerator<Uint8Array> {
  const text = new TextEncoder();
  yield text.encode(
    "From: bob@example.net\r\nTo: ada@example.org\r\nSubject: Film\r\nMIME-Version: 1.0\r\n" +
      'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n' +
      "Here it is.\r\n--b\r\nContent-Type: video/mp4\r\nContent-Transfer-Encoding: base64\r\n" +
      'Content-Disposition: attachment; filename="film.mp4"\r\n\r\n',
  );
  const lines = text.encode(`${"QUJD".repeat(19)}\r\n`.repeat(1000));
  for (let sent = 0; sent < bytes; sent += lines.length) yield lines;
  yield text.encode("--b--\r\n");
}

async function deliver(origin: string, bytes: number): Promise<void> {
  const response = await fetch(`${origin}/api/deliver`, {
    method: "POST",
    headers: {
      Authorization: `Basic ${btoa(`${address}:password`)}`,
      "Content-Type": "message/rfc822",
    },
    body: ReadableStream.from(message(bytes)),
    duplex: "half",
  } as RequestInit);
  if (!response.ok) throw new Error(`Cannot deliver: ${response.status} ${await response.text()}`);
  await response.body?.cancel();
}

/** A phone that reads answers away and keeps their beginning. */
function phoneAt(origin: string, inbox: string) {
  let key = "0";
  const ask = async (command: string, body: Element, multipart = false) => {
    const asked = request(origin, { account: address, device: "phone", command, body });
    if (multipart) asked.headers.set("MS-ASAcceptMultiPart", "T");
    const response = await fetch(asked);
    if (!response.ok) throw new Error(`Cannot ${command}: HTTP ${response.status}`);
    let [length, head] = [0, new Uint8Array()];
    for await (const chunk of response.body ?? []) {
      if (length === 0) head = chunk.slice(0, 4000);
      length += chunk.length;
    }
    return { length, head };
  };
  return {
    /** The beginning of the answer. */
    async sync(): Promise<Uint8Array> {
      const { length, head } = await ask("Sync", syncOf(key, inbox));
      if (length > 0) key = keyOf(head);
      return head;
    },
    /** Fetches the attachment that an answer named last. */
    async fetch(answer: Uint8Array, atLeast: number, multipart = false): Promise<void> {
      const { length } = await ask("ItemOperations", fetchOf(lastReference(answer)), multipart);
      if (length < atLeast) throw new Error(`Cannot measure: only ${length} bytes came`);
    },
  };
}

function fetchOf(reference: string): Element {
  return el(
    "ItemOperations:ItemOperations",
    el(
      "ItemOperations:Fetch",
      el("ItemOperations:Store", "Mailbox"),
      el("AirSyncBase:FileReference", reference),
    ),
  );
}

/** The FileReference that stands last in a document, read from its bytes. */
function lastReference(answer: Uint8Array): string {
  const fileReference = 0x51, text = 0x03;
  for (let at = answer.length - 2; at > 0; at--) {
    if (answer[at] !== fileReference || answer[at + 1] !== text) continue;
    return new TextDecoder().decode(answer.subarray(at + 2, answer.indexOf(0, at)));
  }
  throw new Error("Cannot find a FileReference in the answer");
}
