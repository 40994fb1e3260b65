// Tests of an account's connections: with a server that is made up here, and with a real Dovecot.
import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import type { ImapFlow, MailboxObject } from "imapflow";
import { Unavailable } from "../../../../../core/mod.ts";
import type { Dovecot } from "../../../../../tests/servers/dovecot.ts";
import { dovecotPresent } from "../../../../../tests/servers/present.ts";
import type { Tap } from "../../../../../tests/servers/tap.ts";
import { deferred, fakeClock, settle } from "../../../../../tests/kit.ts";
import { needs } from "../../../../../tests/needs.ts";
import { NotFound, Refused } from "../../../api.ts";
import { openConnection } from "../login/connect.ts";
import { type ConnectionsOptions, makeConnections } from "./connections.ts";
import { testAccount, testServer } from "../_imap_kit.ts";
import { tapped } from "../_tapped_kit.ts";

/** A connection to nobody: opens folders, and ends when told to. */
class FakeClient extends EventEmitter {
  usable = true;
  isClosed = false;
  mailbox: MailboxObject | false = false;
  capabilities = new Map();
  folders = new Map();
  untaggedHandlers = {};
  sectionHandlers = {};
  sent = 0;
  readonly opened: string[] = [];
  stats() {
    return { sent: this.sent, received: 0 };
  }
  async mailboxOpen(path: string) {
    this.opened.push(path);
    return this.mailbox = { path } as MailboxObject;
  }
  async exec() {
    return { response: {}, next() {} };
  }
  async logout() {
    this.close();
  }
  close() {
    if (this.isClosed) return;
    this.usable = false;
    this.isClosed = true;
    this.emit("close");
  }
}

/** A server that has room for `room` connections. */
function pool(options: Partial<ConnectionsOptions> = {}, room = Infinity) {
  const clock = fakeClock();
  const clients: FakeClient[] = [];
  const open = () => clients.filter(({ isClosed }) => !isClosed).length;
  const server = { room, tries: 0 };
  const connections = makeConnections({
    account: testAccount("anna@example.test"),
    clock,
    limit: 4,
    timeout: 30,
    idle: 60,
    // deno-lint-ignore require-await
    async open() {
      server.tries++;
      if (open() >= server.room) {
        throw new Unavailable("Cannot log in at x: Too many connections");
      }
      const client = new FakeClient();
      clients.push(client);
      return client as unknown as ImapFlow;
    },
    ...options,
  });
  return { connections, clients, clock, server, open };
}

test("one connection after another is one connection", async () => {
  const { connections, clients } = pool();
  for (let n = 0; n < 3; n++) await connections.use(async () => {});
  assert.equal(clients.length, 1);
});

test("what was told is not relied on after something was done through another connection", async () => {
  const { connections, clients } = pool();
  const gate = deferred<void>();
  const listing = connections.inFolder("INBOX", async ({ told }) => {
    told!.set(1, row(1));
    await gate.promise;
  }, { asks: true });
  const left = () =>
    connections.inFolder("INBOX", async ({ told }) => told!.size, { glance: true, asks: true });
  await settle();
  await connections.inFolder("INBOX", async () => {}, { asks: true });
  gate.resolve();
  await listing;
  assert.equal(clients.length, 2);
  // The first one is the free one that comes first.
  await connections.inFolder("INBOX", async () => {}, { write: true });
  for (let n = 0; n < 2; n++) assert.equal(await left(), 0);
});

const row = (uid: number) => ({ uid, sections: new Map(), length: 0 });

test("what is asked in advance waits for a read, and whoever comes next for its answer", async () => {
  const { connections, clients } = pool();
  const gate = deferred<void>();
  let asked = 0;
  const list = () =>
    connections.inFolder("INBOX", async ({ inAdvance }) => {
      inAdvance!(async () => {
        asked++;
        await gate.promise;
        return [row(7)];
      });
    }, { asks: true });
  const read = () =>
    connections.inFolder("INBOX", async ({ told }) => [...told!.keys()], { glance: true });
  await list();
  await settle();
  assert.equal(asked, 0);
  assert.deepEqual(await read(), []);
  const next = read();
  await settle();
  assert.equal(asked, 1);
  gate.resolve();
  assert.deepEqual(await next, [7]);
  assert.equal(clients.length, 1);
});

test("what comes in advance is not kept where something was done meanwhile", async () => {
  const { connections, clients } = pool();
  const [answer, held] = [deferred<void>(), deferred<void>()];
  const first = connections.inFolder("INBOX", async ({ inAdvance }) => {
    inAdvance!(() => answer.promise.then(() => [row(7)]));
    await held.promise;
  }, { glance: true });
  await settle();
  await connections.inFolder("INBOX", async () => {}, { asks: true });
  held.resolve();
  await first;
  assert.equal(clients.length, 2);
  // The second one is the free one that comes first.
  await connections.inFolder("INBOX", async () => {}, { write: true });
  answer.resolve();
  await settle();
  // They come in turn.
  const read = () =>
    connections.inFolder("INBOX", async ({ told }) => told!.size, { glance: true });
  assert.deepEqual([await read(), await read()], [0, 0]);
});

test("a question in advance that fails harms nobody", async () => {
  const { connections } = pool();
  const read = () =>
    connections.inFolder("INBOX", async ({ inAdvance }) => {
      inAdvance!(() => Promise.reject(new Error("NO")));
    }, { glance: true });
  for (let n = 0; n < 3; n++) await read();
});

test("never more connections than allowed; whoever is too many waits, first come first served", async () => {
  const { connections, clients } = pool({ limit: 2 });
  const gates = Array.from({ length: 5 }, () => deferred<void>());
  const begun: number[] = [];
  const all = gates.map((gate, n) =>
    connections.use(async () => {
      begun.push(n);
      await gate.promise;
    })
  );
  await settle();
  assert.deepEqual(begun, [0, 1]);
  for (const gate of gates) {
    gate.resolve();
    await settle();
  }
  await Promise.all(all);
  assert.deepEqual(begun, [0, 1, 2, 3, 4]);
  assert.equal(clients.length, 2);
});

test("never more connections than allowed, also after a folder was left", async () => {
  const { connections } = pool({ limit: 1 });
  const begun: number[] = [];
  await connections.inFolder("INBOX", async () => {});
  await connections.leave("INBOX", "/");
  const gates = [deferred<void>(), deferred<void>()];
  const all = gates.map((gate, n) =>
    connections.use(async () => {
      begun.push(n);
      await gate.promise;
    })
  );
  await settle();
  assert.deepEqual(begun, [0]);
  for (const gate of gates) gate.resolve();
  await Promise.all(all);
});

test("a folder is worked on where it is open already", async () => {
  const { connections, clients } = pool();
  for (const path of ["INBOX", "Sent", "INBOX", "Sent", "INBOX"]) {
    await connections.inFolder(path, async ({ mailbox }) => assert.equal(mailbox.path, path));
  }
  assert.deepEqual(clients.map(({ opened }) => opened), [["INBOX"], ["Sent"]]);
});

test("who waits too long for a connection is told that the server is busy", async () => {
  const { connections, clock } = pool({ limit: 1 });
  const gate = deferred<void>();
  const first = connections.use(async (client) => {
    // It is busy all the time.
    for (let n = 0; n < 5; n++) {
      (client as unknown as FakeClient).sent++;
      await clock.tick(10_000);
    }
    await gate.promise;
  });
  await assert.rejects(connections.use(async () => {}), Unavailable);
  gate.resolve();
  await first;
  await connections.use(async () => {});
});

test("work through which nothing goes any more loses its connection", async () => {
  const { connections, clock, clients } = pool();
  const stuck = connections.use(() => new Promise<void>(() => {}));
  await settle();
  const caught = assert.rejects(stuck, Unavailable);
  await clock.tick(31_000);
  await caught;
  assert.equal(clients[0]!.isClosed, true);
  assert.equal(clock.pending, 0);
});

test("a dead connection is replaced before anything was done, and repeatable work is repeated once", async () => {
  const { connections, clients } = pool();
  await connections.use(async () => {});
  const dies = (at: number[]) => {
    let calls = 0;
    return (client: ImapFlow) => {
      if (at.includes(++calls)) {
        client.close();
        return Promise.reject(Object.assign(new Error("gone"), { code: "NoConnection" }));
      }
      return Promise.resolve(calls);
    };
  };
  assert.equal(await connections.use(dies([1]), { repeatable: true }), 2);
  await assert.rejects(connections.use(dies([1])), Unavailable);
  await assert.rejects(connections.use(dies([1, 2]), { repeatable: true }), Unavailable);
  clients.at(-1)!.close();
  assert.equal(await connections.use(dies([])), 1);
});

test("a session in which the server has lost its way is not used again", async () => {
  for (const code of ["SERVERBUG", "CORRUPTION"]) {
    const { connections, clients } = pool();
    let calls = 0;
    const work = () => {
      const refusal = { responseStatus: "NO", serverResponseCode: code };
      const lost = Object.assign(new Error("Command failed"), refusal);
      return ++calls === 1 ? Promise.reject(lost) : Promise.resolve(calls);
    };
    assert.equal(await connections.use(work, { repeatable: true }), 2);
    assert.deepEqual(clients.map(({ isClosed }) => isClosed), [true, false]);
    calls = 0;
    await assert.rejects(connections.use(work), Unavailable);
    assert.equal(clients[1]!.isClosed, true);
  }
});

test("connections that nobody uses are closed after a while, by one timer", async () => {
  const { connections, clock, open } = pool();
  await Promise.all([1, 2, 3].map(() => connections.use(settle)));
  assert.equal(open(), 3);
  assert.equal(clock.pending, 1);
  await clock.tick(59_000);
  await connections.use(async () => {});
  await clock.tick(2_000);
  assert.equal(open(), 1);
  await clock.tick(60_000);
  assert.deepEqual([open(), clock.pending], [0, 0]);
});

test("where the server has no room for another connection, work waits for the ones that are open", async () => {
  const { connections, clients, server, clock } = pool({}, 1);
  const results = await Promise.all(
    Array.from({ length: 5 }, (_, n) => connections.use(() => settle().then(() => n))),
  );
  assert.deepEqual(results, [0, 1, 2, 3, 4]);
  assert.equal(clients.length, 1);
  const { tries } = server;
  await Promise.all([connections.use(settle), connections.use(settle)]);
  assert.equal(server.tries, tries, "it is not tried again at once");
  await clock.tick(6 * 60_000);
  server.room = 2;
  await Promise.all([connections.use(settle), connections.use(settle)]);
  assert.equal(clients.filter(({ isClosed }) => !isClosed).length, 2);
});

test("where others hold all connections, work tries again until its time is over", async () => {
  const { connections, server, clock } = pool({}, 0);
  const soon = connections.use(() => Promise.resolve("in time"));
  await settle();
  server.room = 1;
  await clock.tick(1_000);
  assert.equal(await soon, "in time");
  await clock.tick(61_000);
  server.room = 0;
  const never = assert.rejects(connections.use(async () => {}), Unavailable);
  for (let n = 0; n < 32; n++) await clock.tick(1_000);
  await never;
});

test("a connection for waiting counts, and leaves one for work", async () => {
  const { connections, open } = pool({ limit: 2 });
  await Promise.all([connections.use(settle), connections.use(settle)]);
  const mine = await connections.own();
  assert.equal(open(), 2);
  await assert.rejects(connections.own(), Unavailable);
  await Promise.all([connections.use(settle), connections.use(settle)]);
  assert.equal(open(), 2);
  mine.close();
  (await connections.own()).close();
  const { connections: one } = pool({ limit: 1 });
  await assert.rejects(one.own(), Unavailable);
});

test("who waits on the last connection that the server allows is asked for it", async () => {
  const { connections, open } = pool({ idle: 0 }, 1);
  let wanted = 0;
  const mine = await connections.own(() => {
    wanted++;
    mine.close();
  });
  assert.equal(
    await connections.use(() => Promise.resolve("worked"), { repeatable: true }),
    "worked",
  );
  assert.equal(wanted, 1);
  assert.equal(open(), 1);
});

test("where nobody can log in any more, work ends, though somebody waits for news", async () => {
  const closed = deferred<void>();
  const clients: FakeClient[] = [];
  let refusing = false;
  const { connections, clock } = pool({
    open: async () => {
      if (refusing) throw new Unavailable("Cannot log in: nobody has shown a password");
      const client = new FakeClient();
      // The library tells of an end later than it comes.
      client.close = () => void closed.promise.then(() => FakeClient.prototype.close.call(client));
      clients.push(client);
      return client as unknown as ImapFlow;
    },
  });
  const mine = await connections.own(() => mine.close());
  refusing = true;
  await assert.rejects(connections.use(async () => {}), /nobody has shown a password/);
  closed.resolve();
  await clock.tick(2_000);
  refusing = false;
  (await connections.own()).close();
});

test("closed connections stay closed", async () => {
  const { connections, open, clock } = pool();
  const gate = deferred<void>();
  const last = connections.use(() => gate.promise);
  await connections.use(async () => {});
  await connections.close();
  assert.equal(open(), 1);
  gate.resolve();
  await last;
  await settle();
  assert.deepEqual([open(), clock.pending], [0, 0]);
  await assert.rejects(connections.use(async () => {}), Unavailable);
});

const found = needs("dovecot", dovecotPresent());
let dovecot: Dovecot;
let tap: Tap;
tapped(
  found,
  { specialFolders: true, quota: 100_000, acl: true },
  (...both) => [dovecot, tap] = both,
);

async function real(port = dovecot.port, options: Partial<ConnectionsOptions> = {}) {
  const user = await dovecot.addUser();
  const secret = { reveal: () => user.password };
  const server = testServer({ host: dovecot.host, port });
  const open = () => openConnection(server, { address: user.address, secret });
  const account = testAccount(user.address);
  const clock = fakeClock();
  return {
    user,
    connections: makeConnections({
      account,
      clock,
      limit: 4,
      timeout: 30,
      idle: 60,
      open,
      ...options,
    }),
  };
}

const message = "Subject: Tea\r\n\r\nAt five.\r\n";

test(
  "an open folder is as it is now: for one NOOP, and a STATUS where something happened",
  found,
  async () => {
    const { connections, user } = await real(tap.port);
    const { connections: other } = {
      connections: makeConnections({
        account: connections.account,
        clock: fakeClock(),
        limit: 1,
        timeout: 30,
        idle: 60,
        open: () =>
          openConnection(testServer({ host: dovecot.host, port: dovecot.port }), {
            address: user.address,
            secret: { reveal: () => user.password },
          }),
      }),
    };
    const numbers = () =>
      connections.inFolder(
        "INBOX",
        ({ mailbox: { exists, uidNext, highestModseq } }) =>
          Promise.resolve([exists, uidNext, Number(highestModseq)]),
      );
    const told = () =>
      other.use(async (client) => {
        const { messages, uidNext, highestModseq } = await client.status("INBOX", {
          messages: true,
          uidNext: true,
          highestModseq: true,
        }) as unknown as { messages: number; uidNext: number; highestModseq: bigint };
        return [messages, uidNext, Number(highestModseq)];
      });
    const costs = async (...names: string[]) => {
      tap.reset();
      assert.deepEqual(await numbers(), await told());
      assert.deepEqual(tap.names(), names);
    };
    await numbers();
    await costs("NOOP");
    for (let n = 0; n < 3; n++) {
      await dovecot.deliver(user, message);
    }
    await costs("NOOP", "STATUS");
    await costs("NOOP");
    const edit = (work: (client: ImapFlow) => Promise<unknown>) =>
      other.inFolder("INBOX", ({ client }) => work(client)).then(() => other.leave("INBOX", "/"));
    await edit((client) => client.messageFlagsAdd("1", ["\\Flagged"]));
    await costs("NOOP", "STATUS");
    await edit((client) => client.messageDelete("2"));
    await costs("NOOP", "STATUS");
    // A flag that somebody set meanwhile comes with the answer to a FETCH, which takes it for its own.
    await edit((client) => client.messageFlagsAdd("1", ["\\Answered"]));
    await connections.inFolder("INBOX", ({ client }) => client.fetchAll("1:*", { flags: true }));
    await costs("NOOP", "STATUS");
    await costs("NOOP");
    await connections.close();
    await other.close();
  },
);

test("a folder that somebody removed is not there, whatever was open", found, async () => {
  const { connections } = await real();
  await connections.use((client) => client.mailboxCreate("Old"));
  await connections.inFolder("Old", async () => {});
  await connections.use(async (client) => {
    await client.mailboxOpen("INBOX");
    await client.mailboxDelete("Old");
  });
  await assert.rejects(connections.inFolder("Old", async () => {}), NotFound);
  await connections.inFolder("INBOX", async () => {});
  await connections.close();
});

test(
  "a server that restarts is reached again; work that is cut is done once more if it may be",
  found,
  async () => {
    const { connections } = await real(tap.port);
    await connections.inFolder("INBOX", async () => {});
    tap.cut();
    await connections.inFolder("INBOX", async () => {});
    tap.reset();
    tap.rule = ({ name }) => {
      if (name !== "UID SEARCH") return undefined;
      tap.rule = () => undefined;
      return "cut";
    };
    const search = () =>
      connections.inFolder("INBOX", ({ client }) => client.search({ all: true }, { uid: true }), {
        repeatable: true,
      });
    assert.deepEqual(await search(), []);
    tap.refusing = true;
    tap.cut();
    await assert.rejects(search(), Unavailable);
    tap.reset();
    tap.refusing = false;
    assert.deepEqual(await search(), []);
    await connections.close();
  },
);

test("what the server refuses is told in the port's words", found, async () => {
  const { connections } = await real();
  const refused = (reason: string) => (error: unknown) =>
    error instanceof Refused && error.reason === reason;
  const big = `Subject: Big\r\n\r\n${"x".repeat(200_000)}\r\n`;
  await assert.rejects(connections.use((client) => client.append("INBOX", big)), refused("quota"));
  await assert.rejects(
    connections.use((client) => client.append("Nowhere", message)),
    NotFound,
  );
  await connections.close();
});
