// What tests of the sync engine share: a program with the sync engine, mail that arrives, phones that sync.
import { type EasApp, easApp, type EasAppOptions } from "./kit_eas.ts";
import type { Plugin } from "../core/mod.ts";
import smartsync from "../plugins/smartsync/plugin.ts";
import type { Marks } from "../plugins/mailbox/api.ts";
import {
  type EasClient,
  easClient,
  type Fetch,
  Phone,
  type PhoneOptions,
} from "../plugins/eas/client/mod.ts";
import type { Version } from "../plugins/eas/versions.ts";

export const minute = 60_000, hour = 60 * minute, day = 24 * hour;

export interface Engine extends EasApp {
  /** The ids of Anna's folders by role. */
  readonly inbox: string;
  readonly trash: string;
  /** Puts a mail into a folder (the inbox); `age` in milliseconds. */
  arrives(subject: string, options?: Arrival): Promise<string>;
  client(options?: ClientChoice): EasClient;
  phone(options?: ClientChoice & PhoneOptions): Promise<Phone>;
}

export interface Arrival {
  readonly age?: number;
  readonly folder?: string;
  readonly body?: string;
  readonly marks?: Partial<Marks>;
  /** The conversation that it answers in; default: none. */
  readonly thread?: string;
}

export interface ClientChoice {
  readonly id?: string;
  /** The DeviceType. */
  readonly type?: string;
  readonly version?: Version;
  readonly fetch?: (inner: Fetch) => Fetch;
}

/** `state`: the plugin that fills `eas.syncState`. */
export async function engine(
  options: EasAppOptions = {},
  state: Plugin = smartsync,
): Promise<Engine> {
  const app = await easApp({ ...options, plugins: [state, ...options.plugins ?? []] });
  const box = app.mailbox();
  const { changes } = await box.folders(undefined);
  const folderOf = (role: string) => changes.find(({ folder }) => folder?.role === role)!.id;
  let count = 0;
  const client = (
    { id = "PHONE1", type = "Test", version = "16.1", fetch = (inner) => inner }: ClientChoice = {},
  ) =>
    easClient({
      url: "https://mail.example.org/Microsoft-Server-ActiveSync",
      user: app.anna.address,
      password: "password",
      deviceId: id,
      deviceType: type,
      version,
      fetch: fetch((request) => app.fetch(request)),
    });
  return Object.assign(Object.create(app) as EasApp, {
    inbox: folderOf("inbox"),
    trash: folderOf("trash"),
    async arrives(
      subject: string,
      { age = 0, folder, body = "Hello", marks, thread }: Arrival = {},
    ) {
      const mime = new TextEncoder().encode(
        `From: bert@example.org\r\nTo: anna@example.org\r\nSubject: ${subject}\r\n` +
          (thread ? `References: <${thread}@example.org>\r\n` : "") +
          `Message-ID: <${++count}@example.org>\r\n\r\n${body}\r\n`,
      );
      const state = await box.create(
        folder ?? folderOf("inbox"),
        { mime, date: app.clock.now() - age, ...(marks && { marks }) },
        `arrival ${count}`,
      );
      return state.id;
    },
    client,
    async phone(options: ClientChoice & PhoneOptions = {}) {
      const phone = new Phone(client(options), options);
      await phone.syncFolders();
      return phone;
    },
  });
}

/** The subjects that a phone shows in a folder, sorted. */
export function subjects(phone: Phone, folder: string): string[] {
  return [...phone.collection(folder).items.values()]
    .map(({ fields }) => fields.get("Email:Subject")?.text ?? "").sort();
}

let writes = 0;
/** A token for a write from elsewhere. */
export const elsewhere = () => `elsewhere ${++writes}`;

/** A line that loses what it is told to lose, once each time. */
export interface Line {
  readonly fetch: (inner: Fetch) => Fetch;
  /** What happens to the next request. */
  next: "arrives" | "request is lost" | "answer is lost";
  /** Bytes of answers that were lost, as documents were not read. */
  lost: number;
}

export function line(): Line {
  const line: Line = {
    next: "arrives",
    lost: 0,
    fetch: (inner) => async (request) => {
      const { next } = line;
      line.next = "arrives";
      if (next === "request is lost") throw new TypeError("the request was lost");
      const response = await inner(request);
      if (next === "arrives") return response;
      line.lost += (await response.arrayBuffer()).byteLength;
      throw new TypeError("the answer was lost");
    },
  };
  return line;
}
