// The configuration files of a Postfix for tests: a submission server, complete in itself.
import { join } from "node:path";

/** What a test can choose of its submission server. */
export interface SubmissionOptions {
  /** Offers TLS: implicit on `tlsPort`, STARTTLS on `port`. */
  readonly tls?: boolean;
  /** The most bytes of a message; 10 MiB unless told. */
  readonly sizeLimit?: number;
  /** Domains whose mail is delivered to the mail server; `example.test` unless told. The mail of others vanishes. */
  readonly domains?: readonly string[];
}

/** The mail server behind it: where mail goes, and who checks passwords. */
export interface Behind {
  readonly host: string;
  /** Plain IMAP. */
  readonly port: number;
  readonly lmtpPort: number;
  /** The socket of Dovecot SASL. */
  readonly authSocket?: string;
  /** The password database of Cyrus SASL. */
  readonly sasldb?: string;
}

/** Ports and places of one Postfix. */
export interface PostfixPlace {
  readonly dir: string;
  readonly port: number;
  readonly tlsPort: number;
  readonly policyPort: number;
}

/** main.cf */
export function mainConfig(
  place: PostfixPlace,
  behind: Behind,
  options: SubmissionOptions,
): string {
  const { dir, policyPort } = place;
  const policy = `check_policy_service inet:127.0.0.1:${policyPort}`;
  const tls = options.tls
    ? `smtpd_tls_security_level = may
smtpd_tls_cert_file = ${dir}/cert.pem
smtpd_tls_key_file = ${dir}/key.pem`
    : "";
  const sasl = behind.authSocket
    ? `smtpd_sasl_type = dovecot\nsmtpd_sasl_path = ${behind.authSocket}`
    : `smtpd_sasl_type = cyrus\nsmtpd_sasl_path = smtpd`;
  return `
compatibility_level = 3.6
queue_directory = ${dir}/queue
data_directory = ${dir}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = ${dir}/log/mail
maillog_file_prefixes = ${dir}
myhostname = mail.example.test
mynetworks = 192.0.2.1/32
mydestination =
alias_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
virtual_mailbox_domains = ${(options.domains ?? ["example.test"]).join(" ")}
virtual_transport = lmtp:inet:127.0.0.1:${behind.lmtpPort}
default_transport = discard:
message_size_limit = ${options.sizeLimit ?? 10 * 1024 * 1024}
mailbox_size_limit = 0
virtual_mailbox_limit = 0
smtpd_sasl_auth_enable = yes
${sasl}
smtpd_sender_login_maps = regexp:${dir}/senders
smtpd_sender_restrictions = reject_sender_login_mismatch
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = ${policy}
smtpd_end_of_data_restrictions = ${policy}
smtpd_error_sleep_time = 0
smtpd_client_connection_count_limit = 0
strict_mailbox_ownership = no
minimal_backoff_time = 1s
queue_run_delay = 1s
${tls}
`;
}

/** Everybody may send under the name of their login, and under no other. */
export const senders = "/^(.*)$/ ${1}\n";

/** smtpd.conf of Cyrus SASL */
export function saslConfig({ sasldb }: Behind): string {
  return `pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: ${sasldb}
mech_list: PLAIN LOGIN
`;
}

/** master.cf: which programs the master runs; none is locked into the queue's directory. */
export function masterConfig({ port, tlsPort }: PostfixPlace, tls: boolean): string {
  const wrapped = `127.0.0.1:${tlsPort} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes`;
  return `127.0.0.1:${port} inet n - n - - smtpd
${tls ? wrapped : ""}
postlog unix-dgram n - n - 1 postlogd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
`;
}

/** The directories of the queue, and who may do what there. */
export const queueDirectories: readonly (readonly [string, string, number])[] = [
  ...["active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private"]
    .map((name) => [name, "postfix:root", 0o700] as const),
  ["saved", "postfix:root", 0o700],
  ["trace", "postfix:root", 0o700],
  ["maildrop", "postfix:postdrop", 0o730],
  ["public", "postfix:postdrop", 0o710],
  ["pid", "root:root", 0o755],
].map(([name, owner, mode]) =>
  [join("queue", name as string), owner as string, mode as number] as const
);
