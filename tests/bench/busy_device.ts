// A device that syncs, searches and sends over HTTP, looks at every status, and counts what it got.
import { Buffer } from "node:buffer";
import { el, type Element } from "../../plugins/eas/api.ts";
import { decode } from "../../plugins/eas/wbxml/mod.ts";
import { collectionOf, findOf, request, searchOf } from "./kit.ts";

export type Deed = "Sync" | "Search" | "SendMail";

/** One request and its answer to the last byte; times in milliseconds, `begun` by performance.now. */
export interface Timing {
  readonly deed: Deed;
  readonly begun: number;
  readonly took: number;
}

/** Where the devices of a run write down what they saw. */
export interface Ledger {
  readonly timings: Timing[];
  /** HTTP errors and statuses other than success, and how often each came. */
  readonly errors: Map<string, number>;
}

export interface DevicePlace {
  readonly origin: string;
  readonly address: string;
  readonly name: string;
  readonly inbox: string;
}

/** A device in use. Its requests come one after the other. */
export class BusyDevice {
  /** How many messages it was given; each once, or the run is wrong. */
  readonly has = new Set<string>();
  readonly #place: DevicePlace;
  #key = "0";
  /** Mail that it got and has not marked as read. */
  readonly #unread: string[] = [];
  #sent = 0;

  constructor(place: DevicePlace) {
    this.#place = place;
  }

  /** Syncs until nothing new comes. */
  async catchUp(ledger: Ledger): Promise<void> {
    if (this.#key === "0") {
      const root = el("FolderHierarchy:FolderSync", el("FolderHierarchy:SyncKey", 0));
      await this.#ask("FolderSync", root, ledger);
      await this.sync(ledger);
    }
    while (await this.sync(ledger) > 0);
  }

  /** Marks a message as read, as people do, and takes what is new: how many messages came. */
  async sync(ledger: Ledger): Promise<number> {
    const read = this.#unread.pop();
    const change = read === undefined ? undefined : el(
      "AirSync:Commands",
      el(
        "AirSync:Change",
        el("AirSync:ServerId", read),
        el("AirSync:ApplicationData", el("Email:Read", 1)),
      ),
    );
    const { children } = collectionOf(this.#key, this.#place.inbox);
    const collection = el("AirSync:Collection", ...children, change);
    const body = el("AirSync:Sync", el("AirSync:Collections", collection));
    const answer = await this.#measured("Sync", "Sync", body, ledger);
    return answer === undefined ? 0 : this.#learn(answer, ledger);
  }

  #learn(answer: Uint8Array, ledger: Ledger): number {
    const root = decode(answer);
    const collection = root.child("AirSync:Collections")?.child("AirSync:Collection");
    if (!succeeded("Sync", collection?.textOf("AirSync:Status"), ledger)) return 0;
    this.#key = collection!.textOf("AirSync:SyncKey")!;
    const adds = collection!.child("AirSync:Commands")?.all("AirSync:Add") ?? [];
    for (const add of adds) {
      const id = add.textOf("AirSync:ServerId")!;
      if (this.has.has(id)) note(ledger, "Sync brought a message twice");
      this.has.add(id);
      if (add.child("AirSync:ApplicationData")?.textOf("Email:Read") === "0") this.#unread.push(id);
    }
    for (const failed of collection!.child("AirSync:Responses")?.children ?? []) {
      succeeded("Sync, mark as read", failed.textOf("AirSync:Status"), ledger);
    }
    return adds.length;
  }

  /** Looks for words, as phones of either generation do. */
  async search(text: string, find: boolean, ledger: Ledger): Promise<void> {
    const [command, body] = find ? ["Find", findOf(text, page)] : ["Search", searchOf(text, page)];
    const answer = await this.#measured("Search", command, body, ledger);
    if (answer === undefined) return;
    const root = decode(answer);
    const status = find
      ? root.child("Find:Response")?.textOf("Find:Status")
      : root.child("Search:Response")?.child("Search:Store")?.textOf("Search:Status");
    succeeded(command, status, ledger);
  }

  /** Sends a short letter and keeps a copy. True: the server has taken it. */
  async send(to: string, text: string, ledger: Ledger): Promise<boolean> {
    const { address, name } = this.#place;
    const mime = `From: ${address}\r\nTo: ${to}\r\nSubject: ${text.slice(0, 40)}\r\n` +
      `MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${text}\r\n`;
    const body = el(
      "ComposeMail:SendMail",
      el("ComposeMail:ClientId", `${name}-${this.#sent++}`),
      el("ComposeMail:SaveInSentItems"),
      el("ComposeMail:Mime", Buffer.from(mime)),
    );
    const answer = await this.#measured("SendMail", "SendMail", body, ledger);
    if (answer === undefined) return false;
    // An empty body is the success.
    return answer.length === 0 ||
      succeeded("SendMail", decode(answer).textOf("ComposeMail:Status"), ledger);
  }

  async #measured(deed: Deed, command: string, body: Element, ledger: Ledger) {
    const begun = performance.now();
    const answer = await this.#ask(command, body, ledger);
    if (answer) ledger.timings.push({ deed, begun, took: performance.now() - begun });
    // An empty Sync says that nothing changed.
    return deed === "Sync" && answer?.length === 0 ? undefined : answer;
  }

  async #ask(
    command: string,
    body: Element,
    ledger: Ledger,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const { origin, address, name } = this.#place;
    try {
      const response = await fetch(
        request(origin, { account: address, device: name, command, body }),
      );
      const bytes = new Uint8Array(await response.arrayBuffer());
      if (response.status === 200) return bytes;
      note(ledger, `${command}: HTTP ${response.status}`);
    } catch (error) {
      note(ledger, `${command}: ${error instanceof Error ? error.message : error}`);
    }
    return undefined;
  }
}

function succeeded(what: string, status: string | undefined, ledger: Ledger): boolean {
  if (status !== "1") note(ledger, `${what}: Status ${status}`);
  return status === "1";
}

function note({ errors }: Ledger, error: string): void {
  errors.set(error, (errors.get(error) ?? 0) + 1);
}

const page = 50;
