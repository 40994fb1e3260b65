// What tests of the flow of mail share: accounts from a list, a backend that keeps what it is given.
import type { AddressInfo, Socket } from "node:net";
import { SMTPServer, type SMTPServerAddress, type SMTPServerOptions } from "smtp-server";
import type { Account, Accounts, Log } from "../core/mod.ts";
import type { Backend, Folder, ItemState, Mailbox, Marks } from "../plugins/mailbox/api.ts";
import { noMarks } from "../plugins/mailbox/api.ts";
import { bytesOf, collect } from "../plugins/mailbox/bytes.ts";

/** A log that keeps its lines. */
export interface KeptLog extends Log {
  readonly lines: { level: string; fields: object; message: string }[];
}

export function keptLog(lines: KeptLog["lines"] = []): KeptLog {
  const at = (level: string) => (fields: object, message: string) => {
    lines.push({ level, fields, message });
  };
  return {
    lines,
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: () => keptLog(lines),
  };
}

export function account(id: number, address: string, more: Partial<Account> = {}): Account {
  return { id, address, name: "", aliases: [], admin: false, disabled: false, ...more };
}

/** Accounts that can only be looked at. */
export function accountsOf(...all: readonly Account[]): Accounts {
  const no = () => Promise.reject(new Error("Cannot change these accounts: they are a test's"));
  const has = (one: Account, address: string) =>
    [one.address, ...one.aliases].includes(address.toLowerCase());
  return {
    find: (address) => Promise.resolve(all.find((one) => has(one, address))),
    get: (id) => Promise.resolve(all.find((one) => one.id === id)),
    meant: (user) => Promise.resolve(all.find((one) => has(one, user))),
    list: () => Promise.resolve([...all]),
    withoutPassword: () => Promise.resolve(new Set()),
    add: no,
    setPassword: no,
    setDisabled: no,
    remove: no,
    addAppPassword: no,
    appPasswords: no,
    revokeAppPassword: no,
    useAppPassword: no,
  };
}

/** A message that the backend has. */
export interface Kept {
  readonly account: number;
  readonly folder: string;
  readonly token: string;
  readonly marks: Marks;
  readonly date: number | undefined;
  readonly text: string;
}

export interface KeepingBackend extends Backend {
  readonly kept: Kept[];
  /** The texts in a folder of an account. */
  texts(account: number, folder: string): string[];
  /** Set: every write fails with it, after it has read `failAfter` bytes. */
  fail: Error | undefined;
}

const names: readonly (readonly [string, Folder["role"]])[] = [
  ["Inbox", "inbox"],
  ["Drafts", "drafts"],
  ["Sent", "sent"],
  ["Trash", "trash"],
  ["Junk", "junk"],
];

/** A backend with the special folders that keeps what it is given, once per token and account. */
export function keepingBackend(options: { deliver?: boolean } = {}): KeepingBackend {
  const kept: Kept[] = [];
  const folders: Folder[] = names.map(([name, role]) => ({
    id: name.toLowerCase(),
    parent: undefined,
    name,
    class: "mail",
    role,
  }));
  const backend: KeepingBackend = {
    id: "keeping",
    kept,
    fail: undefined,
    texts: (account, folder) =>
      kept.filter((one) => one.account === account && one.folder === folder)
        .map(({ text }) => text),
    open: (account) => mailbox(account) as Mailbox,
    ...(options.deliver !== false && {
      async deliver(mime: AsyncIterable<Uint8Array>, to: readonly Account[], token: string) {
        const bytes = await collect(mime);
        if (backend.fail) throw backend.fail;
        for (const one of to) keep(one, "inbox", bytes, token, {}, undefined);
      },
    }),
  };
  function keep(
    { id }: Account,
    folder: string,
    bytes: Uint8Array,
    token: string,
    marks: Partial<Marks>,
    date: number | undefined,
  ): void {
    if (kept.some((one) => one.account === id && one.token === token)) return;
    const text = new TextDecoder().decode(bytes);
    kept.push({ account: id, folder, token, marks: { ...noMarks, ...marks }, date, text });
  }
  function mailbox(owner: Account): Partial<Mailbox> {
    return {
      folders: () =>
        Promise.resolve({
          changes: folders.map((folder) => ({ id: folder.id, folder })),
          cursor: "1",
          more: false,
        }),
      async create(folder, item, token): Promise<ItemState> {
        const bytes = await collect(bytesOf(item.mime));
        if (backend.fail) throw backend.fail;
        keep(owner, folder, bytes, token, item.marks ?? {}, item.date);
        return { id: token, date: 0, revision: "1", marks: noMarks };
      },
    };
  }
  return backend;
}

/** Text as a stream, in chunks of `size` bytes. */
export async function* chunks(text: string, size = 1000): AsyncGenerator<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += size) {
    await Promise.resolve();
    yield bytes.subarray(at, at + size);
  }
}

/** A relay on this machine as configured: whatever is not about a test. */
export const plainRelay = {
  host: "localhost",
  port: 0,
  security: "none" as "none" | "starttls" | "tls",
  user: "",
  password: "",
  passwordFile: "",
  caFile: "",
  name: "",
  parallel: 1,
  retry: [60],
  giveUpAfter: 3600,
  warnAfter: 1800,
};

/** A message that the fake relay accepted. */
export interface Relayed {
  readonly from: string;
  readonly to: readonly string[];
  readonly text: string;
}

export interface FakeRelay {
  readonly port: number;
  readonly got: Relayed[];
  /** What RCPT TO answers for an address; undefined: 250. */
  recipient: (address: string) => { code: number; text: string } | undefined;
  /** What the end of DATA answers; `hang up`: the message is taken, the answer is lost. */
  data: () => { code: number; text: string } | "hang up" | undefined;
  readonly logins: string[];
  /** Drops every connection. */
  hangUp(): void;
  close(): Promise<void>;
}

/** A real SMTP server on a free port of this machine that keeps what it accepts. */
export async function fakeRelay(options: SMTPServerOptions = {}): Promise<FakeRelay> {
  const refusal = ({ code, text }: { code: number; text: string }) =>
    Object.assign(new Error(text), { responseCode: code });
  const sockets = new Set<Socket>();
  const server = new SMTPServer({
    disabledCommands: ["AUTH", "STARTTLS"],
    authOptional: true,
    disableReverseLookup: true,
    closeTimeout: 100,
    logger: false,
    onAuth({ username, password }, _session, done) {
      relay.logins.push(`${username}:${password}`);
      if (password === "wrong") return done(refusal({ code: 535, text: "5.7.8 no" }));
      done(null, { user: username });
    },
    onRcptTo({ address }, _session, done) {
      const answer = relay.recipient(address);
      done(answer && refusal(answer));
    },
    onData(stream, session, done) {
      collect(stream).then((bytes) => {
        const answer = relay.data();
        if (answer && answer !== "hang up") return done(refusal(answer));
        relay.got.push({
          from: (session.envelope.mailFrom as SMTPServerAddress).address,
          to: session.envelope.rcptTo.map(({ address }) => address),
          text: new TextDecoder().decode(bytes),
        });
        if (answer === "hang up") { for (const socket of sockets) socket.destroy(); }
        else done();
      }, done);
    },
    ...options,
  });
  server.server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.on("error", () => {}); // a client that goes away is part of some tests
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const relay: FakeRelay = {
    port: (server.server.address() as AddressInfo).port,
    got: [],
    recipient: () => undefined,
    data: () => undefined,
    logins: [],
    hangUp: () => sockets.forEach((socket) => socket.destroy()),
    close: () => new Promise((resolve) => server.close(resolve)),
  };
  return relay;
}
