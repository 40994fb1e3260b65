// What `doctor` says about each IMAP server.
import type { ImapFlow } from "imapflow";
import type { Accounts, Clock, Finding, Tester } from "../../../../../core/mod.ts";
import type { Role } from "../../../model.ts";
import { abilityFindings } from "./abilities.ts";
import { openConnection, WrongPassword } from "../login/connect.ts";
import { fixOf } from "./fixes.ts";
import { listFolders } from "../folders/folder_list.ts";
import { isForeign, namespacesOf } from "../folders/namespaces.ts";
import { rolesOf } from "../folders/roles.ts";
import { imapPlace, type Server } from "./server.ts";
import type { Residence } from "./servers.ts";
import { submissionFinding } from "./submission_check.ts";
import { type ShownCertificate, surveyServer } from "./survey.ts";
import { plainFingerprint } from "../login/tls.ts";

export interface DiagnosisParts {
  readonly residence: Residence;
  readonly accounts: () => Accounts;
  readonly clock: Clock;
  readonly name: () => string;
  /** The largest message that is sent from here, in bytes. */
  readonly maxMessageSize: number;
}

/** All servers, side by side. Nothing is changed anywhere. */
export async function diagnoseServers(
  parts: DiagnosisParts,
  tester: Tester | undefined,
): Promise<Finding[]> {
  const all = parts.residence.servers.map((server) => diagnoseServer(parts, server, tester));
  return (await Promise.all(all)).flat();
}

async function diagnoseServer(
  parts: DiagnosisParts,
  server: Server,
  tester: Tester | undefined,
): Promise<Finding[]> {
  const check = `imap ${server.name}`;
  const { certificate, ...seen } = await surveyServer(server);
  const findings = certificate ? certificateFindings(check, server, certificate, parts.clock) : [];
  if (seen.trouble !== undefined) {
    const section = `mailbox.imap.${server.name}`;
    const place = imapPlace(server);
    const { security } = server.config;
    return [{
      check,
      level: "error",
      detail: `${place}: ${seen.trouble.message}`,
      fix: fixOf(seen.trouble, { protocol: "imap", section, place, security }),
    }, ...findings];
  }
  findings.unshift({ check, level: "ok", detail: `${imapPlace(server)} answers` });
  const [inside, submission] = await Promise.all([
    // With a certificate that is not the right one nobody shall log in, here either.
    findings.some(({ level }) => level === "error") ? [] : lookInside(parts, server, tester),
    submissionFinding(parts, server, tester),
  ]);
  return [
    ...findings,
    ...inside,
    submission,
  ];
}

const day = 86_400_000;
/** Those who renew by themselves do it thirty days before; so two weeks mean that it failed. */
const soon = 14 * day;

function certificateFindings(
  name: string,
  { name: section, config }: Server,
  { certificate, fingerprint, doubt }: ShownCertificate,
  clock: Clock,
): Finding[] {
  const check = `${name}, certificate`;
  const names = certificate.subjectAltName ?? certificate.subject;
  const until = new Date(Date.parse(certificate.validTo)).toISOString().slice(0, 10);
  if (config.fingerprint !== "") {
    const right = plainFingerprint(config.fingerprint) === fingerprint;
    return [
      right ? { check, level: "ok", detail: `it is the pinned one, valid until ${until}` } : {
        check,
        level: "error",
        detail: `it is not the pinned one: its SHA-256 is ${fingerprint}`,
        fix: `If it was renewed, set mailbox.imap.${section}.fingerprint to that`,
      },
    ];
  }
  if (doubt !== undefined) {
    return [{
      check,
      level: "error",
      detail: `it is not trusted (${doubt}); it is for ${names}, until ${until}`,
      fix: `Use the name that it is for as mailbox.imap.${section}.host; or give the authority ` +
        `that signed it as caFile, or this one as fingerprint = "${fingerprint}"`,
    }];
  }
  const left = Date.parse(certificate.validTo) - clock.now();
  return [
    left < soon
      ? { check, level: "warning", detail: `it expires on ${until}`, fix: "renew it there" }
      : { check, level: "ok", detail: `it is for ${names}, until ${until}` },
  ];
}

/**
 * Logs in as whoever may: the tester, or the master user for some account. Before a login servers
 * tell little of what they can, so that nothing is said of it without one.
 */
async function lookInside(
  parts: DiagnosisParts,
  server: Server,
  tester: Tester | undefined,
): Promise<Finding[]> {
  const check = `imap ${server.name}, login`;
  const login = await loginFor(parts, server, tester);
  if (!login) {
    const detail = "not tried: nobody was given who could log in; what the server can, and its " +
      "folders, it tells after a login";
    const fix = "To look further, try: navette doctor --user ADDRESS --password-stdin";
    return [{ check, level: "ok", detail, fix }];
  }
  let client: ImapFlow;
  try {
    client = await openConnection(server, login);
  } catch (error) {
    const fix = error instanceof WrongPassword
      ? `See that the password is right, and mailbox.imap.${server.name}.user makes the name of ` +
        "the login as the server wants it"
      : "See the log of the mail server";
    const detail = (error as Error).message;
    return [{ check, level: "error", detail, fix }];
  }
  try {
    const detail = login.secret ? `${login.address} logs in` : "the master user logs in";
    return [
      { check, level: "ok", detail },
      await folderFinding(server, client),
      ...abilityFindings(`imap ${server.name}`, new Set(client.capabilities.keys()), server.config),
    ];
  } finally {
    client.close();
  }
}

async function loginFor(
  { residence, accounts }: DiagnosisParts,
  server: Server,
  tester: Tester | undefined,
) {
  const isHere = (address: string) => residence.serverOf(address)?.name === server.name;
  if (tester) {
    const address = (await accounts().meant(tester.user))?.address ?? tester.user;
    if (isHere(address)) return { address, secret: { reveal: () => tester.password } };
  }
  if (server.config.master.user === "") return undefined;
  const somebody = (await accounts().list()).find(({ address }) => isHere(address));
  return somebody && { address: somebody.address, secret: undefined };
}

const wanted: readonly Role[] = ["drafts", "sent", "trash", "junk", "archive"];

/** Which folder is for what, for the user who has logged in. */
async function folderFinding({ name, config }: Server, client: ImapFlow): Promise<Finding> {
  const check = `imap ${name}, special folders`;
  const namespaces = namespacesOf(client);
  const all = await listFolders(client, { subscribed: false });
  const own = all.filter(({ path, flags }) =>
    !isForeign(path, namespaces) && !flags.has("\\noselect") && !flags.has("\\nonexistent")
  );
  const roles = new Map([...rolesOf(own, config.folders, new Map())].map(([path, r]) => [r, path]));
  const found = wanted.filter((role) => roles.has(role)).map((role) =>
    `${role}: ${roles.get(role)}`
  );
  const missing = wanted.filter((role) => !roles.has(role));
  const unknown = Object.entries(config.folders)
    .filter(([, path]) => path !== "" && !own.some((folder) => folder.path === path));
  if (unknown.length > 0) {
    const detail = unknown.map(([role, path]) => `there is no folder "${path}" for ${role}`);
    const fix = `Write it as the server has it, in mailbox.imap.${name}.folders: ` +
      own.map(({ path }) => path).slice(0, 30).join(", ");
    return { check, level: "error", detail: detail.join("; "), fix };
  }
  const detail = [
    ...found,
    ...(missing.length > 0 ? [`made when they are needed: ${missing.join(", ")}`] : []),
  ].join("; ");
  return { check, level: "ok", detail };
}
