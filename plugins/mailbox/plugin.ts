// Mail: where it is kept, how it comes in, how it leaves.
import { hostname } from "node:os";
import {
  type Account,
  accountDeleted,
  accounts,
  appPasswordRevoked,
  authenticator,
  cliCommand,
  closing,
  type Contribution,
  definePlugin,
  diagnosis,
  firstStart,
  health,
  type Host,
  login,
  metric,
  passwordKeeper,
  pause,
  type Point,
  route,
  task,
} from "../../core/mod.ts";
import { type Backend, backend, delivery, mailboxes } from "./api.ts";
import { addDeliverRoute } from "./arrival/http.ts";
import { listenerTask } from "./arrival/task.ts";
import {
  dropAccount,
  housekeeping,
  indexFinding,
  localBackend,
  migrations,
  searchIndexing,
} from "./backends/local/mod.ts";
import {
  atServer,
  diagnoseServers,
  type Gateway,
  imapGateway,
  imapMigrations,
  type Residence,
  residence,
} from "./backends/imap/mod.ts";
import { config, type MailboxConfig } from "./config.ts";
import { makeDelivery } from "./delivery.ts";
import { diagnose } from "./diagnosis.ts";
import { type MailMetrics, mailMetrics } from "./metrics.ts";
import { outboxMigrations } from "./outbox/migrations.ts";
import { makeOutbox, type Outbox } from "./outbox/outbox.ts";
import { makeRelay } from "./outbox/relay.ts";
import { makeAnswering } from "./replies/answering.ts";
import { forgetAnswered, forgetReplies, noteCorrespondents } from "./replies/memory.ts";
import { replyMigrations } from "./replies/migrations.ts";
import { fillWithSamples } from "./sample/sample.ts";
import { exportCommand } from "./transfer/export_command.ts";
import { importCommand } from "./transfer/import_command.ts";
import { forgetImports, transferMigrations } from "./transfer/imported.ts";
import type { Relay } from "./way_out.ts";

const owns: readonly Point<unknown>[] = [backend, mailboxes, delivery];

/** What the parts of the plugin share. */
interface Parts {
  readonly host: Host<MailboxConfig>;
  readonly name: () => string;
  readonly relay: Relay | undefined;
  readonly outbox: Outbox;
  readonly metrics: MailMetrics;
  /** Whose mail lies where. */
  readonly lies: Residence;
  readonly gateway: Gateway;
}

export default definePlugin({
  id: "mailbox",
  summary: "Mailboxes: their store, mail coming in, mail going out",
  owns,
  config,
  migrations: [
    ...migrations,
    ...outboxMigrations,
    ...transferMigrations,
    ...replyMigrations,
    ...imapMigrations,
  ],
  contributes(host) {
    const parts = partsOf(host);
    return [
      ...services(parts),
      ...elsewhere(parts),
      ...arrivals(parts),
      ...upkeep(parts),
      cliCommand.of(importCommand(), "import"),
      cliCommand.of(exportCommand(), "export"),
    ];
  },
});

function partsOf(host: Host<MailboxConfig>): Parts {
  const { relay: relayConfig, maxMessageSize: maxSize, domains } = host.config;
  const name = serverName(host.config.hostname);
  const relay = makeRelay(relayConfig, name);
  const metrics: MailMetrics = mailMetrics(() => outbox.waiting());
  const outbox: Outbox = makeOutbox({
    db: host.db,
    clock: host.clock,
    log: host.log,
    accounts: () => host.one(accounts),
    delivery: () => host.one(delivery),
    mailboxes: () => host.one(mailboxes),
    relay,
    submission: (account) => gateway.submission(account),
    name,
    maxSize,
    domains: domains.map((domain) => domain.toLowerCase()),
    retry: relayConfig.retry,
    giveUpAfter: relayConfig.giveUpAfter,
    warnAfter: relayConfig.warnAfter,
    parallel: relayConfig.parallel,
    wrote: (account, addresses) => noteCorrespondents(host.db, account, addresses),
    counted: metrics.sent,
  });
  const lies = residence(host.config);
  const gateway = imapGateway({
    residence: lies,
    db: host.db,
    clock: host.clock,
    log: host.log,
    accounts: () => host.one(accounts),
    send: outbox.send,
    name,
    maxMessageSize: maxSize,
    returned: ({ id }) => outbox.hurry(id),
  });
  return { host, name, relay, outbox, metrics, lies, gateway };
}

/** The configured name, or the machine's; looked up when it is first needed. */
function serverName(configured: string): () => string {
  let name = configured;
  return () => name ||= hostname();
}

/** The backend of an account, among all that there are. */
function chooser({ host, lies }: Parts): (account: Account) => Backend {
  return ({ address }) => {
    const all = host.all(backend);
    const wanted = lies.backendOf(address);
    const found = all.find(({ id }) => id === wanted);
    if (found) return found;
    const ids = all.map(({ id }) => id).join(", ");
    throw new RangeError(
      `Cannot open mailboxes: mailbox.backend is "${wanted}"; there are ${ids}`,
    );
  };
}

/** The stores, and what stands in front of them. */
function services(parts: Parts): Contribution[] {
  const { host, name, outbox, metrics, lies, gateway } = parts;
  const { db, clock, log } = host;
  const chosen = chooser(parts);
  const domains = host.config.domains.map((domain) => domain.toLowerCase());
  return [
    backend.of(
      localBackend({ db, clock, log, send: outbox.send, wrote: noteCorrespondents }),
      "local",
    ),
    ...gateway.backends.map((one) => backend.of(one, one.id)),
    mailboxes.of({
      open: (account) => chosen(account).open(account),
      unlock: (account, ask) => gateway.unlock(account, ask),
    }),
    delivery.of(makeDelivery({
      accounts: () => host.one(accounts),
      backend: chosen,
      elsewhere(address, account) {
        const server = account ? lies.serverOf(account.address) : lies.claimant(address);
        return server && atServer(server);
      },
      clock,
      name,
      delivered: metrics.delivered,
      arrived: makeAnswering({
        db,
        clock,
        log,
        accounts: () => host.one(accounts),
        mailboxes: () => host.one(mailboxes),
        domains: [...domains, ...lies.domains],
        reply: outbox.reply,
      }),
    })),
  ];
}

/** Accounts whose mail lies at other servers. */
function elsewhere({ host, name, lies, gateway }: Parts): Contribution[] {
  const always = [
    appPasswordRevoked.of(({ appPassword }) => gateway.revoked(appPassword), "mailbox"),
    closing.of(() => gateway.close(), "mailbox"),
  ];
  if (lies.servers.length === 0) return always;
  const looked = {
    residence: lies,
    accounts: () => host.one(accounts),
    clock: host.clock,
    name,
    maxMessageSize: host.config.maxMessageSize,
  };
  return [
    ...always,
    authenticator.of(gateway.authenticator, "imap"),
    passwordKeeper.of(gateway.keeper, "imap"),
    task.of(gateway.housekeeping),
    diagnosis.of((_url, tester) => diagnoseServers(looked, tester), "imap"),
  ];
}

/** The ways in that are switched on. */
function arrivals({ host, name, metrics }: Parts): Contribution[] {
  const { config, log, clock } = host;
  const counted = (protocol: "lmtp" | "smtp" | "http") => (outcome: "taken" | "refused") =>
    metrics.arrived(protocol, outcome);
  const shared = { maxSize: config.maxMessageSize, log };
  const listeners = (["lmtp", "smtp"] as const)
    .filter((protocol) => config[protocol].listen !== "")
    .flatMap((protocol) => {
      const listener = listenerTask(config[protocol].listen, clock, () => ({
        ...shared,
        protocol,
        name: name(),
        delivery: host.one(delivery),
        counted: counted(protocol),
      }), protocol);
      return [task.of(listener.task), health.of(listener.health, protocol)];
    });
  if (!config.http.enabled) return listeners;
  const http = route.of((app) =>
    addDeliverRoute(app, {
      ...shared,
      login: () => host.one(login),
      delivery: () => host.one(delivery),
      token: config.http.token,
      counted: counted("http"),
    }), "deliver");
  return [...listeners, http];
}

const hour = 3_600_000;

/** Background work, and what others are told. */
function upkeep({ host, relay, outbox, metrics, gateway }: Parts): Contribution[] {
  const { db, clock, log, config } = host;
  return [
    task.of({ name: "outbox", run: outbox.run }),
    task.of(housekeeping({ db, clock, log })),
    task.of(searchIndexing({ db, clock, log })),
    task.of({
      name: "outbox housekeeping",
      async run(signal) {
        while (!signal.aborted) {
          await outbox.clean().then(() => forgetAnswered(db, clock.now())).catch((error) => {
            log.warn({ err: error }, "Housekeeping of the outbox failed; it is tried again");
          });
          await pause(clock, hour, signal);
        }
      },
    }),
    // Mail waits for a relay that is away: no reason to take this server out of service.
    health.of(() => {
      const detail = outbox.trouble();
      return Promise.resolve({ name: "mail relay", ok: true, ...(detail && { detail }) });
    }, "relay"),
    metric.of(metrics.register, "mail"),
    diagnosis.of(() => diagnose(config, relay, host.all(backend).map(({ id }) => id)), "mail"),
    diagnosis.of(async () => [await indexFinding(db)], "search index"),
    firstStart.of(async ({ account }) => {
      if (config.sample) await fillWithSamples(host.one(mailboxes).open(account), account, clock);
    }, "sample mailbox"),
    accountDeleted.of(async ({ account }) => {
      await gateway.forget(account);
      await outbox.removeAccount(account.id);
      await forgetImports(db, account.id);
      await forgetReplies(db, account.id);
      await dropAccount(db, account.id, clock.now());
    }, "mailbox"),
  ];
}
