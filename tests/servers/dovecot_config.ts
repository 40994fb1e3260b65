// The configuration files of a Dovecot for tests, complete in themselves: nothing of /etc is read.
import { join } from "node:path";

/** What a test can choose of its Dovecot. */
export interface DovecotOptions {
  /** Between the levels of a folder's name; "/" unless told. */
  readonly separator?: string;
  /** What stands before the names of personal folders, such as "INBOX."; empty unless told. */
  readonly prefix?: string;
  /** How mail is stored; "maildir" unless told. */
  readonly storage?: "maildir" | "sdbox";
  /** Creates Drafts, Sent, Trash, Junk and Archive, each with its special use, for every user. */
  readonly specialFolders?: boolean;
  /** Offers TLS: implicit on `tlsPort`, STARTTLS on `port`. */
  readonly tls?: boolean;
  /** Bytes that each user may store; RFC 9208 is offered. */
  readonly quota?: number;
  /** Access control lists (RFC 4314), and the folders that others share under `shared/USER/`. */
  readonly acl?: boolean;
  /** Folders under `Public/`, and the rights that every user has there, such as `lrs`. */
  readonly publicFolders?: Readonly<Record<string, string>>;
  /** Allows a master user: "USER*admin" logs in as USER, and so does SASL PLAIN with an authzid. */
  readonly master?: boolean;
  /** Capabilities that are not offered, such as QRESYNC: what a weaker server would say. */
  readonly without?: readonly string[];
  /** Who waits in IDLE for a second is handed to one process for all of them. */
  readonly hibernate?: boolean;
  /** Connections that one user may have at a time; 100 unless told. */
  readonly connectionsPerUser?: number;
  /** Accepts tokens (XOAUTH2 and OAUTHBEARER) too; see `Dovecot.token`. */
  readonly tokens?: boolean;
  /** Further lines of the configuration. */
  readonly extra?: string;
}

/** Ports and places of one Dovecot. */
export interface DovecotPlace {
  readonly dir: string;
  /** The name of the user whom it runs as. */
  readonly user: string;
  readonly group: string;
  readonly port: number;
  readonly tlsPort: number;
  readonly lmtpPort: number;
}

/** The password of the master user "admin". */
export const masterPassword = "secret-of-the-master";

/** What this Dovecot offers by itself; plugins add to it. */
const offered = "IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE SORT SORT=DISPLAY " +
  "THREAD=REFERENCES THREAD=REFS THREAD=ORDEREDSUBJECT MULTIAPPEND URL-PARTIAL CATENATE UNSELECT " +
  "CHILDREN NAMESPACE UIDPLUS LIST-EXTENDED I18NLEVEL=1 CONDSTORE QRESYNC ESEARCH ESORT SEARCHRES " +
  "WITHIN CONTEXT=SEARCH LIST-STATUS BINARY MOVE SNIPPET=FUZZY PREVIEW=FUZZY PREVIEW STATUS=SIZE " +
  "SAVEDATE LITERAL+ NOTIFY SPECIAL-USE";

/** The main configuration file. */
export function dovecotConfig(place: DovecotPlace, options: DovecotOptions): string {
  return [
    general(place, options),
    users(place, options),
    storage(place, options),
    services(place, options),
    plugins(place, options),
    options.hibernate ? hibernation : "",
    options.extra ?? "",
  ].join("\n");
}

function general({ dir, user, group }: DovecotPlace, options: DovecotOptions): string {
  const tls = options.tls
    ? `ssl = yes\nssl_cert = <${dir}/cert.pem\nssl_key = <${dir}/key.pem`
    : "ssl = no";
  return `
base_dir = ${dir}/run
state_dir = ${dir}/state
log_path = ${dir}/log
default_internal_user = ${user}
default_internal_group = ${group}
default_login_user = ${user}
protocols = imap lmtp
listen = 127.0.0.1
${tls}
disable_plaintext_auth = no
first_valid_uid = 1
shutdown_clients = yes
mail_max_userip_connections = ${options.connectionsPerUser ?? 100}
protocol imap {
  imap_capability = ${options.without ? capabilities(options) : ""}
}`;
}

/** The capability line without what shall not be offered; plugins add nothing to one that is told. */
function capabilities({ without = [], quota, acl }: DovecotOptions): string {
  const all = offered.split(" ").concat(
    quota === undefined ? [] : ["QUOTA"],
    acl ? ["ACL", "RIGHTS=texk"] : [],
  );
  const hidden = new Set(without);
  return all.filter((name) => !hidden.has(name)).join(" ");
}

function users({ dir }: DovecotPlace, { master, tokens }: DovecotOptions): string {
  const mechanisms = `plain login${tokens ? " xoauth2 oauthbearer" : ""}`;
  const byToken = `
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = ${dir}/oauth2.conf
}`;
  const byMaster = `
auth_master_user_separator = *
passdb {
  driver = static
  master = yes
  args = password=${masterPassword}
}`;
  return `
auth_mechanisms = ${mechanisms}
auth_failure_delay = 0
${master ? byMaster : ""}
${tokens ? byToken : ""}
passdb {
  driver = dict
  mechanisms = plain login
  args = ${dir}/users.conf
}
userdb {
  driver = dict
  args = ${dir}/users.conf
}`;
}

/**
 * The user database: one file per user, which is read at every login. Other files are looked at
 * once a second at most, so that a user who was just added would not be known.
 */
export function usersConfig(dir: string): string {
  return `uri = fs:posix:prefix=${join(dir, "users")}/
default_pass_scheme = PLAIN
key passdb {
  key = %u
  format = json
}
key userdb {
  key = %u
  format = json
}
passdb_objects = passdb
userdb_objects = userdb
`;
}

function storage({ dir, user, group }: DovecotPlace, options: DovecotOptions): string {
  const { separator = "/", prefix = "", specialFolders, acl, publicFolders } = options;
  const format = options.storage ?? "maildir";
  const folder = (name: string) =>
    `  mailbox ${name} {\n    auto = subscribe\n    special_use = \\${name}\n  }`;
  const special = ["Drafts", "Sent", "Trash", "Junk", "Archive"].map(folder).join("\n");
  const shared = `
namespace shared {
  type = shared
  separator = ${separator}
  prefix = shared${separator}%%u${separator}
  location = ${format}:%%h/mail
  subscriptions = no
  list = children
}`;
  const open = `
namespace public {
  type = public
  separator = ${separator}
  prefix = Public${separator}
  location = maildir:${dir}/public
  subscriptions = no
  list = children
}`;
  return `
mail_uid = ${user}
mail_gid = ${group}
mail_home = ${dir}/mail/%u
mail_location = ${format}:~/mail
mail_fsync = never
mailbox_list_index = yes
namespace inbox {
  inbox = yes
  separator = ${separator}
  prefix = ${prefix}
${specialFolders ? special : ""}
}
${acl ? shared : ""}
${publicFolders ? open : ""}`;
}

function services(place: DovecotPlace, options: DovecotOptions): string {
  return `
service imap-login {
  chroot =
  service_count = 0
  inet_listener imap {
    port = ${place.port}
  }
  inet_listener imaps {
    port = ${options.tls ? place.tlsPort : 0}
    ssl = yes
  }
}
service imap {
  process_limit = 2000
}
service anvil {
  chroot =
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service stats {
  chroot =
}
service auth {
  unix_listener auth-client {
    mode = 0666
  }
}
service lmtp {
  inet_listener lmtp {
    port = ${place.lmtpPort}
  }
  unix_listener lmtp {
    mode = 0666
  }
}`;
}

/** The sockets by which connections are handed over and back, for whoever the processes run as. */
const hibernation = `
imap_hibernate_timeout = 1s
service imap {
  unix_listener imap-master {
    mode = 0666
  }
}
service imap-hibernate {
  unix_listener imap-hibernate {
    mode = 0666
  }
}`;

function plugins({ dir }: DovecotPlace, options: DovecotOptions): string {
  const { quota, acl, publicFolders } = options;
  const lists = acl || publicFolders !== undefined;
  const everywhere = [quota === undefined ? "" : "quota", lists ? "acl" : ""].join(" ");
  const imap = [quota === undefined ? "" : "imap_quota", lists ? "imap_acl" : ""].join(" ");
  const rules = quota === undefined
    ? ""
    : `quota = count:User quota\n  quota_vsizes = yes\n  quota_grace = 0\n  quota_rule = *:bytes=${quota}`;
  return `
mail_plugins = ${everywhere}
protocol imap {
  mail_plugins = $mail_plugins ${imap}
}
plugin {
  ${rules}
  ${lists ? `acl = vfile\n  acl_shared_dict = file:${dir}/state/shared` : ""}
}`;
}
