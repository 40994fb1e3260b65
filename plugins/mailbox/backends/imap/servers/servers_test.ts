// The configuration of IMAP servers: what is refused and how it is said, and whose mail is where.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { loadConfig } from "../../../../../core/config.ts";
import { ConfigError, definePlugin } from "../../../../../core/mod.ts";
import { config, type MailboxConfig } from "../../../config.ts";
import { loginName } from "../login/connect.ts";
import { imapPlace } from "./server.ts";
import { residence } from "./servers.ts";

const mailbox = definePlugin({ id: "mailbox", summary: "", config, contributes: () => [] });

function load(text: string, env: Record<string, string> = {}): MailboxConfig {
  const file = { name: "navette.toml", text };
  return loadConfig({ file, env, plugins: [mailbox] }).section("mailbox") as MailboxConfig;
}

function problems(text: string): { key: string; value: unknown; wanted: string; fix: string }[] {
  try {
    load(text);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.findings.map(({ key, value, wanted, fix }) => ({ key, value, wanted, fix }));
  }
  return [];
}

function home(lines: string): string {
  return `[mailbox.imap.home]\nhost = "mail.example.org"\n${lines}`;
}

describe("[mailbox.imap.NAME]", () => {
  it("is right with a host alone", () => {
    const server = { name: "home", config: load(home("")).imap.home! };
    assert.equal(imapPlace(server), "mail.example.org:993");
    assert.equal(loginName(server, "anna@example.org"), "anna@example.org");
  });

  it("comes from the environment too", () => {
    const env = {
      NAVETTE_MAILBOX_IMAP_HOME_HOST: "mail.example.org",
      NAVETTE_MAILBOX_IMAP_HOME_SECURITY: "starttls",
      NAVETTE_MAILBOX_IMAP_HOME_DOMAINS: '["example.org"]',
      NAVETTE_MAILBOX_IMAP_HOME_SMTP_HOST: "out.example.org",
    };
    const { home } = load("", env).imap;
    assert.equal(home!.smtp.host, "out.example.org");
    assert.equal(imapPlace({ name: "home", config: home! }), "mail.example.org:143");
  });

  it("makes the name of the login as the form says", () => {
    const name = (user: string) =>
      loginName({ name: "home", config: load(home(`user = "${user}"`)).imap.home! }, "a.b@ex.org");
    assert.equal(name("{local}"), "a.b");
    assert.equal(name("EX\\\\{local}"), "EX\\a.b");
    assert.equal(name("{local}%{domain}"), "a.b%ex.org");
  });

  const refused: [lines: string, key: string, wanted: RegExp, fix: RegExp][] = [
    ['host = ""', "host", /the name of the IMAP server/, /host = "mail\.example\.org"/],
    ['domains = ["a@b"]', "domains", /"a@b" is none/, /domains = \["example\.org"\]/],
    ['accounts = ["anna"]', "accounts", /"anna" is none/, /anna@example\.org/],
    ['security = "none"', "security", /another machine/, /allowPlain = true/],
    ['security = "ssl"', "security", /one of "tls", "starttls", "none"/, /security = "tls"/],
    ['smtp.security = "none"', "smtp.security", /another machine/, /security = "tls"/],
    ['fingerprint = "ab:cd"', "fingerprint", /64 hexadecimal digits/, /openssl x509/],
    ['user = "{adress}"', "user", /\{adress\} is unknown/, /user = "\{address\}"/],
    ['user = "{address"', "user", /\{address is unknown/, /user = "\{address\}"/],
    ['user = "mail"', "user", /log in as the same user/, /\{address\}/],
    ['user = ""', "user", /a form made of/, /\{address\}/],
    ["port = 70000", "port", /at most 65535/, /port/],
    ['master = { user = "m" }', "master.password", /password/, /passwordFile/],
    ['master = { password = "x" }', "master.user", /the name/, /remove the password/],
    [
      'master = { user = "m", password = "x", passwordFile = "/f" }',
      "master.passwordFile",
      /one of password and passwordFile/,
      /remove one/,
    ],
    [
      'master = { user = "m", password = "x", form = "{login}*{user}" }',
      "master.form",
      /\{user\} is unknown/,
      /\{login\}\*\{master\}/,
    ],
    [
      'master = { user = "m", password = "x", form = "{master}" }',
      "master.form",
      /a form with \{login\}/,
      /\{login\}\*\{master\}/,
    ],
    [
      'auth = "xoauth2"\nappPasswords = true',
      "appPasswords",
      /tokens expire/,
      /auth = "password"/,
    ],
    [
      `caFile = "/ca.pem"\nfingerprint = "${"ab".repeat(32)}"`,
      "fingerprint",
      /needs no authority/,
      /remove one/,
    ],
  ];
  for (const [lines, key, wanted, fix] of refused) {
    it(`refuses ${lines.replaceAll("\n", ", ")}`, () => {
      const text = lines.startsWith("host") ? `[mailbox.imap.home]\n${lines}` : home(lines);
      const [first, ...more] = problems(text);
      assert.deepEqual(more, []);
      assert.equal(first?.key, `imap.home.${key}`);
      assert.match(first.wanted, wanted);
      assert.match(first.fix, fix);
      assert.doesNotMatch(JSON.stringify(first), /"x"/, "no password is shown");
    });
  }

  it("tells everything that is wrong with every server at once", () => {
    const found = problems(`
      [mailbox.imap.one]
      user = "{who}"
      [mailbox.imap.two]
      host = "mail.example.org"
      security = "none"
      hots = "x"
      [mailbox.imap.three]
      host = "mail.example.net"
      security = "none"`);
    assert.deepEqual(found.map(({ key }) => key).sort(), [
      "imap.one.host",
      "imap.one.user",
      "imap.three.security",
      "imap.two.hots",
    ]);
  });

  it("takes plain text to this machine, and elsewhere where that is allowed", () => {
    load('[mailbox.imap.home]\nhost = "127.0.0.1"\nsecurity = "none"\nsmtp.security = "none"');
    load(home('security = "none"\nallowPlain = true\nsmtp.security = "tls"'));
  });

  it("takes a fingerprint as openssl prints it", () => {
    load(home(`fingerprint = "${"AB:".repeat(31)}AB"`));
  });

  it("refuses what two servers claim, however it is written", () => {
    const two = (a: string, b: string) => `
      [mailbox.imap.one]
      host = "a.example.org"
      ${a}
      [mailbox.imap.two]
      host = "b.example.org"
      ${b}`;
    const [domain] = problems(
      two('domains = ["Müller.example"]', 'domains = ["xn--mller-kva.example"]'),
    );
    assert.equal(domain?.key, "imap.two.domains");
    assert.match(domain.wanted, /"one" has xn--mller-kva\.example too/);
    const [address] = problems(two('accounts = ["A@ex.org"]', 'accounts = ["a@EX.org"]'));
    assert.equal(address?.key, "imap.two.accounts");
    assert.deepEqual(problems(two('domains = ["ex.org"]', 'accounts = ["a@ex.org"]')), []);
  });

  it("refuses the names of other backends", () => {
    assert.equal(problems('[mailbox.imap.local]\nhost = "a.example.org"').length, 1);
  });
});

describe("residence()", () => {
  const text = `
    [mailbox]
    local = ["Carl@example.org"]
    [mailbox.imap.home]
    host = "a.example.org"
    domains = ["example.org", "Müller.example"]
    [mailbox.imap.other]
    host = "b.example.org"
    accounts = ["Bert@example.org", "eve@elsewhere.example"]`;

  it("goes by address, then by domain, then by mailbox.backend", () => {
    const { backendOf, serverOf } = residence(load(text));
    for (
      const [address, backend] of [
        ["anna@example.org", "home"],
        ["ANNA@Example.ORG", "home"],
        ["anna@müller.example", "home"],
        ["anna@xn--mller-kva.example", "home"],
        ["bert@example.org", "other"],
        ["eve@elsewhere.example", "other"],
        ["carl@example.org", "local"],
        ["anna@elsewhere.example", "local"],
        ["anna@sub.example.org", "local"],
      ] as const
    ) {
      assert.equal(backendOf(address), backend, address);
      assert.equal(serverOf(address)?.name, backend === "local" ? undefined : backend, address);
    }
  });

  it("lets a server be the one for everybody else, but for those who are local", () => {
    const { backendOf } = residence(
      load(text.replace("[mailbox]", '[mailbox]\nbackend = "other"')),
    );
    assert.equal(backendOf("anna@elsewhere.example"), "other");
    assert.equal(backendOf("anna@example.org"), "home");
    assert.equal(backendOf("carl@example.org"), "local");
  });

  it("knows the domain that a bare name means only where there is just one", () => {
    assert.equal(residence(load(text)).onlyDomain, undefined);
    const one = residence(load(text.replace(', "Müller.example"', "")));
    assert.equal(one.onlyDomain, "example.org");
  });
});
