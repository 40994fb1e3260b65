// The options of core itself: server, storage, log, login, plugins.
import * as v from "valibot";
import { parseListen } from "./listen_address.ts";
import { isNetwork } from "./remote.ts";

const flag = (description: string, fallback: boolean) =>
  v.optional(v.pipe(v.boolean(), v.description(description)), fallback);
const count = (description: string, fallback: number, least: number, most: number) =>
  v.optional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(least),
      v.maxValue(most),
      v.description(description),
    ),
    fallback,
  );

const tls = v.strictObject({
  cert: v.optional(
    v.pipe(
      v.string(),
      v.description("The certificate and its chain (PEM); read again when the file changes."),
      v.examples(["/etc/letsencrypt/live/mail.example.com/fullchain.pem"]),
    ),
    "",
  ),
  key: v.optional(
    v.pipe(
      v.string(),
      v.description("The certificate's private key (PEM)."),
      v.examples(["/etc/letsencrypt/live/mail.example.com/privkey.pem"]),
    ),
    "",
  ),
});

const metrics = v.strictObject({
  enabled: flag("Answer /metrics, for Prometheus.", true),
  token: v.optional(
    v.pipe(
      v.string(),
      v.description(
        "Who shows this as a bearer token may read /metrics. Empty: only this machine may.",
      ),
      v.metadata({ secret: true }),
    ),
    "",
  ),
});

const server = v.strictObject({
  listen: v.optional(
    v.pipe(
      v.string(),
      v.check((value) => parseListen(value) !== undefined, "host:port, [ipv6]:port or :port"),
      v.description("Where to listen. Without TLS only on this machine or behind a proxy."),
      v.examples(["0.0.0.0:443"]),
    ),
    "127.0.0.1:8080",
  ),
  url: v.optional(
    v.pipe(
      v.string(),
      v.check(isPublicUrl, "https://host or https://host:port, without a path"),
      v.description("The address that clients use. Empty: made from `listen`."),
      v.examples(["https://mail.example.com"]),
    ),
    "",
  ),
  proxy: v.optional(
    v.pipe(
      v.array(
        v.pipe(
          v.string(),
          v.check(isNetwork, 'an IP address, a network like 10.0.0.0/8, or "loopback"'),
        ),
      ),
      v.description(
        "Reverse proxies that stand in front and speak TLS to the clients. Only from them is " +
          "X-Forwarded-For believed.",
      ),
      v.examples([["loopback"], ["10.0.0.0/8"]]),
    ),
    [],
  ),
  grace: count("How long running requests may take at a stop, in seconds.", 10, 0, 600),
  tls: v.optional(tls, {}),
  metrics: v.optional(metrics, {}),
});

const storage = v.strictObject({
  url: v.optional(
    v.pipe(
      v.string(),
      v.check(isStorageUrl, "file:…, https://…, http://…, libsql://… or nothing"),
      v.description("The database. Empty: navette.db in the data directory."),
      v.examples(["file:/var/lib/navette/navette.db", "libsql://db.example.com"]),
    ),
    "",
  ),
  token: v.optional(
    v.pipe(
      v.string(),
      v.description("The token of a libSQL server."),
      v.metadata({ secret: true }),
    ),
    "",
  ),
});

const log = v.strictObject({
  level: v.optional(
    v.pipe(v.picklist(["debug", "info", "warn", "error"]), v.description("The least to be told.")),
    "info",
  ),
  format: v.optional(
    v.pipe(
      v.picklist(["auto", "json", "text"]),
      v.description("auto: text on a terminal, JSON lines elsewhere."),
    ),
    "auto",
  ),
});

const login = v.strictObject({
  accountFailures: count(
    "Failed logins to one account from one address, until that address must wait.",
    10,
    1,
    100_000,
  ),
  addressFailures: count(
    "Failed logins from one address to whatever account, until it must wait.",
    50,
    1,
    1_000_000,
  ),
  window: count("How long failures count and the wait lasts, in seconds.", 900, 1, 86_400),
});

const plugins = v.strictObject({
  files: v.optional(
    v.pipe(
      v.array(v.string()),
      v.description("Plugins of your own: files, relative to this one."),
      v.examples([["./plugins/hello.ts"]]),
    ),
    [],
  ),
});

/** Core's sections. All other sections belong to the plugin of that name. */
export const coreSections = {
  server: v.pipe(server, v.description("How clients reach this server.")),
  storage: v.pipe(storage, v.description("Where everything is kept.")),
  log: v.pipe(log, v.description("What is told on standard error.")),
  login: v.pipe(login, v.description("The limit on failed logins.")),
  plugins: v.pipe(plugins, v.description("Plugins besides those that are built in.")),
} as const;

/** Core's sections, parsed. */
export type CoreConfig = {
  readonly [Section in keyof typeof coreSections]: v.InferOutput<(typeof coreSections)[Section]>;
};

function isPublicUrl(value: string): boolean {
  if (value === "") return true;
  if (!URL.canParse(value)) return false;
  const url = new URL(value);
  return /^https?:$/.test(url.protocol) && url.pathname === "/" && url.search === "" &&
    url.hash === "" && url.username === "" && url.password === "";
}

function isStorageUrl(value: string): boolean {
  return value === "" || /^(file:.|https?:\/\/.|libsql:\/\/.)/.test(value);
}
