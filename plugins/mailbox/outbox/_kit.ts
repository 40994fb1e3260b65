// What the tests of the outbox share: two accounts, a store that keeps what it is given, a relay.
import type { TestContext } from "node:test";
import type { Account, Database } from "../../../core/mod.ts";
import { openSqlite } from "../../../storage/sqlite/mod.ts";
import { type FakeClock, fakeClock } from "../../../tests/kit.ts";
import {
  account,
  accountsOf,
  chunks,
  type FakeRelay,
  fakeRelay,
  keepingBackend,
  keptLog,
  plainRelay,
} from "../../../tests/kit_mailbox.ts";
import { makeDelivery } from "../delivery.ts";
import type { Submission } from "../way_out.ts";
import { outboxMigrations } from "./migrations.ts";
import { makeOutbox } from "./outbox.ts";
import { makeRelay } from "./relay.ts";

export const anna = account(1, "anna@example.test", { name: "Änna Ångström" });
export const ben = account(2, "ben@example.test");
export const away = account(3, "away@example.test", { disabled: true });

const relayConfig = { ...plainRelay, host: "127.0.0.1", parallel: 2, retry: [60, 300] };

/** What a test of the outbox has to itself. */
export interface Rig {
  readonly db: Database;
  readonly clock: FakeClock;
  readonly backend: ReturnType<typeof keepingBackend>;
  readonly log: ReturnType<typeof keptLog>;
}

export async function rig(t: TestContext): Promise<Rig> {
  const db = await openSqlite(":memory:");
  t.after(() => db.close());
  for (const { up } of outboxMigrations) for (const sql of up) await db.run(sql);
  return { db, clock: fakeClock(), backend: keepingBackend(), log: keptLog() };
}

/** An outbox over it; without `config` there is no relay. */
export function outboxOf(
  { db, clock, backend, log }: Rig,
  config: Partial<typeof relayConfig> | undefined,
  more: { db?: Database; domains?: string[]; submission?: (one: Account) => Submission } = {},
) {
  const accounts = () => accountsOf(anna, ben, away);
  const name = () => "mail.example.test";
  const outcomes: string[] = [];
  const all = { ...relayConfig, ...config };
  const outbox = makeOutbox({
    db: more.db ?? db,
    clock,
    log,
    accounts,
    name,
    delivery: () => makeDelivery({ accounts, backend: () => backend, clock, name }),
    mailboxes: () => backend,
    relay: config ? makeRelay(all, name) : undefined,
    ...(more.submission && { submission: more.submission }),
    maxSize: 100_000,
    domains: more.domains ?? [],
    retry: all.retry,
    giveUpAfter: all.giveUpAfter,
    warnAfter: all.warnAfter,
    parallel: all.parallel,
    counted: (outcome) => void outcomes.push(outcome),
  });
  const controller = new AbortController();
  let running: Promise<void> | undefined;
  return {
    outbox,
    outcomes,
    start: () => void (running = outbox.run(controller.signal)),
    async stop() {
      controller.abort();
      await running;
    },
  };
}

export const message = "From: Anna <anna@example.test>\r\nTo: ben@example.test, x@far.test\r\n" +
  "Bcc: y@far.test\r\nSubject: hello\r\nMessage-ID: <1@example.test>\r\n" +
  "Date: Sun, 01 Mar 2026 11:00:00 +0000\r\n\r\nbody\r\n";

export const outgoing = (mime = message, to: string[] = []) => ({
  mime: chunks(mime, 50),
  from: "anna@example.test",
  to,
  saveInSent: true,
});

export const drained = (outbox: { waiting(): Promise<{ count: number }> }) => async () =>
  (await outbox.waiting()).count === 0;

export async function relayed(
  t: TestContext,
  work: (relay: FakeRelay, rig: Rig) => Promise<void>,
): Promise<void> {
  const relay = await fakeRelay();
  try {
    await work(relay, await rig(t));
  } finally {
    await relay.close();
  }
}
