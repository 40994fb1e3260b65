// `probe` on the command line, against a small server on a real socket.
import assert from "node:assert/strict";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { describe, test } from "node:test";
import { Command } from "commander";
import { CliError } from "../../../core/mod.ts";
import { probeCommand } from "./command.ts";

interface Ran {
  readonly printed: string;
  readonly json: unknown[];
  readonly error: unknown;
}

/** Runs `probe` with these words, and `secret` on standard input. */
async function run(...words: string[]): Promise<Ran> {
  const printed: string[] = [];
  const json: unknown[] = [];
  const program = new Command("navette").exitOverride()
    .configureOutput({ writeErr: () => {}, writeOut: () => {} });
  probeCommand(program, {
    open: () => Promise.reject(new Error("the probe needs no data")),
    print: (line) => printed.push(line),
    json: (value) => json.push(value),
    stdin: () => Promise.resolve("secret"),
  });
  program.commands.forEach((command) => {
    command.exitOverride().configureOutput({ writeErr: () => {}, writeOut: () => {} });
  });
  let error: unknown;
  await program.parseAsync(["probe", ...words], { from: "user" }).catch((thrown) => error = thrown);
  return { printed: printed.join("\n"), json, error };
}

const login = ["--user", "ada@example.org", "--password-stdin"];

/** A server that knows OPTIONS and the password, and fails everything else. */
async function serving(work: (url: string) => Promise<void>): Promise<void> {
  const server = http.createServer((request, response) => {
    request.resume();
    const known = request.headers.authorization === `Basic ${btoa("ada@example.org:secret")}`;
    const headers = { "MS-ASProtocolVersions": "14.1", "MS-ASProtocolCommands": "Sync" };
    const status = !known ? 401 : request.method === "OPTIONS" ? 200 : 503;
    response.writeHead(status, headers).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await work(`127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

describe("probe", () => {
  test("prints steps as they come, and fails with exit code 1", async () => {
    await serving(async (url) => {
      const { printed, json, error } = await run(url, ...login);
      assert.match(printed, /A phone of ada@example\.org visits http:\/\/127\.0\.0\.1:\d+\/Micro/);
      assert.match(printed, /✓ Connect/);
      assert.match(printed, /In protocol version 14\.1:/);
      assert.match(printed, /✗ Provision .*cannot answer now \(HTTP 503\)\n +Fix: /);
      assert.deepEqual(json, []);
      assert.ok(error instanceof CliError);
      assert.equal(error.exitCode, 1);
    });
  });

  test("prints only JSON with --json, without the password", async () => {
    await serving(async (url) => {
      const { printed, json, error } = await run(url, ...login, "--json", "--version", "all");
      assert.equal(printed, "");
      assert.equal((json[0] as { ok: boolean }).ok, false);
      assert.doesNotMatch(JSON.stringify(json), /secret/);
      assert.ok(error instanceof CliError);
    });
  });

  const wrong: Record<string, string[]> = {
    "an address that is none": ["imap://x", ...login],
    "an unknown version": ["x", ...login, "--version", "13.0"],
    "a wait of nothing": ["x", ...login, "--wait", "0"],
    "a wait that is no number": ["x", ...login, "--wait", "soon"],
    "two recipients": ["x", ...login, "--send-to", "a@example.org, b@example.org"],
    "a recipient with a line end": ["x", ...login, "--send-to", "a@example.org\r\nBcc: b@c.de"],
    "a device id with a dash": ["x", ...login, "--device-id", "a-b"],
    "a file that is not there": ["x", ...login, "--ca", "/nonexistent/ca.pem"],
  };
  for (const [what, words] of Object.entries(wrong)) {
    test(`refuses ${what}, with exit code 2`, async () => {
      const { error } = await run(...words);
      assert.ok(error instanceof CliError, `${error}`);
      assert.equal(error.exitCode, 2);
    });
  }

  test("wants a user, and the password from standard input", async () => {
    assert.match(String((await run("x", "--password-stdin")).error), /--user/);
    assert.match(String((await run("x", "--user", "ada")).error), /--password-stdin/);
  });
});
