// A gateway in front of a real Dovecot, and the same server for whoever speaks IMAP to it directly.
import { ImapFlow } from "imapflow";
import { withTempDir } from "../../kit.ts";
import { type Dovecot, startDovecot } from "../../servers/dovecot.ts";
import type { User } from "../../servers/mail_server.ts";
import { type BenchApp, benchApp, request } from "../kit.ts";
import type { Element } from "../../../plugins/eas/api.ts";
import { documentOf, folderIds } from "./phone.ts";

/** A Dovecot that many people can wait at. */
export function benchDovecot(hibernate = false): Promise<Dovecot> {
  return startDovecot({
    specialFolders: true,
    hibernate,
    connectionsPerUser: 20,
    // Storing on a slow disk is not what is measured; and a person is a process there.
    extra: [
      "mail_fsync = never",
      "default_process_limit = 2000",
      "default_client_limit = 5000",
    ].join("\n"),
  });
}

/** The configuration of a gateway for it. */
export function gatewayConfig(dovecot: Dovecot, push = "notify"): string {
  return `[mailbox.imap.bench]
domains = ["example.test"]
host = "${dovecot.host}"
port = ${dovecot.port}
security = "none"
push = "${push}"
`;
}

/** A phone of a user of the gateway. */
export interface GatewayPhone {
  ask(command: string, body?: Element): Promise<Uint8Array>;
  readonly inbox: string;
}

export interface Gateway {
  readonly dovecot: Dovecot;
  readonly app: BenchApp;
  phone(user: User, device: string): Promise<GatewayPhone>;
}

/** Runs `work` with a server and a gateway of its own. */
export async function withGateway<R>(
  work: (gateway: Gateway) => Promise<R>,
  { hibernate = false } = {},
): Promise<R> {
  return await withTempDir(async (dir) => {
    const dovecot = await benchDovecot(hibernate);
    const config = gatewayConfig(dovecot, hibernate ? "idle" : "notify");
    const app = await benchApp(`${dir}/navette.db`, config);
    try {
      return await work({ dovecot, app, phone: (user, device) => phoneOf(app, user, device) });
    } finally {
      await app.stop();
      await dovecot.stop();
    }
  });
}

async function phoneOf(app: BenchApp, user: User, device: string): Promise<GatewayPhone> {
  const { address: account, password } = user;
  const ask: GatewayPhone["ask"] = async (command, body) => {
    const asked = { account, password, device, command, ...(body && { body }) };
    const response = await app.fetch(request("http://bench.invalid", asked), {
      remote: "127.0.0.1",
    });
    if (response.status !== 200) throw new Error(`Cannot ${command}: HTTP ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  };
  const { inbox } = await folderIds(async (body) => documentOf(await ask("FolderSync", body)));
  return { ask, inbox };
}

/** The library alone, logged in. */
export async function bareFlow(dovecot: Dovecot, user: User): Promise<ImapFlow> {
  const client = new ImapFlow({
    host: dovecot.host,
    port: dovecot.port,
    secure: false,
    doSTARTTLS: false,
    logger: false,
    disableAutoIdle: true,
    qresync: true,
    auth: { user: user.address, pass: user.password },
  });
  client.on("error", () => {});
  await client.connect();
  return client;
}
