// A whole program for tests: plugins, configuration, a database in memory, and its fetch.
import { stringify } from "smol-toml";
import { loadConfig } from "../core/config.ts";
import { createLog } from "../core/log.ts";
import {
  type Account,
  accounts,
  type Clock,
  closing,
  type Database,
  type Host,
  type NewAccount,
  type Plugin,
  type Storage,
} from "../core/mod.ts";
import { createProgram, type Program } from "../core/program.ts";
import { openSqlite } from "../storage/sqlite/mod.ts";
import { type FakeClock, fakeClock } from "./kit.ts";

export interface TestAppOptions<C extends Clock> {
  /** All plugins, those that they need included. */
  readonly plugins: readonly Plugin[];
  /** As in the file: `{ server: { url: "https://…" }, eas: { strict: true } }`. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** A fake one unless told. */
  readonly clock?: C;
  /** A database in memory unless told; then it is not closed by `stop`. */
  readonly storage?: Storage;
}

export interface TestApp<C extends Clock = FakeClock> {
  /** Sends a request; a path is enough: `fetch("/healthz")`. */
  fetch(request: Request | string, remote?: string): Promise<Response>;
  /** The host of a plugin; without id, core's. */
  host(plugin?: string): Host;
  readonly db: Database;
  readonly clock: C;
  readonly program: Program;
  /** The lines that were logged so far, as JSON. */
  readonly logged: readonly string[];
  /** An account; its password is `password` unless told. */
  addAccount(account: Partial<NewAccount> & Pick<NewAccount, "address">): Promise<Account>;
  stop(): Promise<void>;
}

/** Starts a program; end it with `stop`. Passwords are hashed cheaply, so that tests are fast. */
export async function testApp<C extends Clock = FakeClock>(
  options: TestAppOptions<C>,
): Promise<TestApp<C>> {
  const { plugins } = options;
  const clock = options.clock ?? fakeClock() as unknown as C;
  const logged: string[] = [];
  const log = createLog({ level: "debug", format: "json", write: (l) => logged.push(l), clock });
  const file = { name: "test.toml", text: stringify(options.config ?? {}) };
  const config = loadConfig({ file, plugins });
  const program = createProgram({ plugins, config, clock, log, passwordCost: cheap });
  const storage = options.storage ?? await openSqlite(":memory:");
  await program.open(storage);
  const fetch = program.app();
  return {
    fetch: async (request, remote = "127.0.0.1") =>
      await fetch(
        typeof request === "string"
          ? new Request(new URL(request, "http://test.invalid"))
          : request,
        { remote },
      ),
    host: (plugin = "core") => program.registry.host(plugin),
    db: storage,
    clock,
    program,
    logged,
    addAccount: (account) => program.host.one(accounts).add({ password: "password", ...account }),
    async stop() {
      await program.host.emit(closing, {});
      if (!options.storage) await storage.close();
    },
  };
}

const cheap = { ln: 4, r: 8, p: 1 };
