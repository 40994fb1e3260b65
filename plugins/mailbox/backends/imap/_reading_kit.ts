// For tests of reading: a mailbox on a real server, with the plainest parts around the reader.
import type { ImapFlow } from "imapflow";
import { ImapFlow as Flow } from "imapflow";
import { NotFound } from "../../api.ts";
import { Buffer } from "node:buffer";
import type { MailServer, User } from "../../../../tests/servers/mail_server.ts";
import type { ItemIndex, Located } from "./items/item_index.ts";
import type { Place } from "./folders/places.ts";
import type { Reading } from "./reading/read.ts";

/** A connection of a user, for what only tests do. */
export async function logIn(server: { host: string; port: number }, user: User): Promise<ImapFlow> {
  const client = new Flow({
    host: server.host,
    port: server.port,
    secure: false,
    doSTARTTLS: false,
    auth: { user: user.address, pass: user.password },
    logger: false,
    disableAutoIdle: true,
  });
  client.on("error", () => {});
  await client.connect();
  return client;
}

/** Everything that reading needs, on one connection; items have the id `FOLDER.UID`. */
export async function plainReading(
  client: () => Promise<ImapFlow>,
): Promise<Reading & { id(path: string, uid: number): string }> {
  const list = await (await client()).list();
  const places = list.map(({ path, delimiter, specialUse }, at): Place => ({
    id: `f${at}`,
    number: at,
    path,
    delimiter,
    role: path === "INBOX" ? "inbox" : specialUse?.slice(1).toLowerCase() as Place["role"],
    selectable: true,
    rights: undefined,
  }));
  return {
    connections: plainConnections(client),
    places: plainPlaces(places),
    index: plainIndex(),
    id: (path, uid) => `f${places.findIndex((place) => place.path === path)}.${uid}`,
  };
}

function plainConnections(client: () => Promise<ImapFlow>): Reading["connections"] {
  return {
    async inFolder(path, work, { repeatable = false } = {}) {
      for (let tries = 1;; tries++) {
        const flow = await client();
        try {
          const lock = await flow.getMailboxLock(path);
          try {
            if (!flow.mailbox) throw new NotFound(`Cannot open ${path}`);
            return await work({ client: flow, mailbox: flow.mailbox });
          } finally {
            lock.release();
          }
        } catch (error) {
          if (!repeatable || tries === 2 || flow.usable) throw error;
        }
      }
    },
  };
}

function plainPlaces(list: readonly Place[]): Reading["places"] {
  return {
    place(id) {
      const place = list.find((each) => each.id === id);
      return place ? Promise.resolve(place) : Promise.reject(new NotFound(`Cannot find ${id}`));
    },
    all: () => Promise.resolve(list),
    refresh: () => Promise.resolve(),
  };
}

function plainIndex(): ItemIndex {
  const located = (folder: string, uid: number): Located => ({
    id: `${folder}.${uid}`,
    folder,
    uid,
    validity: "",
    revision: "1",
    extra: undefined,
  });
  return {
    locate: (ids) =>
      Promise.resolve(
        new Map(ids.flatMap((id) => {
          const [, folder, uid] = /^(f\d+)\.(\d+)$/.exec(id) ?? [];
          return folder ? [[id, located(folder, Number(uid))] as const] : [];
        })),
      ),
    identify: ({ id }, _open, uids) =>
      Promise.resolve(new Map(uids.map((uid) => [uid, located(id, uid)]))),
    settle: () => Promise.resolve(false),
  };
}

/** A user of the server whose inbox holds these messages; `sent` is what is sent from then on. */
export async function filledMailbox(server: MailServer, mails: Iterable<Uint8Array | string>) {
  const user = await server.addUser();
  const client = await logIn(server, user);
  const uids: number[] = [];
  for (const mime of mails) {
    const put = await client.append("INBOX", Buffer.from(mime));
    if (!put || !put.uid) throw new Error("Cannot fill: the server gives no UID");
    uids.push(put.uid);
  }
  const sent: string[] = [];
  counted(client, sent);
  const reading = await plainReading(() => Promise.resolve(client));
  return { user, client, reading, sent, ids: uids.map((uid) => reading.id("INBOX", uid)) };
}

/** Writes down the commands that a connection sends. */
function counted(client: ImapFlow, sent: string[]): void {
  const inside = client as unknown as {
    exec(name: string, words: unknown[], more: unknown): unknown;
  };
  const exec = inside.exec.bind(client);
  inside.exec = (name, words, more) => {
    sent.push(`${name} ${JSON.stringify(words)}`);
    return exec(name, words, more);
  };
}

/** A plain message. */
export const letter = (subject: string, type: string, body: string, encoding = "8bit") =>
  [
    "From: Mara <mara@example.net>",
    `Subject: ${subject}`,
    "Message-ID: <" + subject.replace(/\W/g, "") + "@example.net>",
    `Content-Type: ${type}`,
    `Content-Transfer-Encoding: ${encoding}`,
    "",
    body,
  ].join("\r\n");
