// How an account's mail leaves: the submission server beside its IMAP server (RFC 6409).
import { readFile } from "node:fs/promises";
import { type Account, Unavailable } from "../../../../core/mod.ts";
import type { Submission } from "../../api.ts";
import { smtpRelay } from "../../outbox/relay.ts";
import type { SmtpCredentials } from "../../outbox/smtp.ts";
import { fill, loginName } from "./login/connect.ts";
import type { Keyring } from "./login/keyring.ts";
import type { Server } from "./servers/server.ts";

/** What it is made of. */
export interface SubmissionParts {
  readonly server: Server;
  readonly keyring: Keyring;
  /** How this server calls itself. */
  readonly name: () => string;
}

/** The account's way out; nothing is opened before there is mail. */
export function submissionOf(parts: SubmissionParts, account: Account): Submission {
  const { server, name } = parts;
  const { host, smtp } = server.config;
  return {
    relay: smtpRelay(
      { ...smtp, host: smtp.host || host, name },
      () => smtp.login ? credentials(parts, account) : Promise.resolve(undefined),
    ),
    saves: smtp.saves,
  };
}

/**
 * The account's own, else those of the master user who logs in for it. A token goes as XOAUTH2,
 * also where IMAP takes OAUTHBEARER: that is what the library speaks, and servers take both.
 */
async function credentials(
  { server, keyring }: SubmissionParts,
  account: Account,
): Promise<SmtpCredentials> {
  const { auth, master } = server.config;
  const user = loginName(server, account.address);
  const secret = keyring.get(account);
  if (secret) {
    return auth === "password" ? { user, pass: secret.reveal() } : { user, token: secret.reveal() };
  }
  if (master.user === "" || master.form === "") {
    throw new Unavailable("Cannot log in at the submission server: nobody has shown a password");
  }
  const pass = master.passwordFile === ""
    ? master.password
    : (await readFile(master.passwordFile, "utf8")).trimEnd();
  return { user: fill(master.form, { login: user, master: master.user }), pass };
}
