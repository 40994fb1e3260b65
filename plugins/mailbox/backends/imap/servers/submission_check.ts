// Whether mail could leave: the submission server is there, knows logins, and takes mail of our size.
import type SMTPConnection from "nodemailer/lib/smtp-connection";
import type { Accounts, Finding, Tester } from "../../../../../core/mod.ts";
import { portOf, type SmtpCredentials, smtpSession } from "../../../outbox/smtp.ts";
import { fixOf } from "./fixes.ts";
import { loginName } from "../login/connect.ts";
import type { Server } from "./server.ts";
import type { Residence } from "./servers.ts";

/** What the library has learned from EHLO; it does not tell in its types. */
interface Learned {
  readonly _supportedAuth: readonly string[];
  readonly _maxAllowedSize: number;
}

export interface SubmissionCheckParts {
  readonly residence: Residence;
  readonly accounts: () => Accounts;
  readonly name: () => string;
  readonly maxMessageSize: number;
}

/** Connects; logs in where somebody was given who can. */
export async function submissionFinding(
  parts: SubmissionCheckParts,
  server: Server,
  tester: Tester | undefined,
): Promise<Finding> {
  const check = `imap ${server.name}, sending`;
  const { smtp } = server.config;
  const host = smtp.host || server.config.host;
  const place = `${host}:${portOf(smtp)}`;
  const section = `mailbox.imap.${server.name}.smtp`;
  try {
    const login = await credentials(parts, server, tester);
    const session = smtpSession({ ...smtp, host, name: parts.name }, () => Promise.resolve(login));
    const learned = await session((connection) => Promise.resolve(learn(connection)));
    const lets = login ? ` and lets ${login.user} in` : "";
    return { check, ...judged(server, parts.maxMessageSize, learned, `${place} answers${lets}`) };
  } catch (error) {
    const detail = `${place}: ${(error as Error).message.split(/\r?\n/)[0]}`;
    const spot = { protocol: "smtp", section, place, security: smtp.security } as const;
    return { check, level: "error", detail, fix: fixOf(error as Error, spot) };
  }
}

/** What it offers, held against what is wanted of it. */
function judged(
  { name, config }: Server,
  maxMessageSize: number,
  { mechanisms, size }: ReturnType<typeof learn>,
  answers: string,
): Omit<Finding, "check"> {
  const section = `mailbox.imap.${name}.smtp`;
  if (config.smtp.login && mechanisms.length === 0) {
    const fix =
      `Use its submission port (587 or 465) as ${section}.port; or set ${section}.login ` +
      "= false, if it takes mail from this machine without one";
    return { level: "error", detail: `${answers}; it offers no login`, fix };
  }
  const detail = [
    answers,
    `logins: ${mechanisms.join(", ") || "none"}`,
    size > 0 ? `messages up to ${size} bytes` : "no limit to the size is told",
  ].join("; ");
  if (size === 0 || size >= maxMessageSize) return { level: "ok", detail };
  const fix =
    `Set mailbox.maxMessageSize = ${size}, so that a phone hears at once what is too large`;
  return { level: "warning", detail, fix };
}

function learn(connection: SMTPConnection) {
  const { _supportedAuth, _maxAllowedSize } = connection as unknown as Learned;
  return { mechanisms: [..._supportedAuth], size: _maxAllowedSize };
}

async function credentials(
  { residence, accounts }: SubmissionCheckParts,
  server: Server,
  tester: Tester | undefined,
): Promise<SmtpCredentials | undefined> {
  if (!tester || !server.config.smtp.login) return undefined;
  const address = (await accounts().meant(tester.user))?.address ?? tester.user;
  if (residence.serverOf(address)?.name !== server.name) return undefined;
  const user = loginName(server, address);
  return server.config.auth === "password"
    ? { user, pass: tester.password }
    : { user, token: tester.password };
}
