// How to mend what keeps `doctor` from a server, by what the runtime or the server said.

/** Where the trouble is. */
export interface Spot {
  readonly protocol: "imap" | "smtp";
  /** `mailbox.imap.NAME`, or that with `.smtp`. */
  readonly section: string;
  /** `host:port` */
  readonly place: string;
  readonly security: "tls" | "starttls" | "none";
}

const usual = {
  imap: { tls: 993, starttls: 143 },
  smtp: { tls: 465, starttls: 587 },
} as const;

type Fix = (spot: Spot) => string;

/** The runtimes word the same trouble in their own ways. The first that fits counts. */
const fixes: readonly (readonly [RegExp, Fix])[] = [
  [
    /ENOENT|EACCES/,
    ({ section }) => `Correct ${section}.caFile: it must be a file that navette may read`,
  ],
  [
    /ENOTFOUND|EAI_AGAIN/,
    ({ section }) => `Correct ${section}.host: the DNS does not know that name`,
  ],
  [
    /ECONNREFUSED/,
    ({ section }) => `See that it runs and listens there; else correct ${section}.host and .port`,
  ],
  [/EAUTH|invalid login/i, ({ section }) => loginFix(section)],
  [
    /STARTTLS/i,
    ({ section, protocol }) =>
      `It offers no STARTTLS there: write ${section}.security = "tls", with its port for that ` +
      `(${usual[protocol].tls})`,
  ],
  [
    /wrong version number|InvalidContentType|corrupt message|WRONG_VERSION/i,
    ({ section, protocol }) =>
      `It speaks no TLS at first on that port: write ${section}.security = "starttls", or its ` +
      `port for TLS (${usual[protocol].tls})`,
  ],
  [/certificate|issuer|altname/i, certificateFix],
  [
    /greeting/i,
    ({ section, protocol }) =>
      `Correct ${section}.port and .security: ${protocol.toUpperCase()} is at ` +
      `${usual[protocol].tls} with "tls", at ${usual[protocol].starttls} with "starttls"`,
  ],
];

/** What to do about `error`. */
export function fixOf(error: Error, spot: Spot): string {
  const said = `${(error as { code?: string }).code ?? ""} ${error.message}`;
  const [, fix] = fixes.find(([pattern]) => pattern.test(said)) ?? [];
  return fix?.(spot) ??
    `Check ${spot.section}.host, .port and .security, and that no firewall stands in between`;
}

/** The IMAP server's login is the one that the submission server hears, too. */
function loginFix(section: string): string {
  const server = section.replace(/\.smtp$/, "");
  return `See that the password is right there, too, and that ${server}.user makes the name of ` +
    "the login as the server wants it";
}

function certificateFix({ section, place, protocol, security }: Spot): string {
  const start = security === "starttls" ? ` -starttls ${protocol}` : "";
  return `Use the name that its certificate is for as ${section}.host; or give the authority that ` +
    "signed it as caFile, or itself as fingerprint, which tells: " +
    `openssl s_client -connect ${place}${start} </dev/null | openssl x509 -noout -fingerprint -sha256`;
}
