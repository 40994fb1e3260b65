// Engines that are broken on purpose, each in one way: the play must catch every one of them.
import type { Database, Storage } from "../../core/database.ts";
import type { Held, SyncState } from "../../plugins/eas/api.ts";
import type { ItemChange, Mailbox } from "../../plugins/mailbox/api.ts";
import { altered } from "../kit_eas.ts";
import { asReceived, withSessions } from "../kit_state.ts";
import type { Sabotage } from "./machine.ts";

/** A database whose statements are changed, inside of transactions too. */
export function statements(inner: Storage, change: (sql: string) => string | undefined): Storage {
  const on = (db: Database): Pick<Database, "all" | "run"> => ({
    all: async (sql, values) => {
      const other = change(sql);
      return other === undefined ? [] : await db.all(other, values);
    },
    run: async (sql, values) => {
      const other = change(sql);
      return other === undefined ? { changes: 1 } : await db.run(other, values);
    },
  });
  const inside = (tx: Database): Database => ({
    ...on(tx),
    transaction: (work) => tx.transaction((deeper) => work(inside(deeper))),
    close: () => tx.close(),
  });
  return {
    ...on(inner),
    location: inner.location,
    transaction: (work, options) => inner.transaction((tx) => work(inside(tx)), options),
    backup: (file) => inner.backup(file),
    close: () => inner.close(),
  };
}

/** Each answer to a repeated key keeps the key of the first one, whatever it holds. */
function sameKey(inner: SyncState): SyncState {
  const told = new Map<string, string>();
  return {
    ...inner,
    async open(device, wanted) {
      const translated = wanted.map(({ collection, key }) => ({
        collection,
        key: told.get(`${device.device} ${collection} ${key}`) ?? key,
      }));
      const opened = await inner.open(device, translated);
      return new Map([...opened].map(([id, session]) => [id, {
        ...session,
        commit: async (next) => {
          const key = await session.commit(next);
          if (!session.lost) return key;
          // The device takes it for the answer that it may have got already.
          told.set(`${device.device} ${id} ${session.lost.key}`, key);
          return session.lost.key;
        },
      }]));
    },
  };
}

const withoutFirst = (held: readonly Held[]) => held.slice(1);

function changesOf(
  inner: Mailbox,
  change: (
    page: Awaited<ReturnType<Mailbox["changes"]>>,
    folder: string,
  ) => Promise<{ changes: readonly ItemChange[]; cursor: string; more: boolean }>,
): Mailbox {
  return altered(inner, {
    changes: async (folder, since, limit) => {
      const page = await inner.changes(folder, since, limit);
      return since === undefined ? page : await change(page, folder);
    },
  });
}

/** An engine that never learns how often the same was asked for; only devices in loops suffer. */
export const withoutBrake: Sabotage = {
  state: (inner) =>
    withSessions(
      inner,
      (session) => session.lost ? { ...session, lost: { ...session.lost, times: 1 } } : session,
    ),
};

/** By what is wrong with it. */
export const broken: Readonly<Record<string, Sabotage>> = {
  "takes every answer as received": { state: (inner) => withSessions(inner, asReceived) },
  "gives the key of a lost answer to another one": { state: sameKey },
  "forgets what it handed out": {
    state: (inner) =>
      withSessions(inner, (session) => ({
        ...session,
        commit: (next) => session.commit({ ...next, held: [], gone: [] }),
      })),
  },
  "does not note the first item of an answer": {
    state: (inner) =>
      withSessions(inner, (session) => ({
        ...session,
        commit: (next) => session.commit({ ...next, held: withoutFirst(next.held) }),
      })),
  },
  "does not note what it took away": {
    state: (inner) =>
      withSessions(inner, (session) => ({
        ...session,
        commit: (next) => session.commit({ ...next, gone: [] }),
      })),
  },
  "runs commands again, without journal and tokens": {
    state: (inner) =>
      withSessions(inner, (session) => ({ ...session, journal: new Map(), async intend() {} })),
    mailbox: (inner) => {
      let count = 0;
      // Those of devices' commands only.
      const fresh = (token: string) =>
        token.startsWith("sync:") ? `${token} ${Math.random()} ${++count}` : token;
      return altered(inner, {
        create: (folder, item, token) => inner.create(folder, item, fresh(token)),
        mark: (item, marks, token) => inner.mark(item, marks, fresh(token)),
        move: (item, to, token) => inner.move(item, to, fresh(token)),
      });
    },
  },
  "drops tombstones": {
    mailbox: (inner) =>
      changesOf(inner, async (page) => ({
        ...page,
        changes: page.changes.filter(({ state }) => state),
      })),
  },
  "moves the cursor past what was not told": {
    mailbox: (inner) =>
      changesOf(
        inner,
        async (page, folder) =>
          page.more
            ? { ...page, cursor: (await inner.changes(folder, undefined, 0)).cursor, more: false }
            : page,
      ),
  },
  "sends a mail as often as it is asked to": {
    mailbox: (inner) => {
      let count = 0;
      return altered(inner, {
        send: (message) => inner.send(message, `again ${Math.random()} ${++count}`),
      });
    },
    database: (inner) =>
      statements(inner, (sql) => sql.includes("FROM eas_sent") ? undefined : sql),
  },
  "echoes the device's own changes": {
    state: (inner) =>
      withSessions(inner, (session) => ({
        ...session,
        commit: (next) =>
          session.commit({
            ...next,
            held: next.held.map((one) => ({ ...one, has: one.has.replace(/^[^.]*/, "echo") })),
          }),
      })),
  },
  "confirms without merging": {
    database: (inner) =>
      statements(inner, (sql) => sql.replace("has = excluded.has, told", "told")),
  },
  "does not take back what a lost answer told": {
    database: (inner) =>
      statements(
        inner,
        (sql) => sql.includes("SET date = old_date, has = old_has") ? undefined : sql,
      ),
  },
  "writes a transaction in pieces": {
    database: (inner) => {
      const each: Database = {
        all: (sql, values) => inner.transaction((tx) => tx.all(sql, values)),
        run: (sql, values) => inner.transaction((tx) => tx.run(sql, values)),
        transaction: (work) => work(each),
        close: () => inner.close(),
      };
      return { ...statements(inner, (sql) => sql), transaction: each.transaction };
    },
  },
  "keeps what slid out of the time window": {
    state: (inner) =>
      withSessions(inner, (session) => ({ ...session, heldBefore: () => Promise.resolve([]) })),
  },
  "overlooks what changes while it waits": {
    mailbox: (inner) => altered(inner, { watch: () => () => {} }),
  },
};

/** What only devices suffer from that sync whole conversations. */
export const brokenTalks: Readonly<Record<string, Sabotage>> = {
  "forgets conversations that were not through": {
    state: (inner) =>
      withSessions(inner, (session) => ({
        ...session,
        commit: (next) => {
          const { threads: _, ...state } = JSON.parse(next.state);
          return session.commit({ ...next, state: JSON.stringify(state) });
        },
      })),
  },
};
