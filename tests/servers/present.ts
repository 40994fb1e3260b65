// Which real mail servers this machine has: `test(name, needs("dovecot", dovecotPresent()), ...)`.
import { existsSync } from "node:fs";
import process from "node:process";
import { needs } from "../needs.ts";
import { isRoot } from "./processes.ts";

/** Debian's dovecot-core, dovecot-imapd and dovecot-lmtpd. */
export function dovecotPresent(): boolean {
  return ["/usr/sbin/dovecot", "/usr/lib/dovecot/imap", "/usr/lib/dovecot/lmtp"].every(existsSync);
}

/** Where `.ci/install` unpacks cyrus-imapd, which cannot be installed beside dovecot-imapd. */
export const cyrusRoot = process.env["NAVETTE_TEST_CYRUS"] ?? "/opt/navette-test/cyrus";

/** Debian's cyrus-common, with cyrus-imapd unpacked beside it or installed. */
export function cyrusPresent(): boolean {
  return existsSync("/usr/lib/cyrus/bin/lmtpd") && cyrusImapd() !== undefined;
}

/** The program imapd of Cyrus; undefined where it is absent. */
export function cyrusImapd(): string | undefined {
  return [`${cyrusRoot}/usr/lib/cyrus/bin/imapd`, "/usr/lib/cyrus/bin/imapd"].find(existsSync);
}

/** Debian's postfix. Its master runs as root only, whatever its configuration says. */
export function postfixPresent(): boolean {
  return isRoot && existsSync("/usr/lib/postfix/sbin/master");
}

/**
 * Options for a test that needs Postfix and `others`. Where nobody is root it is skipped even in CI:
 * no package would help.
 */
export function needsPostfix(others = true): ReturnType<typeof needs> {
  const what = isRoot ? "postfix" : "root for postfix";
  return needs(what, postfixPresent() && others, { optional: !isRoot });
}
