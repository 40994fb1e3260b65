// Plays a conversation in one version against a server in this process.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Flag, type Mailbox, mailboxes, noMarks } from "../../plugins/mailbox/api.ts";
import { plugins } from "../../plugins/manifest.ts";
import { decode, el, Element, encode, show } from "../../plugins/eas/wbxml/mod.ts";
import { atLeast, type Version } from "../../plugins/eas/versions.ts";
import { settle } from "../kit.ts";
import { type TestApp, testApp } from "../kit_app.ts";
import { basic } from "../kit_eas.ts";
import { root } from "../sources.ts";
import type { Client, Conversation, Step } from "./conversation.ts";
import { Names } from "./names.ts";
import { slow } from "./slow.ts";

/** What came back: as text for the file, and the documents for the schemas. */
export interface Played {
  readonly answers: readonly (string | undefined)[];
  readonly documents: readonly Element[];
}

/** The messages of Anna's inbox at the start, oldest first; each arrives an hour after the other. */
const mail = ["welcome.eml", "newsletter.eml", "photo.eml"];

/** Plays the steps that are for `version`. */
export async function play(conversation: Conversation, version: Version): Promise<Played> {
  const app = await testApp({ plugins: [...plugins, slow], config: configOf(conversation.config) });
  try {
    const anna = await app.addAccount({ address: "anna@example.org", name: "Anna Berg" });
    // Somebody to write to: without a relay, other mail comes back.
    await app.addAccount({ address: "cleo@example.org", name: "Cleo" });
    const player = new Player(app, app.host().one(mailboxes).open(anna), {
      version,
      client: conversation.client,
    });
    for (const [index, name] of mail.entries()) {
      await player.deliver(name, app.clock.now() - (mail.length - index) * 3_600_000);
    }
    const answers: (string | undefined)[] = [];
    for (const step of conversation.steps) {
      answers.push(step.versions.includes(version) ? await player.step(step) : undefined);
    }
    return { answers, documents: player.documents };
  } finally {
    await app.stop();
  }
}

function configOf(lines: readonly string[]): Record<string, unknown> {
  const config: Record<string, unknown> = {};
  for (const line of lines) {
    const match = /^(\w+)(?:\.(\w+))? = (.+)$/.exec(line);
    if (!match) throw new SyntaxError(`Cannot read an option: "${line}"`);
    const [, section, name, value] = match;
    const option = JSON.parse(value!);
    config[section!] = name ? { ...config[section!] as object, [name]: option } : option;
  }
  return config;
}

/** Who speaks, and in which version. */
interface Speaker {
  readonly version: Version;
  readonly client: Client | undefined;
}

class Player {
  readonly documents: Element[] = [];
  readonly #app: TestApp;
  readonly #speaker: Speaker;
  readonly #mailbox: Mailbox;
  readonly #names = new Names();
  #token = 0;

  constructor(app: TestApp, mailbox: Mailbox, speaker: Speaker) {
    this.#app = app;
    this.#speaker = speaker;
    this.#mailbox = mailbox;
  }

  async step(step: Step): Promise<string> {
    for (const action of step.before) await this.#act(action);
    const before = this.#app.clock.pending;
    const pending = this.#app.fetch(this.#request(step));
    let answered = false;
    const mark = () => answered = true;
    pending.then(mark, mark);
    if (step.meanwhile.length > 0) {
      await until(() => answered || this.#app.clock.pending > before);
      if (answered) throw new Error(`Cannot act while "${step.command}" waits: it did not wait`);
      for (const action of step.meanwhile) await this.#act(action);
    }
    await until(() => answered, `"${step.command}" waits: tell what happens meanwhile`);
    return await this.#shown(await pending);
  }

  /** Puts a message of `mail/` into the inbox. */
  async deliver(name: string, date = this.#app.clock.now()): Promise<void> {
    const mime = await readFile(join(root, "tests", "wire", "mail", name));
    const { changes } = await this.#mailbox.folders(undefined);
    const inbox = changes.find(({ folder }) => folder?.role === "inbox")!;
    await this.#mailbox.create(inbox.id, { mime, date }, `wire-${++this.#token}`);
  }

  #request({ command, more, headers, body }: Step): Request {
    const isOptions = command === "OPTIONS";
    const isQuery = command.startsWith("?");
    const { version, client } = this.#speaker;
    const device = `DeviceId=${client?.deviceId ?? "PHONE1"}&DeviceType=${
      client?.deviceType ?? "iPhone"
    }`;
    const query = isOptions
      ? ""
      : isQuery
      ? command
      : `?Cmd=${command}&User=anna&${device}${this.#names.resolve(more)}`;
    const bytes = body instanceof Element
      ? encode(dressed(this.#names.resolved(body), version))
      : body;
    const all = new Headers({
      Authorization: basic(),
      ...(!isOptions && !isQuery && { "MS-ASProtocolVersion": version }),
      ...(client && { "User-Agent": client.userAgent }),
      ...(bytes && {
        "Content-Type": "application/vnd.ms-sync.wbxml",
        "Content-Length": String(bytes.length),
      }),
    });
    for (const [name, value] of headers) {
      if (value === "(none)") all.delete(name);
      else all.set(name, this.#names.resolve(value));
    }
    return new Request(`https://mail.example.org/Microsoft-Server-ActiveSync${query}`, {
      method: isOptions ? "OPTIONS" : "POST",
      headers: all,
      ...(bytes && { body: bytes as BodyInit }),
    });
  }

  async #act(action: string): Promise<void> {
    const [verb, ...words] = action.split(" ");
    const target = this.#names.resolve(words.join(" "));
    const token = `wire-${++this.#token}`;
    switch (verb) {
      case "deliver":
        return await this.deliver(target);
      case "read":
        await this.#mailbox.mark(target, { read: true }, token);
        return;
      case "flag": {
        const flag: Flag = { status: "active", type: "Follow up" };
        await this.#mailbox.mark(target, { flag, keywords: noMarks.keywords }, token);
        return;
      }
      case "remove":
        return await this.#mailbox.remove(target, token);
      case "tick":
        return await this.#app.clock.tick(Number(target) * 1000);
      default:
        throw new SyntaxError(`Cannot do "${action}"`);
    }
  }

  async #shown(response: Response): Promise<string> {
    const bytes = new Uint8Array(await response.arrayBuffer());
    const type = response.headers.get("content-type") ?? "";
    const lines = [String(response.status)];
    for (const [name, value] of response.headers) {
      if (told.test(name)) lines.push(`${name}: ${value}`);
    }
    if (bytes.length === 0) lines.push("(no body)");
    else if (type === "application/vnd.ms-sync.wbxml") lines.push(this.#document(bytes));
    else if (type === "application/vnd.ms-sync.multipart") lines.push(...this.#parts(bytes));
    else lines.push(raw(bytes));
    return lines.join("\n");
  }

  #document(bytes: Uint8Array): string {
    const document = decode(bytes);
    this.documents.push(document);
    return show(this.#names.named(document), { bodies: true });
  }

  // MS-ASCMD 2.2.1.10.1.1
  #parts(bytes: Uint8Array): string[] {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const count = view.getUint32(0, true);
    return Array.from({ length: count }, (_, index) => {
      const start = view.getUint32(4 + index * 8, true);
      const part = bytes.subarray(start, start + view.getUint32(8 + index * 8, true));
      const shown = index === 0 ? this.#document(part) : raw(part);
      return `part ${index}:\n${shown}`;
    });
  }
}

/** Up to 12.0 a collection says its class: what a conversation leaves out is put in. */
function dressed(element: Element, version: Version): Element {
  if (atLeast(version, "12.1") || element.children.length === 0) return element;
  const children = element.children.map((child) => dressed(child, version));
  const lacks = element.tag === "AirSync:Collection" && !element.child("AirSync:Class");
  return new Element(element.tag, lacks ? [el("AirSync:Class", "Email"), ...children] : children);
}

/** Text as a JSON string, everything else as hex. */
function raw(bytes: Uint8Array): string {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (!text.includes("\0")) return JSON.stringify(text);
  } catch {
    // No text, then.
  }
  return `0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/** Headers that are part of the protocol; the others are the server's own business. */
const told = /^(content-type|ms-|x-ms-|retry-after|www-authenticate|allow|location)/;

/** Lets the server work until `condition` holds. */
async function until(condition: () => boolean, message = "it neither answers nor waits") {
  const end = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`Cannot go on: ${message}`);
    await settle();
  }
}
