// What `doctor` looks at in the flow of mail: ports, the relay, the backend.
import { createConnection, createServer } from "node:net";
import { type Finding, parseListen } from "../../core/mod.ts";
import type { MailboxConfig } from "./config.ts";
import type { Relay } from "./way_out.ts";

/** Everything that can be known from here; nothing is changed. */
export async function diagnose(
  config: MailboxConfig,
  relay: Relay | undefined,
  backends: readonly string[],
): Promise<Finding[]> {
  return [
    backendFinding(config.backend, backends),
    ...await Promise.all([
      ...(["lmtp", "smtp"] as const).filter((protocol) => config[protocol].listen !== "")
        .map((protocol) => portFinding(protocol, config[protocol].listen)),
      relayFinding(config, relay),
    ]),
    ...plainPassword(config),
  ];
}

function backendFinding(wanted: string, there: readonly string[]): Finding {
  const check = "mail store";
  if (there.includes(wanted)) return { check, level: "ok", detail: `"${wanted}" is there` };
  return {
    check,
    level: "error",
    detail: `There is no backend "${wanted}"`,
    fix: `Set mailbox.backend to one of: ${there.join(", ")}`,
  };
}

async function relayFinding(
  { imap, domains, local }: MailboxConfig,
  relay: Relay | undefined,
): Promise<Finding> {
  const check = "mail relay";
  if (!relay && Object.keys(imap).length > 0 && domains.length + local.length === 0) {
    const detail = "None is configured, and none is needed for accounts at IMAP servers, which " +
      "send by their own submission servers; mail of local accounts for other servers bounces";
    return { check, level: "ok", detail };
  }
  if (!relay) {
    return {
      check,
      level: "warning",
      detail: "No relay is configured: mail for other servers bounces",
      fix: "Set mailbox.relay.host (and user and password) to a server that takes outgoing mail",
    };
  }
  try {
    await relay.check();
    return { check, level: "ok", detail: `${relay.place} answers and takes the login` };
  } catch (error) {
    return {
      check,
      level: "error",
      detail: `${relay.place}: ${(error as Error).message}`,
      fix: "Check mailbox.relay (host, port, security, user, password), and that no firewall " +
        "stands in between",
    };
  }
}

function plainPassword({ relay }: MailboxConfig): Finding[] {
  const near = /^(localhost|127\.|::1$)/.test(relay.host);
  if (relay.security !== "none" || relay.user === "" || near) return [];
  return [{
    check: "mail relay",
    level: "warning",
    detail: "The password for the relay crosses the network in plain text",
    fix: 'Set mailbox.relay.security to "starttls" or "tls"',
  }];
}

/** Free, or held by this very service, or by somebody else. */
async function portFinding(protocol: "lmtp" | "smtp", listen: string): Promise<Finding> {
  const check = `${protocol} port`;
  const address = parseListen(listen)!;
  const code = await tryToListen(address.hostname, address.port);
  if (code === undefined) return { check, level: "ok", detail: `${listen} is free` };
  const greeting = code === "EADDRINUSE" ? await greetingOf(address) : "";
  if (greeting.includes(protocol === "lmtp" ? " LMTP" : " ESMTP")) {
    return { check, level: "ok", detail: `${listen} answers: ${greeting}` };
  }
  const privileged = code === "EACCES";
  return {
    check,
    level: "error",
    detail: privileged
      ? `${listen} may not be opened by this user`
      : `${listen} cannot be opened: ${code}`,
    fix: privileged
      ? `Set mailbox.${protocol}.listen to a port above 1023`
      : `Stop what listens there, or set mailbox.${protocol}.listen to another port`,
  };
}

function tryToListen(hostname: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: { code?: string }) => resolve(error.code ?? "unknown error"));
    server.listen(port, hostname, () => server.close(() => resolve(undefined)));
  });
}

const patience = 3000;

function greetingOf({ hostname, port }: { hostname: string; port: number }): Promise<string> {
  const host = hostname === "0.0.0.0" ? "127.0.0.1" : hostname;
  return new Promise((resolve) => {
    const socket = createConnection({ host, port });
    const done = (greeting: string) => {
      socket.destroy();
      resolve(greeting);
    };
    socket.setTimeout(patience, () => done(""));
    socket.setEncoding("utf8");
    socket.once("data", (data) => done(`${data}`.split(/\r?\n/)[0]!));
    socket.once("error", () => done(""));
  });
}
