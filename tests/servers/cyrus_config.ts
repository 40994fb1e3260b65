// The two configuration files of a Cyrus IMAP server for tests, complete in themselves.
import { cyrusImapd } from "./present.ts";

/** What a test can choose of its Cyrus. */
export interface CyrusOptions {
  /** Between the levels of a folder's name; "/" unless told. */
  readonly separator?: "/" | ".";
  /** "INBOX" puts personal folders below the inbox, as Debian configures it; empty unless told. */
  readonly prefix?: "" | "INBOX";
  /** Creates Drafts, Sent, Trash, Junk and Archive, each with its special use, for every user. */
  readonly specialFolders?: boolean;
  /** Offers TLS: implicit on `tlsPort`, STARTTLS on `port`. */
  readonly tls?: boolean;
  /** KiB that each user may store; as much as wanted unless told. */
  readonly quota?: number;
  /** Connections that one user may have at a time; any number unless told. */
  readonly connectionsPerUser?: number;
  /** Further lines of imapd.conf. */
  readonly extra?: string;
}

/** Ports and places of one Cyrus. */
export interface CyrusPlace {
  readonly dir: string;
  readonly port: number;
  readonly tlsPort: number;
  readonly lmtpPort: number;
}

/** Whoever administrates, and may log in as anybody. */
export const cyrusAdmin = { address: "cyrus@example.test", password: "secret-of-the-admin" };

/** imapd.conf */
export function imapdConfig({ dir }: CyrusPlace, options: CyrusOptions): string {
  const { separator = "/", prefix = "", specialFolders, tls, quota, connectionsPerUser } = options;
  const names = ["Drafts", "Sent", "Trash", "Junk", "Archive"];
  const uses = names.map((name) => `xlist-${name.toLowerCase()}: ${name}\n`).join("");
  return `
configdirectory: ${dir}/conf
defaultpartition: default
partition-default: ${dir}/mail
proc_path: ${dir}/conf/proc
mboxname_lockpath: ${dir}/conf/lock
idlesocket: ${dir}/run/idle
lmtpsocket: ${dir}/run/lmtp
notifysocket: ${dir}/run/notify
altnamespace: ${prefix ? "no" : "yes"}
unixhierarchysep: ${separator === "/" ? "yes" : "no"}
virtdomains: userid
defaultdomain: example.test
servername: example.test
admins: cyrus
allowplaintext: yes
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: ${dir}/sasldb
sasl_mech_list: PLAIN LOGIN
sasl_auto_transition: no
skiplist_unsafe: yes
autocreate_quota: ${quota ?? 0}
lmtp_over_quota_perm_failure: yes
lmtp_strict_quota: yes
maxlogins_per_user: ${connectionsPerUser ?? 0}
failedloginpause: 0
${specialFolders ? `autocreate_inbox_folders: ${names.join("|")}\n${uses}` : ""}
${specialFolders ? `autocreate_subscribe_folders: ${names.join("|")}` : ""}
${tls ? `tls_server_cert: ${dir}/cert.pem\ntls_server_key: ${dir}/key.pem` : ""}
${options.extra ?? ""}
`;
}

/** cyrus.conf: which programs the master runs. */
export function masterConfig({ dir, port, tlsPort, lmtpPort }: CyrusPlace, tls: boolean): string {
  const bin = "/usr/lib/cyrus/bin";
  const imapd = cyrusImapd()!;
  const idled = imapd.replace(/imapd$/, "idled");
  const config = `-C ${dir}/imapd.conf`;
  const service = (name: string, command: string, listen: string | number, more = "prefork=0") =>
    `  ${name} cmd="${command}" listen="${listen}" maxchild=1000 ${more}`;
  return `
START {
  recover cmd="${bin}/ctl_cyrusdb ${config} -r"
}
SERVICES {
${service("imap", `${imapd} ${config}`, `127.0.0.1:${port}`, "prefork=1")}
${tls ? service("imaps", `${imapd} ${config} -s`, `127.0.0.1:${tlsPort}`) : ""}
${service("lmtp", `${bin}/lmtpd ${config} -a`, `127.0.0.1:${lmtpPort}`)}
${service("lmtpunix", `${bin}/lmtpd ${config}`, `${dir}/run/lmtp`)}
}
DAEMON {
  idled cmd="${idled} ${config} -d"
}
`;
}
