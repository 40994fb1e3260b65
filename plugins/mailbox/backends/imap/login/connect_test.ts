// Opening connections: TLS as configured, logins in every form, and what a failure means.
import assert from "node:assert/strict";
import { createServer, type Server as NetServer, type Socket } from "node:net";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { ImapFlow } from "imapflow";
import * as v from "valibot";
import { Unavailable } from "../../../../../core/mod.ts";
import { withTempDir } from "../../../../../tests/kit.ts";
import { needs } from "../../../../../tests/needs.ts";
import { type Dovecot, startDovecot, type User } from "../../../../../tests/servers/dovecot.ts";
import {
  type FakeImap,
  type Fault,
  startFakeImap,
} from "../../../../../tests/servers/fake_imap.ts";
import { dovecotPresent } from "../../../../../tests/servers/present.ts";
import { type Login, openConnection, WrongPassword } from "./connect.ts";
import { type Server, serverConfig } from "../servers/server.ts";

const found = needs("dovecot", dovecotPresent());
const plain = { host: "127.0.0.1", security: "none", smtp: { security: "none" } };

function serverAt(options: Record<string, unknown>): Server {
  return { name: "home", config: v.parse(serverConfig, { ...plain, ...options }) };
}

function as({ address, password }: User): Login {
  return { address, secret: { reveal: () => password } };
}

/** Logs out again. */
async function passes(connection: Promise<ImapFlow>): Promise<void> {
  const client = await connection;
  await client.status("INBOX", { messages: true });
  await client.logout();
}

function unavailable(message: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof Unavailable, `${error}`);
    assert.match(error.message, message);
    return true;
  };
}

describe("openConnection() at a real server", found, () => {
  let dovecot: Dovecot;
  let anna: User;
  before(async () => {
    if (found.skip) return;
    dovecot = await startDovecot({ tls: true, master: true, tokens: true });
    anna = await dovecot.addUser("anna");
  });
  after(() => dovecot?.stop());

  it("logs in without TLS, and may then do what it will", async () => {
    const client = await openConnection(serverAt({ port: dovecot.port }), as(anna));
    assert.equal((await client.mailboxOpen("INBOX")).exists, 0);
    assert.ok(client.enabled.has("QRESYNC"));
    await client.logout();
  });

  it("tells a wrong password, and passwords that no server takes", async () => {
    const server = serverAt({ port: dovecot.port });
    for (const password of ["wrong", "", "with\0nul", `${anna.password} `]) {
      await assert.rejects(openConnection(server, as({ ...anna, password })), WrongPassword);
    }
    const nobody = { address: "nobody@example.test", password: "x" };
    await assert.rejects(openConnection(server, as(nobody)), WrongPassword);
  });

  it("takes passwords of any characters", async () => {
    const server = serverAt({ port: dovecot.port });
    const odd = await dovecot.addUser("odd", { password: 'pä"ss\\w€rd {1} 🌊 )(' });
    await passes(openConnection(server, as(odd)));
  });

  it("has TLS with an authority of its own, from the start and by STARTTLS", async () => {
    await withTempDir(async (dir) => {
      const caFile = join(dir, "ca.pem");
      await writeFile(caFile, dovecot.certificate!.authority);
      for (const security of ["tls", "starttls"]) {
        const port = security === "tls" ? dovecot.tlsPort : dovecot.port;
        const client = await openConnection(
          serverAt({ host: "localhost", security, port, caFile }),
          as(anna),
        );
        assert.equal(client.secureConnection, true);
        await client.logout();
      }
    });
  });

  it("goes nowhere without a valid certificate, and sends no password there", async () => {
    for (const security of ["tls", "starttls"]) {
      const port = security === "tls" ? dovecot.tlsPort : dovecot.port;
      const eve = await dovecot.addUser("eve");
      await assert.rejects(
        openConnection(serverAt({ host: "localhost", security, port }), as(eve)),
        unavailable(/certificate|issuer|UnknownIssuer/i),
      );
      assert.ok(!(await dovecot.wholeLog()).includes(`user=<${eve.address}>`));
    }
  });

  it("takes the pinned certificate, whoever signed it, and no other", async () => {
    const { fingerprint } = dovecot.certificate!;
    for (const security of ["tls", "starttls"]) {
      const port = security === "tls" ? dovecot.tlsPort : dovecot.port;
      const at = { security, port };
      const right = fingerprint.toUpperCase().replaceAll(/(..)(?=.)/g, "$1:");
      await passes(openConnection(serverAt({ ...at, fingerprint: right }), as(anna)));
      const mallory = await dovecot.addUser("mallory");
      await assert.rejects(
        openConnection(serverAt({ ...at, fingerprint: "ab".repeat(32) }), as(mallory)),
        unavailable(new RegExp(`another one: SHA-256 ${fingerprint}`)),
      );
      assert.ok(!(await dovecot.wholeLog()).includes(`user=<${mallory.address}>`));
    }
  });

  it("lets the master user open the mailbox of an account, in both forms", async () => {
    const { user, password } = dovecot.master;
    const login = { address: anna.address, secret: undefined };
    for (const form of ["", "{login}*{master}"]) {
      const server = serverAt({ port: dovecot.port, master: { user, password, form } });
      const client = await openConnection(server, login);
      await client.mailboxCreate(`By form ${form.length}`);
      await client.logout();
      const own = await openConnection(server, as(anna));
      assert.ok((await own.list()).some(({ path }) => path === `By form ${form.length}`));
      await own.logout();
    }
  });

  it("calls a refused master user trouble of the server, never a wrong password", async () => {
    for (const form of ["", "{login}*{master}"]) {
      const master = { user: "admin", password: "wrong", form };
      await assert.rejects(
        openConnection(serverAt({ port: dovecot.port, master }), {
          address: anna.address,
          secret: undefined,
        }),
        unavailable(/the master user is refused/),
      );
    }
    const master = { user: "admin", passwordFile: "/nowhere/at/all" };
    await assert.rejects(
      openConnection(serverAt({ port: dovecot.port, master }), {
        address: anna.address,
        secret: undefined,
      }),
      unavailable(/ENOENT|no such file/i),
    );
  });

  it("hands tokens on", async () => {
    for (const auth of ["xoauth2", "oauthbearer"]) {
      const server = serverAt({ port: dovecot.port, auth });
      const password = dovecot.token(anna);
      await passes(openConnection(server, as({ ...anna, password })));
      const old = dovecot.token(anna, -10);
      await assert.rejects(openConnection(server, as({ ...anna, password: old })), WrongPassword);
    }
  });

  it("says that a server has no such login, as trouble", async () => {
    const own = await startDovecot();
    try {
      const user = await own.addUser();
      const server = serverAt({ port: own.port, auth: "xoauth2" });
      await assert.rejects(openConnection(server, as(user)), unavailable(/authentication mech/i));
      await own.kill();
      await assert.rejects(openConnection(server, as(user)), unavailable(/refused/i));
    } finally {
      await own.stop();
    }
  });
});

/** A server that greets, and answers LOGIN and CAPABILITY with given lines. */
async function withScript<R>(
  script: { greeting?: string; capability?: string; login?: string; silent?: boolean },
  work: (port: number, seen: string[]) => Promise<R>,
): Promise<R> {
  const seen: string[] = [];
  const sockets = new Set<Socket>();
  const server: NetServer = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    if (script.silent) return;
    socket.write(`${script.greeting ?? "* OK ready"}\r\n`);
    let rest = "";
    socket.setEncoding("utf8").on("data", (data) => {
      const lines = (rest + data).split("\r\n");
      rest = lines.pop()!;
      for (const line of lines) {
        seen.push(line);
        const [tag, command = ""] = line.split(" ");
        if (command === "CAPABILITY") {
          socket.write(`* CAPABILITY IMAP4rev1 ${script.capability ?? ""}\r\n${tag} OK\r\n`);
        } else if (command === "LOGIN") {
          socket.write(script.login!.replaceAll("TAG", tag!) + "\r\n");
        } else socket.write(`${tag} OK done\r\n`);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await work((server.address() as { port: number }).port, seen);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

describe("openConnection() reads a refusal", () => {
  const anna = { address: "anna@example.test", password: "secret-of-anna" };
  const refused = [
    "TAG NO [AUTHENTICATIONFAILED] Authentication failed.",
    "TAG NO Login failed: authentication failure",
    "TAG NO Invalid login or password",
    "TAG NO [EXPIRED] Your password has expired",
    // A code that says it, whatever the text is.
    "TAG NO [AUTHENTICATIONFAILED] Invalid credentials (Failure), try again later",
  ];
  const trouble = [
    "TAG NO [UNAVAILABLE] Temporary authentication failure.",
    "TAG NO [LIMIT] Too many connections",
    "TAG NO [INUSE] Mailbox is in use",
    "TAG NO [ALERT] Too many simultaneous connections. (Failure)",
    "TAG NO Login failed: generic failure",
    "TAG NO Login failed: remote authentication server unavailable",
    "TAG NO [PRIVACYREQUIRED] Plaintext authentication disallowed",
    "TAG NO [SERVERBUG] Internal error occurred",
    "TAG BAD Unknown command",
    "* BYE Too many connections from your address",
  ];
  for (const login of refused) {
    it(`as a wrong password: ${login}`, () =>
      withScript({ login }, async (port) => {
        await assert.rejects(openConnection(serverAt({ port }), as(anna)), WrongPassword);
      }));
  }
  for (const login of trouble) {
    it(`as trouble: ${login}`, () =>
      withScript({ login }, async (port) => {
        await assert.rejects(openConnection(serverAt({ port }), as(anna)), (error) => {
          assert.ok(error instanceof Unavailable, `${error}`);
          assert.ok(
            !JSON.stringify({ ...error, text: `${error} ${error.cause}` }).includes("secret"),
          );
          return true;
        });
      }));
  }

  it("as trouble where the server has switched logins off", () =>
    withScript({ capability: "LOGINDISABLED" }, async (port, seen) => {
      await assert.rejects(openConnection(serverAt({ port }), as(anna)), unavailable(/disabled/));
      assert.ok(!seen.some((line) => line.includes("secret")));
    }));

  it("as trouble where the server lets in everybody, or nobody", async () => {
    await withScript({ greeting: "* PREAUTH hello" }, async (port) => {
      await assert.rejects(openConnection(serverAt({ port }), as(anna)), unavailable(/PREAUTH/));
    });
    await withScript({ greeting: "* BYE overloaded" }, async (port) => {
      await assert.rejects(openConnection(serverAt({ port }), as(anna)), unavailable(/overloaded/));
    });
  });

  it("as trouble where STARTTLS is wanted and not offered: nothing is sent in clear", () =>
    withScript({ login: "TAG OK" }, async (port, seen) => {
      const server = serverAt({ port, security: "starttls" });
      await assert.rejects(openConnection(server, as(anna)), unavailable(/STARTTLS/));
      assert.deepEqual(seen.filter((line) => !line.includes("CAPABILITY")), []);
    }));

  it("as trouble where the master user cannot name the account: it is not logged in as itself", () =>
    withScript({ login: "TAG OK" }, async (port, seen) => {
      const master = { user: "master", password: "m" };
      await assert.rejects(
        openConnection(serverAt({ port, master }), { address: anna.address, secret: undefined }),
        unavailable(/no SASL PLAIN/),
      );
      assert.ok(!seen.some((line) => line.includes("SELECT")));
    }));

  it("as trouble where the server says nothing", () =>
    withScript({ silent: true }, async (port) => {
      const server = serverAt({ port, timeout: 1 });
      await assert.rejects(openConnection(server, as(anna)), unavailable(/timeout|greeting/i));
    }));
});

describe("openConnection() hears what a server says before it hangs up", () => {
  const whole = 10_000;
  const wrong = "NO [AUTHENTICATIONFAILED] Wrong name or password";
  const ways = { LOGIN: [], PLAIN: ["AUTH=PLAIN", "SASL-IR"], "PLAIN, asked for": ["AUTH=PLAIN"] };

  async function withFake<R>(
    capabilities: readonly string[],
    work: (fake: FakeImap) => Promise<R>,
  ): Promise<R> {
    const fake = await startFakeImap({ capabilities });
    try {
      return await work(fake);
    } finally {
      await fake.stop();
    }
  }

  /** What becomes of a login at a server that does so at LOGIN or AUTHENTICATE. */
  const outcomes = (fault: Fault, capabilities: readonly string[] = []) =>
    withFake(capabilities, async (fake) => {
      const user = fake.addUser();
      fake.rule = ({ name }) => /^(LOGIN|AUTHENTICATE)$/.test(name) ? fault : undefined;
      // Whether the end comes upon the answer or with it is chance.
      const logins = Array.from(
        { length: 20 },
        () =>
          openConnection(serverAt({ port: fake.port }), as(user)).then(
            () => "in",
            (error) => error instanceof WrongPassword ? "wrong" : (error as Error).name,
          ),
      );
      return new Set(await Promise.all(logins));
    });

  for (const [way, capabilities] of Object.entries(ways)) {
    it(`a refusal is one, by ${way}`, async () => {
      const fault = { refuse: wrong, cutAfter: whole };
      assert.deepEqual(await outcomes(fault, capabilities), new Set(["wrong"]));
      const without = { refuse: "NO Login failed: authentication failure", cutAfter: whole };
      assert.deepEqual(await outcomes(without, capabilities), new Set(["wrong"]));
    });

    it(`trouble is trouble, by ${way}`, async () => {
      const faults: Fault[] = [
        { refuse: "NO [UNAVAILABLE] Temporary authentication failure.", cutAfter: whole },
        { refuse: "NO Too many simultaneous connections", cutAfter: whole },
        { refuse: "BAD Unknown command", cutAfter: whole },
        { bye: "Too many connections from your address", cutAfter: whole },
        // Nothing, or not all of it, has come.
        { refuse: wrong, cutAfter: 0 },
        { refuse: wrong, cutAfter: 10 },
        { say: `* ${wrong}\r\n`, cutAfter: wrong.length + 4 },
        { answer: "OK Welcome", cutAfter: 4 },
      ];
      for (const fault of faults) {
        const all = await outcomes(fault, capabilities);
        assert.deepEqual(all, new Set(["Unavailable"]), JSON.stringify(fault));
      }
    });
  }

  it("a refusal that comes with a goodbye is one, whichever is said first", async () => {
    const both = { refuse: wrong, say: "* BYE Too many invalid logins\r\n", cutAfter: whole };
    assert.deepEqual(await outcomes(both), new Set(["wrong"]));
  });

  it("a refusal of something else says nothing about the password", () =>
    withFake(["ID", "NAMESPACE"], async (fake) => {
      const user = fake.addUser();
      fake.rule = ({ name }) =>
        name === "ID" ? { refuse: wrong } : name === "LOGIN" ? { cutAfter: 0 } : undefined;
      await assert.rejects(openConnection(serverAt({ port: fake.port }), as(user)), Unavailable);
      assert.ok(fake.names().includes("ID"));
      // Nor does one that comes when the password was right; it may come when all is well.
      fake.rule = ({ name }) =>
        name === "NAMESPACE" ? { refuse: wrong, cutAfter: whole } : undefined;
      const late = openConnection(serverAt({ port: fake.port }), as(user));
      const error = await late.then((client) => void client.close(), (error) => error);
      assert.ok(!(error instanceof WrongPassword), `${error}`);
      assert.equal(fake.names().at(-1), "NAMESPACE");
    }));
});
