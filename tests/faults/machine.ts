// The server that is tested, in this process: it can lose its power at any statement and start again.
import { AsyncLocalStorage } from "node:async_hooks";
import { loadConfig } from "../../core/config.ts";
import { silentLog } from "../../core/log.ts";
import {
  type Account,
  accounts as accountsPoint,
  authenticator,
  type Clock,
  type Contribution,
  type Database,
  definePlugin,
  type Host,
  type Plugin,
  type Storage,
  task,
} from "../../core/mod.ts";
import { createProgram, type Program } from "../../core/program.ts";
import { runTasks } from "../../core/tasks.ts";
import { command, type SyncState, syncState } from "../../plugins/eas/api.ts";
import { plainState } from "../../plugins/eas/plain_state.ts";
import eas from "../../plugins/eas/plugin.ts";
import {
  type EditsFolders,
  type Mailbox,
  type Mailboxes,
  mailboxes,
} from "../../plugins/mailbox/api.ts";
import mailboxPlugin from "../../plugins/mailbox/plugin.ts";
import smartsync from "../../plugins/smartsync/plugin.ts";
import { openSqlite } from "../../storage/sqlite/mod.ts";
import { settle } from "../kit.ts";
import { type JumpingClock, jumpingClock } from "./clock.ts";
import { type Cut, Power } from "./power.ts";
import type { Strike } from "./upstream.ts";

/** A server as the play sees it: devices talk to it, and mail changes behind their back. */
export interface Machine {
  readonly accounts: readonly Account[];
  /** The commands that it has. */
  readonly commands: ReadonlySet<string>;
  readonly db: Database;
  readonly state: SyncState;
  now(): number;
  jump(ms: number): Promise<void>;
  /** Lets what is ready run. */
  settle(): Promise<void>;
  /** How often to settle until a device must have heard of a new mail; default: 50. */
  readonly patience?: number;
  /** Asks; rejects with TypeError where the power goes before the answer is complete. */
  fetch(request: Request, actor: string): Promise<Response>;
  /** The mailbox of an account, to look at what devices should have. */
  mailbox(account: Account): Mailbox;
  /** The same mail as somebody else works on it, with ids of its own; default: `mailbox`. */
  readonly elsewhere?: (account: Account) => Elsewhere;
  /** A mail comes from outside; default: as `elsewhere` puts it there. */
  readonly deliver?: (account: Account, mime: Uint8Array, token: string) => Promise<void>;
  /** To somebody else a flag is set or not. */
  readonly plainFlags?: boolean;
  /** What somebody else sees otherwise than `mailbox` does. */
  readonly audit?: (account: Account) => Promise<string[]>;
  /** What shall go wrong soon. */
  arm(
    wrong: { readonly power?: Cut; readonly trouble?: number; readonly upstream?: Strike },
  ): void;
  /** Nothing that was armed and not reached will come. */
  calm(): void;
  cut(): void;
  /** Ends the server behind it, where it is a gateway. */
  readonly outage?: () => void;
  readonly on: boolean;
  /** A view of the clock for somebody whom no power cut ends. */
  clock(): Clock;
  /** How often a statement, or the server behind it, failed as it was told to. */
  readonly troubles: number;
  /** Starts it again. */
  revive(): Promise<void>;
  end(): Promise<void>;
}

/** What a person does at another program. */
export type Elsewhere =
  & Pick<Mailbox, "folders" | "list" | "read" | "create" | "mark" | "move" | "remove">
  & EditsFolders;

/** What a broken engine changes. */
export interface Sabotage {
  readonly state?: (inner: SyncState) => SyncState;
  readonly mailbox?: (inner: Mailbox) => Mailbox;
  readonly database?: (inner: Storage) => Storage;
}

/** Told of what requests do to a mailbox. */
export type Tap = (inner: Mailbox, account: Account, actor: () => string | undefined) => Mailbox;

export interface MachineOptions {
  readonly accounts: number;
  /** SmartSync is off: a lost answer starts a folder over. */
  readonly plain?: boolean;
  readonly sabotage?: Sabotage;
  readonly tap?: Tap;
  /** When it begins; default: some day in 2026. */
  readonly start?: number;
  /** Of the accounts; default: user0@example.org and so on. */
  readonly addresses?: readonly string[];
  /** Whether everybody is let in; default: yes. */
  readonly doors?: boolean;
  /** The configuration of each life, as TOML. */
  readonly config?: () => Promise<string>;
  /** Called when the power goes. */
  readonly off?: () => void;
}

/** Who makes the present request. */
const acting = new AsyncLocalStorage<string>();

/** One life: from its start until the power goes. */
interface Life {
  readonly power: Power;
  readonly program: Program;
  readonly fetch: ReturnType<Program["app"]>;
  end(): void;
}

/** Starts a server with empty mailboxes. */
export async function machine(options: MachineOptions): Promise<Machine> {
  const disk = await openSqlite(":memory:");
  const clock = jumpingClock(options.start);
  const plugins = pluginsOf(options);
  const begin = async () => {
    const text = await options.config?.() ?? "";
    const config = { smartsync: !options.plain, text };
    const storage = options.sabotage?.database?.(disk) ?? disk;
    return await live(storage, clock, plugins, config, options.off);
  };
  let life = await begin();
  const addresses = options.addresses ?? addressesOf(options.accounts);
  const accounts = await addAccounts(life.program.host, disk, addresses);
  let troubles = 0;
  return {
    accounts,
    commands: new Set(life.program.host.all(command).map(({ name }) => name)),
    db: disk,
    now: () => clock.now(),
    clock: () => clock.life().clock,
    jump: (ms) => clock.jump(ms),
    settle,
    fetch: (request, actor) => acting.run(actor, () => ask(life, request)),
    mailbox: (account) => life.program.host.one(mailboxes).open(account),
    get state() {
      const { host } = life.program;
      return host.all(syncState)[0] ?? plainState(host.db);
    },
    arm({ power, trouble }) {
      if (power) life.power.cutAfter(power);
      if (trouble !== undefined) life.power.troubleAfter(trouble);
    },
    calm: () => life.power.calm(),
    cut: () => life.power.cut(),
    get on() {
      return life.power.on;
    },
    get troubles() {
      return troubles + life.power.troubles;
    },
    revive: together(async () => {
      life.end();
      troubles += life.power.troubles;
      life = await begin();
    }),
    async end() {
      life.power.cut();
      life.end();
      await disk.close();
    },
  };
}

/** Whoever wants the same while it is done waits for that one. */
export function together(work: () => Promise<void>): () => Promise<void> {
  let going: Promise<void> | undefined;
  return () => going ??= work().finally(() => going = undefined);
}

async function live(
  disk: Storage,
  clock: JumpingClock,
  plugins: readonly Plugin[],
  config: ProgramConfig,
  off?: () => void,
): Promise<Life> {
  const power = new Power(off);
  const time = clock.life();
  const program = await programOn(power.supply(disk), time.clock, plugins, config);
  const fetch = program.app();
  // Never stopped: a life ends by its clock and its database, as it does where the power goes.
  runTasks(program.host.all(task), { clock: time.clock, log: silentLog });
  return { power, program, fetch, end: time.end };
}

interface ProgramConfig {
  readonly smartsync: boolean;
  /** TOML. */
  readonly text?: string;
}

/** A program on a database, with these plugins and nothing else configured. */
export async function programOn(
  db: Database,
  clock: Clock,
  plugins: readonly Plugin[],
  { smartsync, text = "" }: ProgramConfig = { smartsync: true },
): Promise<Program> {
  const file = { name: "play.toml", text: `${smartsync ? "" : "smartsync = false"}\n${text}` };
  const config = loadConfig({ file, plugins });
  const program = createProgram({ plugins, config, clock, log: silentLog });
  await program.open(db);
  return program;
}

async function ask({ power, fetch }: Life, request: Request): Promise<Response> {
  const dead = power.gone.then(() => {
    throw new TypeError("the server is gone");
  });
  dead.catch(() => {});
  const whole = async () => {
    const response = await fetch(request, { remote: "127.0.0.1" });
    const { status, headers } = response;
    const bytes = await response.arrayBuffer();
    return new Response(bytes.byteLength > 0 ? bytes : null, { status, headers });
  };
  const answer = whole();
  answer.catch(() => {});
  return await Promise.race([answer, dead]);
}

/** The product's plugins, with what is to be watched or broken, and logins without hashing. */
export function pluginsOf(options: Omit<MachineOptions, "accounts">): Plugin[] {
  const { sabotage, tap } = options;
  const state = sabotage?.state ?? ((inner: SyncState) => inner);
  const open = (inner: Mailbox, account: Account) => {
    const tapped = tap?.(inner, account, () => acting.getStore()) ?? inner;
    return sabotage?.mailbox?.(tapped) ?? tapped;
  };
  const doors = definePlugin({
    id: "doors",
    summary: "Lets everybody in",
    contributes: (host) => [
      authenticator.of((who) => host.one(accountsPoint).find(who.user)),
    ],
  });
  return [
    altered(mailboxPlugin, (one) =>
      one.point === mailboxes
        ? mailboxes.of({
          ...one.value as Mailboxes,
          open: (account) => open((one.value as Mailboxes).open(account), account),
        })
        : one),
    eas,
    altered(
      smartsync,
      (one) => one.point === syncState ? syncState.of(state(one.value as SyncState)) : one,
    ),
    ...(options.doors ?? true ? [doors] : []),
  ] as Plugin[];
}

/** A plugin whose contributions are changed. */
function altered<C>(plugin: Plugin<C>, change: (one: Contribution) => Contribution): Plugin<C> {
  return { ...plugin, contributes: (host) => plugin.contributes(host).map(change) };
}

/** The addresses of so many accounts. */
export const addressesOf = (count: number): string[] =>
  Array.from({ length: count }, (_, n) => `user${n}@example.org`);

/** Accounts of these addresses; nobody needs their passwords. */
export async function addAccounts(
  host: Host,
  disk: Storage,
  addresses: readonly string[],
): Promise<Account[]> {
  const store = host.one(accountsPoint);
  const added: Account[] = [];
  for (const address of addresses) added.push(await store.add({ address, password: "unused" }));
  // No hash: checking one takes a thread, and threads have no seed.
  await disk.run("UPDATE core_account SET password = 'none'");
  return added;
}
