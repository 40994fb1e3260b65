// What `doctor` finds.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { generate } from "selfsigned";
import { withTempDir } from "../../tests/kit.ts";
import { cli, type CliOptions, startCli } from "../../tests/kit_cli.ts";
import { systemClock } from "../clock.ts";
import { definePlugin } from "../plugin.ts";
import { diagnosis, type Finding } from "../points.ts";

interface Answer {
  readonly code: number;
  readonly findings: readonly Finding[];
  of(check: string): Finding;
}

async function doctor(dir: string, words: string, options?: CliOptions): Promise<Answer> {
  const argv = ["doctor", "--json", "--data", join(dir, "data"), ...words.split(" ")];
  const { code, out, err } = await cli(argv.filter(Boolean), options);
  const findings: Finding[] = JSON.parse(out || "[]");
  return {
    code,
    findings,
    of(check) {
      const found = findings.find((finding) => finding.check === check);
      assert.ok(found, `${check} in ${out}${err}`);
      return found;
    },
  };
}

const free = "--set server.listen=127.0.0.1:0";

/** A server beside ours: `answer` says what it does. */
async function beside(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  work: (place: string) => Promise<void>,
): Promise<void> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await work(`127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

describe("navette doctor", () => {
  it("is content with a fresh machine, and says what it could not check", () =>
    withTempDir(async (dir) => {
      const { code, findings, of } = await doctor(dir, free);
      assert.equal(code, 0);
      assert.equal(of("configuration").level, "ok");
      assert.equal(of("storage").level, "ok");
      assert.equal(of("port").level, "ok");
      assert.equal(of("public address").level, "warning");
      assert.ok(findings.every(({ level, fix }) => level === "ok" || fix));
    }));

  it("tells each finding with its fix, in lines", () =>
    withTempDir(async (dir) => {
      const { out } = await cli(["doctor", ...free.split(" "), "--data", dir]);
      assert.match(out, /^ok +storage: it can be read and written$/m);
      assert.match(out, /^warning +public address: .*\n +Fix: set server\.url/m);
    }));

  it("tells what is wrong in the configuration, and ends with 1", () =>
    withTempDir(async (dir) => {
      const { code, of } = await doctor(dir, "--set log.level=loud");
      assert.equal(code, 1);
      assert.match(of("configuration").detail, /log\.level = "loud": wanted one of/);
      assert.match(of("configuration").fix!, /for example/);
    }));

  it("finds a storage that cannot be opened", () =>
    withTempDir(async (dir) => {
      await writeFile(join(dir, "data"), "a file, no directory");
      assert.equal((await doctor(dir, free)).of("storage").level, "error");
    }));

  it("finds a port that another program has, and knows navette itself", () =>
    withTempDir(async (dir) => {
      await beside((_, response) => response.end("hello"), async (place) => {
        const { code, of } = await doctor(dir, `--set server.listen=${place}`);
        assert.equal(code, 1);
        assert.match(of("port").detail, /another program has it/);
      });
      const data = join(dir, "data");
      const running = startCli(["serve", "--listen", "127.0.0.1:0", "--data", data]);
      const [, place] = await running.saw(/listens on (\S+)/);
      const { of } = await doctor(dir, `--set server.listen=${place}`);
      assert.equal(of("port").detail, `navette answers at ${place}`);
      running.signal();
      await running.ended;
    }));

  it("finds a clock that is wrong", () =>
    withTempDir(async (dir) => {
      const clock = { now: () => Date.UTC(2003, 0), after: systemClock.after };
      const { of } = await doctor(dir, free, { clock });
      assert.match(of("clock").detail, /believes that it is 2003/);
    }));

  it("tells what plugins find, and survives one that fails", () =>
    withTempDir(async (dir) => {
      const guest = definePlugin({
        id: "guest",
        summary: "",
        contributes: () => [
          diagnosis.of(async (url) => [{ check: "guest", level: "ok", detail: url ?? "no url" }]),
          diagnosis.of(async () => {
            throw new Error("oops");
          }),
        ],
      });
      const { code, of } = await doctor(dir, free, { plugins: [guest] });
      assert.equal(code, 1);
      assert.equal(of("guest").detail, "no url");
      assert.match(of("a plugin's check").detail, /oops/);
    }));

  it("wants an address with https:// or http://, and seconds to hold", () =>
    withTempDir(async (dir) => {
      assert.equal((await doctor(dir, "mail.example.com")).code, 2);
      assert.equal((await doctor(dir, "ftp://mail.example.com")).code, 2);
      assert.equal((await doctor(dir, "http://127.0.0.1:1 --hold soon")).code, 2);
    }));
});

describe("navette doctor of a certificate", () => {
  const day = 24 * 3600_000;
  const from = new Date("2026-06-01T00:00:00Z");
  type Pem = { cert: string; private: string };
  let ours: Pem;
  let others: Pem;
  before(async () => {
    const make = (value: string) =>
      generate([{ name: "commonName", value }], {
        keyType: "ec",
        notBeforeDate: from,
        notAfterDate: new Date(from.getTime() + 90 * day),
        extensions: [{ name: "subjectAltName", altNames: [{ type: 2, value }] }],
      });
    [ours, others] = [await make("localhost"), await make("mail.example.com")];
  });

  // The name is one that needs no DNS.
  async function checked(dir: string, days: number, pem = ours): Promise<Answer> {
    const [cert, key] = [join(dir, "c.pem"), join(dir, "k.pem")];
    await writeFile(cert, pem.cert);
    await writeFile(key, pem.private);
    const clock = { now: () => from.getTime() + days * day, after: systemClock.after };
    const tls = `--set server.tls.cert=${cert} --set server.tls.key=${key}`;
    return await doctor(dir, `${free} ${tls} --set server.url=https://localhost`, { clock });
  }

  it("knows its time", () =>
    withTempDir(async (dir) => {
      const cases: [number, Finding["level"], RegExp][] = [
        [-1, "error", /not valid before/],
        [1, "ok", /valid until 2026-08-30/],
        [80, "warning", /expires soon/],
        [91, "error", /has expired on 2026-08-30/],
      ];
      for (const [days, level, detail] of cases) {
        const found = (await checked(dir, days)).of("certificate");
        assert.equal(found.level, level, String(days));
        assert.match(found.detail, detail);
      }
    }));

  it("knows its names", () =>
    withTempDir(async (dir) => {
      assert.equal((await checked(dir, 1)).of("certificate's names").level, "ok");
      const other = (await checked(dir, 1, others)).of("certificate's names");
      assert.equal(other.level, "error");
      assert.match(other.detail, /not for localhost but for DNS:mail\.example\.com/);
    }));

  it("finds files that cannot be used", () =>
    withTempDir(async (dir) => {
      const tls = "--set server.tls.cert=/nowhere/c.pem --set server.tls.key=/nowhere/k.pem";
      const { code, of } = await doctor(dir, `${free} ${tls}`);
      assert.equal(code, 1);
      assert.match(of("certificate").detail, /Cannot read \/nowhere\/c\.pem/);
    }));
});

describe("navette doctor URL", () => {
  /** Serves, with a proxy in front that hands on by `through`. */
  function behind(
    through: (answer: IncomingMessage, response: ServerResponse) => void,
    work: (url: string, dir: string) => Promise<void>,
    impatient?: (response: ServerResponse) => void,
  ): Promise<void> {
    return withTempDir(async (dir) => {
      const data = join(dir, "data");
      const running = startCli(["serve", "--listen", "127.0.0.1:0", "--data", data]);
      const [, place] = await running.saw(/listens on (\S+)/);
      await beside((incoming, response) => {
        if (impatient && incoming.url!.includes("how=silent")) return impatient(response);
        request(`http://${place}${incoming.url}`, (answer) => through(answer, response))
          .on("error", () => response.destroy()).end();
      }, (proxy) => work(`http://${proxy}`, dir));
      running.signal();
      await running.ended;
    });
  }

  const plainly = (answer: IncomingMessage, response: ServerResponse) => {
    response.writeHead(answer.statusCode!, answer.headers);
    answer.pipe(response);
  };

  it("is content with a good proxy, except that it speaks no TLS", () =>
    behind(plainly, async (url, dir) => {
      const { code, of } = await doctor(dir, `${free} ${url} --hold 1`);
      assert.equal(code, 0);
      assert.equal(of("reachable").level, "ok");
      assert.equal(of("held requests").detail, "one lived for 1 s");
      assert.equal(of("streamed answers").level, "ok");
      assert.match(of("clock").detail, /agrees with the one at/);
      assert.match(of("TLS").detail, /is not https/);
    }));

  it("finds a proxy that cuts held requests", () =>
    behind(
      plainly,
      async (url, dir) => {
        const { code, of } = await doctor(dir, `${free} ${url} --hold 30`);
        assert.equal(code, 1);
        assert.match(of("held requests").detail, /one of 30 s ended after \d\.\d s with HTTP 504/);
        assert.match(of("held requests").fix!, /proxy_read_timeout/);
      },
      (response) => response.writeHead(504).end(),
    ));

  it("finds a proxy that keeps answers back", () =>
    behind(async (answer, response) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of answer) chunks.push(chunk);
      response.writeHead(answer.statusCode!, answer.headers);
      for (const chunk of chunks) response.write(chunk);
      response.end();
    }, async (url, dir) => {
      const { of } = await doctor(dir, `${free} ${url} --hold 0.3`);
      assert.equal(of("streamed answers").level, "warning");
      assert.match(of("streamed answers").fix!, /proxy_buffering off/);
    }));

  it("says that it cannot check holding with another database", () =>
    behind(plainly, async (url, dir) => {
      const { code, of } = await doctor(join(dir, "other"), `${free} ${url} --hold 5`);
      assert.equal(code, 0);
      assert.match(of("held requests").detail, /does not use this database/);
    }));

  it("finds that something else answers, redirects, or nothing", () =>
    withTempDir(async (dir) => {
      await beside((_, response) => response.end("<html>"), async (place) => {
        const { of } = await doctor(dir, `${free} http://${place} --hold 0`);
        assert.match(of("reachable").detail, /something else than navette answers/);
      });
      await beside(
        (_, response) => response.writeHead(301, { location: "https://x.example/" }).end(),
        async (place) => {
          const { of } = await doctor(dir, `${free} http://${place} --hold 0`);
          assert.match(of("reachable").detail, /sends to https:\/\/x\.example\/ \(HTTP 301\)/);
        },
      );
      const { code, of, findings } = await doctor(dir, `${free} http://127.0.0.1:1 --hold 1`);
      assert.equal(code, 1);
      assert.match(of("reachable").detail, /cannot be reached/);
      const errors = findings.filter(({ level }) => level === "error").map(({ check }) => check);
      assert.deepEqual(errors, ["reachable"], "no proxy is blamed for what is not there");
    }));
});
