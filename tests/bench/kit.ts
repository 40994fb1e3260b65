// What benchmarks share: the whole program over a database file, and a phone that costs nothing.
import { loadConfig } from "../../core/config.ts";
import { createLog } from "../../core/log.ts";
import { type Account, accounts, type Storage, systemClock } from "../../core/mod.ts";
import { createProgram, type Program } from "../../core/program.ts";
import type { ListenOptions } from "../../core/serve/listener.ts";
import { el, type Element } from "../../plugins/eas/api.ts";
import eas from "../../plugins/eas/plugin.ts";
import { encode } from "../../plugins/eas/wbxml/mod.ts";
import mailbox from "../../plugins/mailbox/plugin.ts";
import smartsync from "../../plugins/smartsync/plugin.ts";
import { openSqlite } from "../../storage/sqlite/mod.ts";

/** The program as it serves, without a socket. */
export interface BenchApp {
  readonly program: Program;
  readonly storage: Storage;
  readonly fetch: ListenOptions["fetch"];
  addAccount(address: string): Promise<Account>;
  stop(): Promise<void>;
}

/**
 * Starts it over a database file, configured by `text` (TOML). Passwords (`password`) are hashed
 * cheaply: they are not measured.
 */
export async function benchApp(file: string, text = ""): Promise<BenchApp> {
  const plugins = [mailbox, eas, smartsync];
  const log = createLog({
    level: "error",
    format: "json",
    write: console.error,
    clock: systemClock,
  });
  const config = loadConfig({ file: { name: "bench.toml", text }, plugins });
  const program = createProgram({
    plugins,
    config,
    clock: systemClock,
    log,
    passwordCost: { ln: 4, r: 8, p: 1 },
  });
  const storage = await openSqlite(file);
  await program.open(storage);
  return {
    program,
    storage,
    fetch: program.app(),
    addAccount: (address) => program.host.one(accounts).add({ address, password: "password" }),
    stop: () => storage.close(),
  };
}

export interface Asked {
  readonly account: string;
  readonly device: string;
  readonly command: string;
  readonly body?: Element | Uint8Array<ArrayBuffer>;
  readonly version?: string;
  /** `password` unless told. */
  readonly password?: string;
}

/** A device's POST. */
export function request(origin: string, asked: Asked): Request {
  const { account, device, command, body, version = "16.1", password = "password" } = asked;
  const bytes = body && "tag" in body ? encode(body) : body;
  return new Request(
    `${origin}/Microsoft-Server-ActiveSync?Cmd=${command}&User=${account}&DeviceId=${device}&DeviceType=bench`,
    {
      method: "POST",
      headers: {
        Authorization: `Basic ${btoa(`${account}:${password}`)}`,
        "MS-ASProtocolVersion": version,
        ...(bytes && { "Content-Type": "application/vnd.ms-sync.wbxml" }),
      },
      ...(bytes && { body: bytes }),
    },
  );
}

/** A Sync of one collection. */
export function syncOf(key: string, collection: string, window = 100): Element {
  return el("AirSync:Sync", el("AirSync:Collections", collectionOf(key, collection, window)));
}

/** A collection in a Sync, with bodies as text up to 32 KB. */
export function collectionOf(key: string, collection: string, window = 100): Element {
  return el(
    "AirSync:Collection",
    el("AirSync:SyncKey", key),
    el("AirSync:CollectionId", collection),
    key === "0" ? undefined : el("AirSync:GetChanges"),
    el("AirSync:WindowSize", window),
    key === "0" ? undefined : el(
      "AirSync:Options",
      el("AirSync:FilterType", 0),
      el(
        "AirSyncBase:BodyPreference",
        el("AirSyncBase:Type", 1),
        el("AirSyncBase:TruncationSize", 32_768),
      ),
    ),
  );
}

/** A Search for mail with these words, bodies as text up to 500 bytes; the first `count`. */
export function searchOf(text: string, count: number): Element {
  return el(
    "Search:Search",
    el(
      "Search:Store",
      el("Search:Name", "Mailbox"),
      el(
        "Search:Query",
        el("Search:And", el("AirSync:Class", "Email"), el("Search:FreeText", text)),
      ),
      el(
        "Search:Options",
        el("Search:Range", `0-${count - 1}`),
        el(
          "AirSyncBase:BodyPreference",
          el("AirSyncBase:Type", 1),
          el("AirSyncBase:TruncationSize", 500),
        ),
      ),
    ),
  );
}

/** A Find for the same; `id` tells one from another. */
export function findOf(text: string, count: number, id = "bench"): Element {
  return el(
    "Find:Find",
    el("Find:SearchId", id),
    el(
      "Find:ExecuteSearch",
      el(
        "Find:MailBoxSearchCriterion",
        el("Find:Query", el("AirSync:Class", "Email"), el("Find:FreeText", text)),
        el("Find:Options", el("Find:Range", `0-${count - 1}`)),
      ),
    ),
  );
}

/**
 * The SyncKey of an answer, read from its bytes without decoding the rest: what the phone does with
 * an answer is not what is measured.
 */
export function keyOf(answer: Uint8Array): string {
  const syncKey = 0x4b, text = 0x03;
  for (let at = 4; at < answer.length; at++) {
    if (answer[at] !== syncKey || answer[at + 1] !== text) continue;
    return new TextDecoder().decode(answer.subarray(at + 2, answer.indexOf(0, at)));
  }
  throw new Error("Cannot find a SyncKey in the answer");
}

/** Whether an answer says MoreAvailable before its first command. */
export function hasMore(answer: Uint8Array): boolean {
  const moreAvailable = 0x14;
  return answer.subarray(0, 200).includes(moreAvailable);
}
