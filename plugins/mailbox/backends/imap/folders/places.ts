// Where folders are: their ids, which last for ever, and their paths, which do not.
import type { MailboxObject } from "imapflow";
import type { Account, Clock, Database } from "../../../../../core/mod.ts";
import { NotFound, type Page, Refused } from "../../../api.ts";
import { parentsFirst, specialFolders } from "../../../folders.ts";
import type { Cursor, FolderChange, FolderId, Role } from "../../../model.ts";
import type { Connections } from "../connections/connections.ts";
import { type FolderNumbers, openNumbers } from "./folder_numbers.ts";
import { FolderSurvey } from "./folder_survey.ts";
import type { Listed } from "./folder_list.ts";
import { folderWord } from "./mailbox_name.ts";
import { folderOfRow, placeId, placeNumber, type PlaceRow, readPlaces } from "./place_rows.ts";
import { atom, command } from "../connections/raw.ts";
import { reconcile } from "./reconcile.ts";
import type { ServerConfig } from "../servers/server.ts";

/** A folder of the account, as it was last seen. */
export interface Place {
  readonly id: FolderId;
  /** The number of its row. */
  readonly number: number;
  /** The whole name on the server, decoded. */
  readonly path: string;
  readonly delimiter: string;
  /** The folder that it is shown in. */
  readonly parent?: FolderId;
  readonly role: Role | undefined;
  /** It holds messages; else only folders. */
  readonly selectable: boolean;
  /** RFC 4314, as letters; undefined: all, as far as is known. */
  readonly rights: string | undefined;
}

/** The account's folders. Ids stay when a folder is renamed, by whomever. */
export interface Places {
  /** As {@link Mailbox.folders}: asks the server. */
  folders(since: Cursor | undefined): Promise<Page<FolderChange>>;
  /** As last seen, without asking the server. Throws {@link NotFound}. */
  place(id: FolderId): Promise<Place>;
  /** All of them, as last seen; asks the server where nothing was seen yet. */
  all(): Promise<readonly Place[]>;
  byRole(role: Role): Promise<Place | undefined>;
  /** The folder with this role; made now where the account has none. Throws {@link Refused}. */
  need(role: Role): Promise<Place>;
  /** Asks the server now: a folder is not where it was. */
  refresh(): Promise<void>;
  /** Changes whenever the hierarchy does, as far as was seen. */
  readonly version: number;
  /** A folder was opened: its UIDVALIDITY tells it from others. */
  opened(mailbox: MailboxObject): void;
}

/** RFC 4314: what is done to a folder's messages. */
const letters = { insert: "i", flag: "w", remove: "te" } as const;

/** Throws {@link Refused} (`readonly`) where the account may not do that there, or nobody may. */
export function checkRight({ path, rights, selectable }: Place, what: keyof typeof letters): void {
  if (!selectable) throw new Refused("readonly", `Cannot change ${path}: it holds folders only`);
  // RFC 2086 servers say "d" for what later became "t" and "e".
  const allowed = rights === undefined ||
    [...letters[what]].every((letter) => rights.includes(letter)) ||
    (what === "remove" && rights.includes("d"));
  if (!allowed) throw new Refused("readonly", `Cannot change ${path}: the server forbids it`);
}

export interface PlacesOptions {
  readonly account: Account;
  readonly db: Database;
  readonly clock: Clock;
  readonly connections: Connections;
  readonly config: Pick<ServerConfig, "subscribed" | "shared" | "folders">;
  /** Told when the hierarchy was seen to be another one. */
  readonly changed?: () => void;
}

export class PlaceBook implements Places {
  readonly #options: PlacesOptions;
  readonly #survey: FolderSurvey;
  #rows: readonly PlaceRow[] | undefined;
  /** By path. */
  #numbers = new Map<string, FolderNumbers>();
  /** The number of this account in the tables. */
  readonly account: number;
  /** One at a time: who asked the server earlier writes earlier. */
  #last: Promise<unknown> = Promise.resolve();
  /** A look at the server that has not begun yet; it serves whoever asks until then. */
  #coming: Promise<void> | undefined;

  constructor(options: PlacesOptions) {
    this.#options = options;
    this.account = options.account.id;
    this.#survey = new FolderSurvey(options.clock, options.config);
  }

  get version(): number {
    return Math.max(0, ...(this.#rows ?? []).map(({ seq }) => seq));
  }

  async folders(since: Cursor | undefined): Promise<Page<FolderChange>> {
    await this.refresh();
    const after = Number(since ?? 0) || 0;
    const rows = this.#rows!.filter(({ seq, gone }) => seq > after && gone !== 2);
    const changes = rows
      .map((row) => ({ id: placeId(row.id), folder: row.gone ? undefined : folderOfRow(row) }))
      .filter(({ folder }) => folder || since !== undefined);
    const cursor = String(Math.max(after, this.version));
    return { changes: parentsFirst(changes), cursor, more: false };
  }

  async place(id: FolderId): Promise<Place> {
    const number = placeNumber(id);
    const find = (rows: readonly PlaceRow[]) => rows.find((row) => row.id === number && !row.gone);
    // Another process may have seen it first.
    const row = find(await this.rows()) ?? find(await this.#read());
    if (!row) throw new NotFound(`Cannot find folder ${id}`);
    return placeOf(row);
  }

  async all(): Promise<readonly Place[]> {
    if (!(await this.rows()).length) await this.refresh();
    return this.live().map(placeOf);
  }

  async byRole(role: Role): Promise<Place | undefined> {
    return (await this.all()).find((place) => place.role === role);
  }

  async need(role: Role): Promise<Place> {
    const there = await this.byRole(role);
    if (there) return there;
    await this.alone(async () => {
      await this.look();
      if (!this.live().some((row) => row.role === role)) await this.#makeSpecial(role);
    });
    const made = await this.byRole(role);
    if (!made) throw new Refused("other", `Cannot make the folder for ${role}: it does not appear`);
    return made;
  }

  refresh(): Promise<void> {
    this.#coming ??= this.alone(async () => {
      this.#coming = undefined;
      await this.look();
    });
    return this.#coming;
  }

  /** How a folder was last seen, as far as the server told. */
  numbers(id: FolderId): FolderNumbers | undefined {
    const number = placeNumber(id);
    const row = this.#rows?.find((each) => each.id === number);
    return row && this.#numbers.get(row.path);
  }

  opened(mailbox: MailboxObject): void {
    const { path, uidValidity, uidNext } = mailbox;
    this.#numbers.set(path, openNumbers(mailbox));
    const row = this.#rows?.find((each) => each.path === path && !each.gone);
    const validity = String(uidValidity);
    if (!row || row.validity === validity) return;
    const { db } = this.#options;
    this.alone(async () => {
      await db.run("UPDATE mailbox_imap_folder SET validity = ?, uidnext = ? WHERE id = ?", [
        validity,
        uidNext,
        row.id,
      ]);
      await this.#read();
    }).catch(() => {}); // It is noted at the next look.
  }

  // What edits work with.

  /** Runs `work` while nobody else looks at the hierarchy or changes it. */
  alone<R>(work: () => Promise<R>): Promise<R> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }

  /** The rows as last seen. */
  async rows(): Promise<readonly PlaceRow[]> {
    return this.#rows ?? await this.#read();
  }

  live(): PlaceRow[] {
    return (this.#rows ?? []).filter(({ gone }) => gone === 0);
  }

  get options(): PlacesOptions {
    return this.#options;
  }

  /** The prefix and delimiter of new folders at the top, as of the last look. */
  get top() {
    return this.#survey.namespaces.personal[0]!;
  }

  /** Asks the server and writes what is new; only for who is alone. */
  async look(): Promise<void> {
    const before = this.version;
    const rows = await this.#read();
    const listed = await this.#options.connections.use(
      (client) => this.#survey.make(client, rows),
      { repeatable: true, doing: "list the folders" },
    );
    this.#numbers = new Map(
      listed.flatMap(({ path, numbers }) => numbers ? [[path, numbers]] : []),
    );
    await this.#write(listed);
    if (this.version !== before) this.#options.changed?.();
  }

  async #read(): Promise<readonly PlaceRow[]> {
    return this.#rows = await readPlaces(this.#options.db, this.account);
  }

  async #write(listed: readonly Listed[]): Promise<void> {
    const { db, clock, config } = this.#options;
    const found = { listed, namespaces: this.#survey.namespaces, config };
    const wrote = await reconcile(db, this.account, found, this.#rows!, clock.now());
    if (wrote) await this.#read();
  }

  async #makeSpecial(role: Role): Promise<void> {
    const { connections, config } = this.#options;
    const usual = specialFolders.find((each) => each.role === role);
    const wanted = role in config.folders
      ? config.folders[role as keyof typeof config.folders]
      : "";
    if (!usual || role === "inbox" || role === "outbox") {
      throw new Refused("other", `Cannot make a folder for ${role} on a mail server`);
    }
    const path = wanted || this.top.prefix + usual.name;
    await connections.use(async (client) => {
      const use = client.capabilities.has("CREATE-SPECIAL-USE")
        ? [[atom("USE"), [atom(`\\${usual.name}`)]]]
        : [];
      await command(client, "CREATE", [folderWord(client, path), ...use]);
      await client.mailboxSubscribe(path);
    }, { doing: `make the folder ${path}` });
    await this.look();
  }
}

export function placeOf(row: PlaceRow): Place {
  const { id, path, delimiter, parent, role, selectable, rights } = row;
  return {
    id: placeId(id),
    number: id,
    path,
    delimiter,
    ...(parent !== null && { parent: placeId(parent) }),
    role: role ?? undefined,
    selectable: selectable === 1,
    rights: rights ?? undefined,
  };
}
