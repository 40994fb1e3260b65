// What `doctor` says about IMAP servers: real ones, with TLS and without, strong, weak, and away.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { stringify } from "smol-toml";
import type { Finding } from "../../../../../core/mod.ts";
import { withTempDir } from "../../../../../tests/kit.ts";
import { command } from "../../../../../tests/kit_command.ts";
import { fakeRelay } from "../../../../../tests/kit_mailbox.ts";
import { needs } from "../../../../../tests/needs.ts";
import { type Dovecot, startDovecot, type User } from "../../../../../tests/servers/dovecot.ts";
import { dovecotPresent } from "../../../../../tests/servers/present.ts";
import { abilityFindings } from "./abilities.ts";
import { fixOf } from "./fixes.ts";

const found = needs("dovecot", dovecotPresent());

/** The findings about the server `home` with these options, by what they are about. */
async function doctor(
  options: Record<string, unknown>,
  tester?: User,
): Promise<Map<string, Finding>> {
  return await withTempDir(async (dir) => {
    const home = { domains: ["example.test"], ...options };
    const config = join(dir, "navette.toml");
    await writeFile(
      config,
      stringify({ server: { listen: "127.0.0.1:0" }, mailbox: { imap: { home } } }),
    );
    const words = ["--config", config, "--data", join(dir, "data"), "doctor", "--json"];
    const who = tester ? ["--user", tester.address, "--password-stdin"] : [];
    const { out, err } = await command([...words, ...who], { stdin: tester?.password ?? "" });
    assert.ok(out !== "", err);
    if (tester) assert.ok(!out.includes(tester.password), "no password is shown");
    const findings = (JSON.parse(out) as Finding[]).filter(({ check }) => check.startsWith("imap"));
    assert.equal(new Set(findings.map(({ check }) => check)).size, findings.length);
    return new Map(
      findings.map((finding) => [finding.check.replace(/^imap home(, )?/, ""), finding]),
    );
  });
}

describe("navette doctor, for IMAP servers", found, () => {
  let dovecot: Dovecot;
  let anna: User;
  let relay: Awaited<ReturnType<typeof fakeRelay>>;
  let plain: Record<string, unknown>;
  before(async () => {
    if (found.skip) return;
    dovecot = await startDovecot({ tls: true, specialFolders: true, master: true });
    anna = await dovecot.addUser("anna");
    relay = await fakeRelay();
    const smtp = { host: "127.0.0.1", port: relay.port, security: "none", login: false };
    plain = { host: dovecot.host, port: dovecot.port, security: "none", smtp };
  });
  after(async () => {
    await relay?.close();
    await dovecot?.stop();
  });

  it("tells what a strong server can, and which folder is for what", async () => {
    const seen = await doctor(plain, anna);
    assert.deepEqual([...seen.values()].map(({ level }) => level), Array(8).fill("ok"));
    const detail = (about: string) => seen.get(about)!.detail;
    assert.equal(detail(""), `127.0.0.1:${dovecot.port} answers`);
    assert.equal(detail("login"), `${anna.address} logs in`);
    assert.match(detail("special folders"), /drafts: Drafts; sent: Sent; trash: Trash; junk: Junk/);
    assert.match(detail("push"), /NOTIFY/);
    assert.match(detail("speed"), /QRESYNC.*SORT/);
    assert.match(detail("sending"), /answers.*messages up to \d+ bytes|answers.*no limit/);
  });

  it("says how to look further where nobody can log in", async () => {
    const seen = await doctor(plain);
    assert.match(seen.get("login")!.fix!, /navette doctor --user ADDRESS --password-stdin/);
    // Nothing that only seems to be missing, since it is told after a login.
    assert.deepEqual([...seen.keys()], ["", "login", "sending"]);
  });

  it("tells a wrong password from a wrong server", async () => {
    const wrong = await doctor(plain, { ...anna, password: "wrong" });
    assert.equal(wrong.get("login")?.level, "error");
    assert.match(wrong.get("login")!.fix!, /password is right/);
    const own = await startDovecot();
    await own.stop();
    const away = await doctor({ ...plain, port: own.port }, anna);
    assert.deepEqual([...away.keys()], [""]);
    assert.equal(away.get("")?.level, "error");
    assert.match(away.get("")!.detail, /refused/i);
    assert.match(away.get("")!.fix!, /mailbox\.imap\.home\.host/);
  });

  it("says what to change by what went wrong", async () => {
    const { tlsPort } = dovecot;
    const cases: readonly [Record<string, unknown>, RegExp][] = [
      [{ host: "nowhere.invalid", security: "tls" }, /Correct mailbox\.imap\.home\.host: the DNS/],
      [{ security: "tls" }, /no TLS at first on that port: .*security = "starttls"/],
      [{ port: relay.port, timeout: 1 }, /IMAP is at 993 with "tls", at 143 with "starttls"/],
      [{ port: tlsPort, security: "tls", caFile: "/nowhere/ca.pem" }, /Correct .*home\.caFile/],
    ];
    for (const [options, fix] of cases) {
      const seen = await doctor({ ...plain, ...options }, anna);
      assert.match(seen.get("")!.fix!, fix);
    }
  });

  it("tells what is wrong with a certificate, and does not log in then", async () => {
    const { fingerprint, authority } = dovecot.certificate!;
    for (const security of ["tls", "starttls"]) {
      const port = security === "tls" ? dovecot.tlsPort : dovecot.port;
      const at = { ...plain, host: "localhost", port, security };
      const unknown = await doctor(at, anna);
      assert.equal(unknown.get("certificate")?.level, "error", security);
      assert.ok(unknown.get("certificate")!.fix!.includes(`fingerprint = "${fingerprint}"`));
      assert.equal(unknown.has("login"), false);
      const pinned = await doctor({ ...at, fingerprint }, anna);
      assert.match(pinned.get("certificate")!.detail, /the pinned one/);
      assert.equal(pinned.get("login")?.level, "ok");
      const other = await doctor({ ...at, fingerprint: "ab".repeat(32) }, anna);
      assert.match(other.get("certificate")!.detail, new RegExp(`its SHA-256 is ${fingerprint}`));
      await withTempDir(async (dir) => {
        const caFile = join(dir, "ca.pem");
        await writeFile(caFile, authority);
        const known = await doctor({ ...at, caFile }, anna);
        assert.match(known.get("certificate")!.detail, /it is for .*localhost.*, until 20\d\d-/);
        assert.equal(known.get("login")?.level, "ok");
      });
    }
  });

  it("names a configured folder that is not there, and those that are", async () => {
    const seen = await doctor({ ...plain, folders: { sent: "Gesendet" } }, anna);
    assert.match(seen.get("special folders")!.detail, /no folder "Gesendet" for sent/);
    assert.match(seen.get("special folders")!.fix!, /INBOX/);
  });

  it("tells that the submission server is away, or offers no login", async () => {
    const smtp = { host: "127.0.0.1", port: dovecot.lmtpPort, security: "none" };
    const away = await doctor({ ...plain, smtp }, anna);
    assert.equal(away.get("sending")?.level, "error");
    assert.match(away.get("sending")!.fix!, /Check mailbox\.imap\.home\.smtp\.host, \.port/);
    const none = await doctor({ ...plain, smtp: { ...smtp, port: relay.port } });
    assert.match(none.get("sending")!.detail, /offers no login/);
    assert.match(none.get("sending")!.fix!, /mailbox\.imap\.home\.smtp\.login = false/);
  });
});

describe("abilityFindings()", () => {
  const level = (...capabilities: string[]) =>
    Object.fromEntries(
      abilityFindings("x", new Set(capabilities), { push: "notify", sweep: 60 })
        .map(({ check, level, detail }) => [check.replace("x, ", ""), `${level}: ${detail}`]),
    );

  it("warns of a server that can nothing, saying what that means", () => {
    const said = level();
    assert.match(said["push"]!, /^warning: .*every 60 s/);
    assert.match(said["speed"]!, /^warning: .*comparing the flags/);
    assert.match(said["moving and saving"]!, /^warning: no UIDPLUS, no MOVE/);
    assert.match(said["folders"]!, /^ok: no SPECIAL-USE/);
  });

  it("tells what lies between", () => {
    const said = level("IDLE", "CONDSTORE", "UIDPLUS", "ESEARCH");
    assert.match(said["push"]!, /^ok: IDLE: .*inbox.*folder by folder/);
    assert.match(level("IDLE", "LIST-STATUS")["push"]!, /in one command/);
    assert.match(said["speed"]!, /^ok: CONDSTORE without QRESYNC/);
    assert.match(said["moving and saving"]!, /^ok: no MOVE/);
    assert.doesNotMatch(said["folders"]!, /ESEARCH/);
  });
});

describe("fixOf()", () => {
  const spot = {
    protocol: "smtp",
    section: "mailbox.imap.home.smtp",
    place: "mail.example.org:587",
    security: "starttls",
  } as const;
  const fix = (message: string, code?: string) =>
    fixOf(Object.assign(new Error(message), { code }), spot);

  it("tells the certificate, the password and the way apart", () => {
    for (
      const message of [
        "unable to verify the first certificate",
        "invalid peer certificate: UnknownIssuer",
        "self-signed certificate",
      ]
    ) {
      assert.match(
        fix(message),
        /caFile.*openssl s_client -connect mail\.example\.org:587 -starttls smtp/,
      );
    }
    assert.match(
      fix("Invalid login: 535 5.7.8 no", "EAUTH"),
      /password.*mailbox\.imap\.home\.user/,
    );
    assert.match(fix("connect ECONNREFUSED 192.0.2.1:587"), /See that it runs/);
    assert.match(fix("Error upgrading connection with STARTTLS"), /security = "tls".*\(465\)/);
    assert.match(fix("something else"), /Check .*host, \.port and \.security/);
  });
});
