// What tests of EAS share: a program with EAS over mailboxes in memory, and requests to it.
import { Command } from "commander";
import {
  type Account,
  accounts,
  type Authenticator,
  authenticator,
  type CliContext,
  definePlugin,
  type Plugin,
  type Storage,
} from "../core/mod.ts";
import {
  localBackend,
  migrations as localMigrations,
} from "../plugins/mailbox/backends/local/mod.ts";
import { memoryBackend } from "../plugins/mailbox/backends/memory/mod.ts";
import {
  type Backend,
  backend,
  delivery,
  type Mailbox,
  mailboxes,
  type Outgoing,
} from "../plugins/mailbox/api.ts";
import { easCommand } from "../plugins/eas/eas_command.ts";
import { decode } from "../plugins/eas/wbxml/decode.ts";
import { encode } from "../plugins/eas/wbxml/encode.ts";
import type { Element } from "../plugins/eas/wbxml/element.ts";
import eas from "../plugins/eas/plugin.ts";
import { fakeClock } from "./kit.ts";
import { type TestApp, testApp } from "./kit_app.ts";

/** A message that was handed in to be sent. */
export interface SentMessage {
  readonly account: Account;
  readonly message: Outgoing;
  readonly text: string;
  readonly token: string;
}

export interface EasApp extends TestApp {
  readonly anna: Account;
  /** What went out, each token once. */
  readonly sent: readonly SentMessage[];
  /** The mailbox of an account, as requests see it. */
  mailbox(account?: Account): Mailbox;
  /** Sends a request of Anna's phone. */
  ask(command: string, options?: AskOptions): Promise<Response>;
}

export interface EasAppOptions {
  readonly plugins?: readonly Plugin[];
  readonly config?: Readonly<Record<string, unknown>>;
  /** Puts something between EAS and the mailbox. */
  readonly wrap?: (mailbox: Mailbox) => Mailbox;
  /** Called in place of sending. */
  readonly send?: (message: SentMessage) => Promise<void>;
  /** One more check of passwords. */
  readonly authenticator?: Authenticator;
  /** A database that stays open when the program stops: for what a second start finds. */
  readonly storage?: Storage;
  /** Where mailboxes are kept: in memory unless told, or by the embedded store. */
  readonly store?: "memory" | "local";
}

export interface AskOptions {
  readonly version?: string;
  /** The document, or bytes that pretend to be one. */
  readonly body?: Element | Uint8Array | ReadableStream<Uint8Array>;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** More parameters of the query: `&SaveInSent=T`. */
  readonly more?: string;
  readonly deviceId?: string;
  readonly user?: string;
  readonly password?: string;
  readonly signal?: AbortSignal;
}

/** Starts a program with EAS, an account anna@example.org (password `password`) and no sync state. */
export async function easApp(options: EasAppOptions = {}): Promise<EasApp> {
  const sent: SentMessage[] = [];
  const clock = fakeClock();
  const isLocal = options.store === "local";
  let store: Backend = memoryBackend({ clock, send: sending(sent, options.send) });
  const open = (account: Account) => {
    const mailbox = store.open(account);
    return options.wrap?.(mailbox) ?? mailbox;
  };
  const mailbox = definePlugin({
    id: "mailbox",
    summary: "Mailboxes in memory",
    owns: [backend, mailboxes, delivery],
    migrations: isLocal ? localMigrations : [],
    contributes({ db, log }) {
      if (isLocal) store = localBackend({ db, clock, log, send: sending(sent, options.send) });
      return [
        mailboxes.of({ open }),
        ...(options.authenticator ? [authenticator.of(options.authenticator)] : []),
      ];
    },
  });
  const app = await testApp({
    plugins: [mailbox, eas, ...options.plugins ?? []],
    config: options.config ?? {},
    clock,
    ...(options.storage && { storage: options.storage }),
  });
  const anna = await app.program.host.one(accounts).find("anna@example.org") ??
    await app.addAccount({ address: "anna@example.org", name: "Anna Berg" });
  return {
    ...app,
    get logged() {
      return app.logged;
    },
    anna,
    sent,
    mailbox: (account = anna) => open(account),
    ask: (command, asked) => app.fetch(easRequest(command, asked)),
  };
}

/** Remembers what is sent, each token once, as the contract says. */
function sending(sent: SentMessage[], instead?: (message: SentMessage) => Promise<void>) {
  return async (account: Account, message: Outgoing, token: string) => {
    if (sent.some((other) => other.token === token && other.account.id === account.id)) return;
    const one = { account, message, token, text: await textOf(message.mime) };
    if (instead) await instead(one);
    sent.push(one);
  };
}

async function textOf(mime: Outgoing["mime"]): Promise<string> {
  if (mime instanceof Uint8Array) return new TextDecoder().decode(mime);
  let text = "";
  for await (const chunk of mime) text += new TextDecoder().decode(chunk);
  return text;
}

/** A POST with a plain query. */
export function easRequest(command: string, options: AskOptions = {}): Request {
  const { version = "16.1", body, deviceId = "PHONE1", signal } = options;
  const bytes = body && "tag" in body ? encode(body) : body;
  const query = `Cmd=${command}&User=anna&DeviceId=${deviceId}&DeviceType=iPhone${
    options.more ?? ""
  }`;
  return new Request(`https://mail.example.org/Microsoft-Server-ActiveSync?${query}`, {
    method: "POST",
    headers: {
      Authorization: basic(options.user, options.password),
      "MS-ASProtocolVersion": version,
      ...(bytes && { "Content-Type": options.contentType ?? "application/vnd.ms-sync.wbxml" }),
      ...(bytes instanceof Uint8Array && { "Content-Length": String(bytes.length) }),
      ...options.headers,
    },
    ...(bytes && { body: bytes as BodyInit, duplex: "half" }),
    ...(signal && { signal }),
  });
}

/** Runs `eas …` on the database of an app; answers the lines that it prints. */
export async function runEas(app: EasApp, ...words: string[]): Promise<string[]> {
  const lines: string[] = [];
  const context: CliContext = {
    open: async () => ({
      host: app.host("eas"),
      storage: app.db as never,
      close: () => Promise.resolve(),
    }),
    print: (line) => void lines.push(line),
    json: (value) => void lines.push(JSON.stringify(value)),
    stdin: () => Promise.resolve(""),
  };
  const program = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  easCommand(program, context);
  await program.parseAsync(["eas", ...words], { from: "user" });
  return lines;
}

/** An Authorization header; Anna's unless told. */
export function basic(user = "anna@example.org", password = "password"): string {
  const bytes = new TextEncoder().encode(`${user}:${password}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}

/** The document of an answer. */
export async function documentOf(response: Response): Promise<Element> {
  return decode(new Uint8Array(await response.arrayBuffer()));
}

/** A document as indented text, so that tests compare names, contents and order at once. */
export function shown(element: Element, indent = ""): string {
  const { tag, value, children } = element;
  if (children.length > 0) {
    return `${indent}${tag}\n${children.map((child) => shown(child, `${indent}  `)).join("")}`;
  }
  const text = value instanceof Uint8Array ? `<${value.length} bytes>` : element.text;
  return `${indent}${tag}${text === "" ? "" : ` ${text}`}\n`;
}

/** A mailbox that behaves as told in some methods, and as `mailbox` in all others. */
export function altered(mailbox: Mailbox, methods: Partial<Mailbox>): Mailbox {
  return new Proxy(mailbox, {
    get(target, name) {
      const own = (methods as Record<string | symbol, unknown>)[name];
      const value = own ?? Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(own ? methods : target) : value;
    },
  });
}
