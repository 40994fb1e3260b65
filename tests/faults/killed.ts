// A server in a process of its own that ends by SIGKILL, on one database file with the play.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout as wait } from "node:timers/promises";
import { command, syncState } from "../../plugins/eas/api.ts";
import { network } from "../../plugins/eas/client/mod.ts";
import { mailboxes } from "../../plugins/mailbox/api.ts";
import { openSqlite } from "../../storage/sqlite/mod.ts";
import { type Child, runScript } from "../child.ts";
import { jumpingClock } from "./clock.ts";
import {
  addAccounts,
  addressesOf,
  type Machine,
  type MachineOptions,
  pluginsOf,
  programOn,
  together,
} from "./machine.ts";

const script = fileURLToPath(new URL("server_process.ts", import.meta.url));

/** One process: from its start until the signal. */
class Life {
  readonly #child: Child;
  readonly #port: Promise<string>;
  #jumps = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  on = true;

  constructor(file: string, now: number, config: string) {
    this.#child = runScript(script, [file, String(now), config]);
    this.#port = this.#child.saw(/port (\d+)/).then(([, port]) => port!);
    this.#port.catch(() => {});
  }

  async url(): Promise<string> {
    return `http://127.0.0.1:${await this.#port}`;
  }

  async jump(ms: number): Promise<void> {
    const jumped = new RegExp(`jumped ${++this.#jumps}\\b`);
    this.#child.process.stdin!.write(`jump ${ms}\n`);
    // Whoever is killed meanwhile finds the time when he starts again.
    await this.#child.saw(jumped).catch(() => {});
  }

  killIn(ms: number): void {
    this.#timer ??= setTimeout(() => this.kill(), ms);
  }

  calm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  kill(): void {
    this.calm();
    if (!this.on) return;
    this.on = false;
    this.#child.kill("SIGKILL");
  }

  get ended(): Promise<unknown> {
    return this.#child.ended;
  }
}

/** Starts it. The play works on the same file as a second process would. */
export async function killed(options: MachineOptions): Promise<Machine> {
  const dir = await mkdtemp(join(tmpdir(), "navette-faults-"));
  const file = join(dir, "navette.db");
  const clock = jumpingClock(options.start);
  const db = await openSqlite(file);
  const begin = async () => {
    const text = await options.config?.() ?? "";
    const life = new Life(file, clock.now(), text);
    await life.url();
    return { life, text };
  };
  let { life, text } = await begin();
  const config = { smartsync: true, text };
  const { host } = await programOn(db, clock, pluginsOf({ doors: text === "" }), config);
  const addresses = options.addresses ?? addressesOf(options.accounts);
  const accounts = await addAccounts(host, db, addresses);
  const send = network();
  const kill = () => {
    options.off?.();
    life.kill();
  };
  return {
    accounts,
    commands: new Set(host.all(command).map(({ name }) => name)),
    db,
    state: host.one(syncState),
    now: () => clock.now(),
    clock: () => clock.life().clock,
    async jump(ms) {
      await Promise.all([clock.jump(ms), life.on && life.jump(ms)]);
    },
    settle: () => wait(20),
    fetch: (request) => ask(send, life, request),
    mailbox: (account) => host.one(mailboxes).open(account),
    // The statements of a request take about so long.
    arm: ({ power }) => void (power && life.killIn(power.after / 3)),
    calm: () => life.calm(),
    cut: kill,
    get on() {
      return life.on;
    },
    troubles: 0,
    revive: together(async () => {
      await life.ended;
      ({ life, text } = await begin());
    }),
    async end() {
      kill();
      await life.ended;
      await db.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function ask(
  send: (request: Request) => Promise<Response>,
  life: Life,
  request: Request,
): Promise<Response> {
  try {
    const url = new URL(request.url);
    const { method, headers, signal } = request;
    const body = method === "POST" ? await request.arrayBuffer() : null;
    const target = `${await life.url()}${url.pathname}${url.search}`;
    const answer = await send(
      new Request(target, { method, headers, signal, body: body?.byteLength ? body : null }),
    );
    const bytes = await answer.arrayBuffer();
    const { status } = answer;
    return new Response(bytes.byteLength > 0 ? bytes : null, { status, headers: answer.headers });
  } catch (error) {
    throw new TypeError("the server is gone", { cause: error });
  }
}
