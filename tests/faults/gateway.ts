// A gateway as the server that is tested: the mail lies at a real IMAP server, and that fails too.
import { setTimeout as wait } from "node:timers/promises";
import type { Account } from "../../core/mod.ts";
import { mailboxes } from "../../plugins/mailbox/api.ts";
import type { User } from "../servers/mail_server.ts";
import { mailOf } from "./mail.ts";
import {
  type Machine,
  machine,
  type MachineOptions,
  pluginsOf,
  programOn,
  together,
} from "./machine.ts";
import { Stranger } from "./stranger.ts";
import { toldOf } from "./ledger.ts";
import { Cable, type Upstream } from "./upstream.ts";

export interface GatewayOptions {
  /** Capabilities that the server is played without. */
  readonly hide?: readonly string[];
  /** What makes the gateway itself; default: one in this process. */
  readonly inner?: (options: MachineOptions) => Promise<Machine>;
}

/** Makes machines that are gateways to one mail server, each with users of its own. */
export function gatewayTo(
  upstream: Upstream,
  { hide = [], inner: make = machine }: GatewayOptions = {},
): (options: MachineOptions) => Promise<Machine> {
  return async (options) => {
    const { server } = upstream;
    const play = ++upstream.plays;
    upstream.postman.forget();
    const users: User[] = [];
    for (let n = 0; n < options.accounts; n++) {
      const address = `user${n}-${play}@example.test`;
      users.push(await server.addUser(address, { password: "password" }));
    }
    const cable = new Cable(server, hide, (ms) => inner.jump(ms));
    const inner: Machine = await make({
      ...options,
      // Whole seconds, as servers have them; and Dovecot takes no date of tomorrow for what it is.
      start: Math.floor(Date.now() / 1000 - 1000 * 86_400) * 1000,
      addresses: users.map(({ address }) => address),
      // Its users log in at the mail server.
      doors: false,
      config: async () => configOf(upstream, await cable.lay()),
      off: () => cable.sever(),
    });
    return await gateway({ upstream, users, cable, inner });
  };
}

interface Parts {
  readonly upstream: Upstream;
  readonly users: readonly User[];
  readonly cable: Cable;
  readonly inner: Machine;
}

async function gateway(parts: Parts): Promise<Machine> {
  const { upstream, users, cable, inner } = parts;
  const { server } = upstream;
  const strangers = new Map(
    inner.accounts.map(({ id }, n) => [id, new Stranger(server, users[n]!)]),
  );
  const stranger = (account: Account) => strangers.get(account.id)!;
  const bring = bringer(parts, stranger);
  // A second process on the same database, whom nobody lets in but a master user.
  const watch = await programOn(inner.db, inner.clock(), pluginsOf({ doors: false }), {
    smartsync: true,
    text: configOf(upstream, server.port, server.master),
  });
  const own: Partial<Machine> = {
    ...outside(upstream, stranger, (account) => watch.host.one(mailboxes).open(account)),
    ...troubled(parts, bring),
    async end() {
      await bring();
      strangers.forEach((each) => each.close());
      await cable.mend();
      await inner.end();
      await cable.stop();
    },
  };
  return new Proxy(inner, {
    get(target, name) {
      if (name === "on") return target.on && cable.up;
      if (name === "troubles") return target.troubles + cable.hits;
      return Reflect.get(name in own ? own : target, name);
    },
  });
}

type Strangers = (account: Account) => Stranger;

/** Brings letters that were sent, one round after the other. */
function bringer({ upstream, inner }: Parts, stranger: Strangers): () => Promise<void> {
  const byAddress = new Map(inner.accounts.map((one) => [one.address, stranger(one)]));
  let bringing: Promise<void> = Promise.resolve();
  return () =>
    bringing = bringing.then(() =>
      upstream.postman.bring((to, mime, id) => {
        const date = inner.now();
        return byAddress.get(to)?.create("INBOX", { mime, date }, id) ?? Promise.resolve();
      })
    );
}

/** What others do with the mail, and see of it. */
function outside(
  { postman }: Upstream,
  stranger: Strangers,
  look: Machine["mailbox"],
): Partial<Machine> {
  return {
    mailbox: look,
    deliver: (account, mime, token) => stranger(account).deliver(mime, token),
    elsewhere: stranger,
    plainFlags: true,
    async audit(account) {
      return [
        ...postman.twice().map((letter) => `handed over more than once: ${letter}`),
        ...compare(await linesOf(stranger(account)), await linesOf(look(account))),
      ];
    },
  };
}

/** Time, troubles and repairs, where there is a second server with troubles of its own. */
function troubled({ cable, inner }: Parts, bring: () => Promise<void>): Partial<Machine> {
  return {
    async fetch(request, actor) {
      const stop = letTimePass(inner, cable);
      try {
        return await inner.fetch(request, actor);
      } finally {
        stop();
        await bring();
      }
    },
    async settle() {
      await cable.idle();
      await wait(5);
      await bring();
    },
    // Dovecot looks at its folders twice a second.
    patience: 600,
    arm(wrong) {
      inner.arm(wrong);
      if (wrong.upstream) cable.arm(wrong.upstream);
    },
    calm() {
      inner.calm();
      cable.calm();
    },
    outage: () => cable.kill(),
    revive: together(async () => {
      await cable.mend();
      if (inner.on) return;
      await cable.stop();
      await inner.revive();
      // Until then whoever repeats a write is told to come back: it could be under way elsewhere.
      await inner.jump(150_000);
    }),
  };
}

/**
 * While a request is not answered and nothing happens, time passes: after a crash a repeat waits until
 * whoever did the same before must have given it up.
 */
function letTimePass({ jump }: Machine, cable: Cable): () => void {
  let [steps, passed] = [0, cable.passed];
  const timer = setInterval(() => {
    // Once it passes, it does: whoever listens asks the server now and then.
    if (steps <= 10 && passed !== cable.passed) [steps, passed] = [0, cable.passed];
    if (++steps > 60) clearInterval(timer);
    else if (steps > 10) void jump(2000);
  }, 50);
  return () => clearInterval(timer);
}

function configOf(
  { postman }: Upstream,
  port: number,
  master?: { user: string; password: string },
): string {
  return `
[mailbox.imap.home]
host = "127.0.0.1"
port = ${port}
security = "none"
domains = ["example.test"]
sweep = 60
${master ? `master = ${JSON.stringify(master).replaceAll(/"(\w+)":/g, "$1 = ")}` : ""}

[mailbox.imap.home.smtp]
host = "127.0.0.1"
port = ${postman.port}
security = "none"
`;
}

/** One line for each mail, the same from whatever side one looks. */
async function linesOf(mailbox: Parameters<typeof mailOf>[0]): Promise<string[]> {
  const { changes } = await mailbox.folders(undefined);
  const names = new Map(changes.map(({ id, folder }) => [id, folder?.role ?? folder?.name]));
  return (await mailOf(mailbox)).map(({ folder, item: { state, mail } }) => {
    const { read, flag, words } = toldOf(state.marks);
    // What is done is no flag to the server.
    const flagged = flag === "active" ? "flagged" : "";
    return [names.get(folder), mail?.subject, state.date, read, flagged, words].join(" | ");
  });
}

function compare(there: readonly string[], shown: readonly string[]): string[] {
  const missing = (all: readonly string[], some: readonly string[]) => {
    const left = [...some];
    return all.filter((line) => {
      const at = left.indexOf(line);
      if (at >= 0) left.splice(at, 1);
      return at < 0;
    });
  };
  return [
    ...missing(there, shown).map((line) => `the gateway does not show ${line}`),
    ...missing(shown, there).map((line) => `only the gateway shows ${line}`),
  ];
}
