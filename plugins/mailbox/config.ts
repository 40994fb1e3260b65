// What an operator can set in `[mailbox]`.
import * as v from "valibot";
import { normalAddress, normalDomain } from "./address.ts";
import { serversConfig } from "./backends/imap/servers/servers.ts";
import { count, issuePath, text } from "./options.ts";

const listen = (description: string) =>
  v.optional(
    v.pipe(
      v.string("a text"),
      v.check(
        (text) => text === "" || /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]*):\d{1,5}$/.test(text),
        "host:port, for example 127.0.0.1:2400, or nothing to switch it off",
      ),
      v.description(description),
    ),
    "",
  );

const secret = (least: number, description: string) =>
  v.optional(
    v.pipe(
      v.string("a text"),
      v.check(
        (value) => value === "" || value.length >= least,
        `at least ${least} characters, or nothing to switch it off`,
      ),
      v.description(description),
      v.metadata({ secret: true }),
    ),
    "",
  );

const relay = v.pipe(
  v.strictObject({
    host: text("The SMTP server that takes mail to other servers; without one, such mail bounces"),
    port: count(0, 0, "Its port; 0 stands for 587 with starttls, 465 with tls, 25 with none"),
    security: v.optional(
      v.pipe(
        v.picklist(["starttls", "tls", "none"], 'one of "starttls", "tls", "none"'),
        v.description("How the connection is protected; none only within one machine or network"),
      ),
      "starttls",
    ),
    user: text("The name to log in with; empty: no login"),
    password: secret(1, "The password to log in with"),
    passwordFile: text("A file that holds the password, in place of `password`"),
    caFile: text("A PEM file with the authority that signed the relay's certificate"),
    name: text("How this server calls itself to the relay; empty: as `hostname`"),
    parallel: count(1, 4, "How many messages are on their way to the relay at a time"),
    retry: v.optional(
      v.pipe(
        v.array(v.pipe(v.number("a number of seconds"), v.minValue(1, "at least 1"))),
        v.minLength(1, "one number or more"),
        v.description("Seconds between attempts; the last one repeats"),
      ),
      [60, 300, 900, 1800, 3600, 7200, 14400],
    ),
    warnAfter: count(60, 3600, "Seconds after which a sender is told that mail still waits"),
    giveUpAfter: count(60, 172800, "Seconds after which mail that cannot be handed on bounces"),
  }),
  v.description("Where mail for other servers goes"),
);

const options = v.strictObject({
  backend: text(
    "Where mail is kept: `local` is the store in this server's own database; the name of a table " +
      "below `imap`: there, whatever the domain",
    "local",
  ),
  imap: v.optional(serversConfig, {}),
  local: v.optional(
    v.pipe(
      v.array(
        v.pipe(
          v.string("an address"),
          v.check((text) => normalAddress(text) !== undefined, "an address, as anna@example.org"),
        ),
      ),
      v.description(
        "Addresses whose mail is kept in the local store, though an IMAP server has their domain",
      ),
      v.examples([["anna@example.org"]]),
    ),
    [],
  ),
  hostname: text("How this server calls itself in mail; empty: the machine's own name"),
  maxMessageSize: count(1024, 52428800, "Largest message that is taken in, in bytes"),
  domains: v.optional(
    v.pipe(
      v.array(v.string("a domain")),
      v.description(
        "Domains whose mail all ends here: an address there without an account is refused at once. " +
          "Addresses of accounts are always delivered here; everything else goes to the relay",
      ),
    ),
    [],
  ),
  lmtp: v.optional(
    v.pipe(
      v.strictObject({
        listen: listen("host:port where a mail server hands mail in by LMTP; empty: off"),
      }),
      v.description("Mail comes in by LMTP"),
    ),
    {},
  ),
  smtp: v.optional(
    v.pipe(
      v.strictObject({
        listen: listen("host:port where mail for local accounts comes in by SMTP; empty: off"),
      }),
      v.description("Mail comes in by SMTP; it is never passed on to other servers"),
    ),
    {},
  ),
  http: v.optional(
    v.pipe(
      v.strictObject({
        enabled: v.optional(
          v.pipe(v.boolean("true or false"), v.description("POST /api/deliver takes messages")),
          true,
        ),
        token: secret(24, "Bearer token that may deliver to any account; empty: none may"),
      }),
      v.description("Mail comes in by HTTP"),
    ),
    {},
  ),
  relay: v.optional(relay, {}),
  sample: v.optional(
    v.pipe(
      v.boolean("true or false"),
      v.description("The very first start puts sample messages into the account that it makes"),
    ),
    true,
  ),
});

/** The section `[mailbox]`. */
export const config = v.pipe(
  options,
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const { domains, imap } = dataset.value;
    const here = new Set(domains.map((domain) => normalDomain(domain)));
    for (const [name, server] of Object.entries(imap)) {
      const both = server.domains.find((domain) => here.has(normalDomain(domain)));
      if (both === undefined) continue;
      const message = `domains whose mail all ends here, and that of ${both} lies at the IMAP ` +
        `server "${name}". Fix: remove it from mailbox.domains`;
      addIssue({ message, path: issuePath(dataset.value, ["domains"]) });
    }
  }),
);

export type MailboxConfig = v.InferOutput<typeof config>;
export type RelayConfig = MailboxConfig["relay"];
