// What the options of one server must be together, each with what is wrong and how to mend it.
import { isLoopback } from "../../../../../core/mod.ts";
import { normalAddress, normalDomain } from "../../../address.ts";
import type { ServerOptions } from "./server.ts";
import { plainFingerprint } from "../login/tls.ts";

/** Something wrong, at the option of that path. */
export interface Problem {
  readonly at: readonly string[];
  /** What is wanted there. */
  readonly wanted: string;
  readonly fix: string;
}

/** Everything that is wrong with a server whose options are each of the right kind. */
export function serverProblems(server: ServerOptions): Problem[] {
  return [
    ...whereProblems(server),
    ...connectionProblems(server, server.host, []),
    ...connectionProblems(server.smtp, server.smtp.host || server.host, ["smtp"]),
    ...loginProblems(server),
    ...masterProblems(server),
  ];
}

function whereProblems({ host, domains, accounts }: ServerOptions): Problem[] {
  const problems: Problem[] = [];
  if (host === "") {
    problems.push({
      at: ["host"],
      wanted: "the name of the IMAP server",
      fix: 'for example host = "mail.example.org"',
    });
  }
  for (const domain of domains) {
    if (normalDomain(domain) !== undefined) continue;
    problems.push({
      at: ["domains"],
      wanted: `domains, and ${JSON.stringify(domain)} is none`,
      fix: 'for example domains = ["example.org"]',
    });
  }
  for (const address of accounts) {
    if (normalAddress(address) !== undefined) continue;
    problems.push({
      at: ["accounts"],
      wanted: `addresses, and ${JSON.stringify(address)} is none`,
      fix: 'for example accounts = ["anna@example.org"]',
    });
  }
  return problems;
}

type Connection = Pick<
  ServerOptions,
  "security" | "caFile" | "fingerprint" | "allowPlain"
>;

function connectionProblems(
  { security, caFile, fingerprint, allowPlain }: Connection,
  host: string,
  at: readonly string[],
): Problem[] {
  const problems: Problem[] = [];
  if (security === "none" && !allowPlain && host !== "" && !isLoopback(host)) {
    problems.push({
      at: [...at, "security"],
      wanted: `"tls" or "starttls", because ${host} is another machine and passwords would cross ` +
        "the network in plain text",
      fix: 'write security = "tls"; or allowPlain = true if you know what protects that network',
    });
  }
  if (fingerprint !== "" && !/^[0-9a-f]{64}$/.test(plainFingerprint(fingerprint))) {
    problems.push({
      at: [...at, "fingerprint"],
      wanted: "the SHA-256 of a certificate: 64 hexadecimal digits, colons allowed",
      fix: "ask for it: openssl x509 -in certificate.pem -noout -fingerprint -sha256",
    });
  }
  if (fingerprint !== "" && caFile !== "") {
    problems.push({
      at: [...at, "fingerprint"],
      wanted: "one of fingerprint and caFile: a pinned certificate needs no authority",
      fix: "remove one of the two",
    });
  }
  if (security === "none" && (fingerprint !== "" || caFile !== "")) {
    problems.push({
      at: [...at, "security"],
      wanted: '"tls" or "starttls", because a certificate is expected',
      fix: 'write security = "tls", or remove caFile and fingerprint',
    });
  }
  return problems;
}

function loginProblems(server: ServerOptions): Problem[] {
  const problems = formProblems("user", server.user, ["address", "local", "domain"], ["user"]);
  if (problems.length === 0 && !/\{(address|local)\}/.test(server.user)) {
    problems.push({
      at: ["user"],
      wanted: "a form with {address} or {local}: else all accounts would log in as the same user",
      fix: 'for example user = "{address}"',
    });
  }
  if (server.appPasswords && server.auth !== "password") {
    problems.push({
      at: ["appPasswords"],
      wanted: 'false, because tokens expire and cannot be kept: auth is "' + server.auth + '"',
      fix: 'write appPasswords = false, or auth = "password"',
    });
  }
  return problems;
}

function masterProblems({ master }: ServerOptions): Problem[] {
  const problems = formProblems("form", master.form, ["login", "master"], ["master", "form"]);
  const given = (["password", "passwordFile"] as const).filter((key) => master[key] !== "");
  if (given.length === 2) {
    problems.push({
      at: ["master", "passwordFile"],
      wanted: "one of password and passwordFile",
      fix: "remove one of the two",
    });
  }
  if (master.user !== "" && given.length === 0) {
    problems.push({
      at: ["master", "password"],
      wanted: "the master user's password",
      fix: 'set password, or passwordFile = "/path/to/file"',
    });
  }
  if (master.user === "" && given.length > 0) {
    problems.push({
      at: ["master", "user"],
      wanted: "the name of the master user whose password is given",
      fix: 'for example user = "navette"; or remove the password',
    });
  }
  if (master.form !== "" && !master.form.includes("{login}")) {
    problems.push({
      at: ["master", "form"],
      wanted: "a form with {login}: else nobody's mailbox would be named",
      fix: 'for example form = "{login}*{master}"',
    });
  }
  return problems;
}

/** Placeholders that nothing fills. */
function formProblems(
  key: string,
  form: string,
  known: readonly string[],
  at: readonly string[],
): Problem[] {
  const rest = form.replaceAll(/\{(\w+)\}/g, (whole, word) => known.includes(word) ? "" : whole);
  const wrong = /\{[^}]*\}?|\}/.exec(rest)?.[0];
  if (wrong === undefined && form !== "") return [];
  if (form === "" && key === "form") return [];
  const names = known.map((word) => `{${word}}`).join(", ");
  return [{
    at,
    wanted: wrong ? `a form made of ${names}; ${wrong} is unknown` : `a form made of ${names}`,
    fix: key === "user"
      ? 'for example user = "{address}"'
      : 'for example form = "{login}*{master}"',
  }];
}
