// Logs: their two forms, and that no secret gets into them.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fakeClock } from "../tests/kit.ts";
import { createLog, type LogOptions } from "./log.ts";

const clock = fakeClock();

function logger(options: Partial<LogOptions> = {}) {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  return { lines, log: createLog({ level: "debug", format: "json", write, clock, ...options }) };
}

describe("createLog()", () => {
  it("writes one JSON object a line, with the fields of its parents", () => {
    const { lines, log } = logger();
    log.child({ plugin: "mill" }).warn({ sails: 3 }, "A sail is missing");
    assert.deepEqual(lines.map((line) => JSON.parse(line)), [{
      level: "warn",
      time: "2026-03-01T12:00:00.000Z",
      plugin: "mill",
      sails: 3,
      msg: "A sail is missing",
    }]);
    assert.match(lines[0]!, /\n$/);
  });

  it("writes one line for people, with a stack below", () => {
    const { lines, log } = logger({ format: "text" });
    log.child({ plugin: "mill" }).info({ sails: 3, name: "two words" }, "Grinding");
    log.error({ err: new Error("broken") }, "It stands");
    assert.equal(lines[0], '12:00:00 info  [mill] Grinding  sails=3  name="two words"\n');
    assert.match(lines[1]!, /^12:00:00 error It stands\n {4}Error: broken\n {4}/);
  });

  it("leaves out what is below its level", () => {
    const { lines, log } = logger({ level: "warn" });
    log.debug({}, "x");
    log.info({}, "x");
    log.warn({}, "x");
    assert.equal(lines.length, 1);
  });

  it("tells errors with their cause and their own fields", () => {
    const { lines, log } = logger();
    const error = Object.assign(new Error("outer", { cause: new TypeError("inner") }), { code: 7 });
    log.error({ err: error }, "Failed");
    const { err } = JSON.parse(lines[0]!);
    assert.equal(err.message, "outer");
    assert.equal(err.code, 7);
    assert.equal(err.cause.type, "TypeError");
  });

  it("survives circles, bytes, and numbers that JSON has not", () => {
    const { lines, log } = logger();
    const circle: Record<string, unknown> = { big: 1n, bytes: new Uint8Array(3) };
    circle.self = circle;
    log.info({ circle }, "Odd");
    assert.equal(JSON.parse(lines[0]!).circle.big, "1");
    assert.equal(JSON.parse(lines[0]!).circle.bytes, "[3 bytes]");
  });
});

describe("A log never shows", () => {
  const secret = "hunter2-is-the-word";
  const basic = `Basic ${btoa(`ann:${secret}`)}`;
  const cases: Record<string, (log: ReturnType<typeof logger>["log"]) => void> = {
    "a field that is called like a secret": (log) => {
      for (const key of ["password", "newPassword", "pass", "token", "authToken", "secret"]) {
        log.info({ [key]: secret }, "x");
      }
      for (const key of ["Authorization", "cookie", "set-cookie", "apiKey", "privateKey"]) {
        log.info({ deep: { deeper: [{ [key]: secret }] } }, "x");
      }
    },
    "the headers of a request": (log) => {
      log.info({ headers: new Headers({ authorization: basic, cookie: secret }) }, "x");
      log.info({ headers: { Authorization: [basic] } }, "x");
    },
    "a child's field": (log) => log.child({ password: secret }).info({}, "x"),
    "credentials inside a text": (log) => {
      log.info({ line: `authorization: ${basic}` }, `sent ${basic}`);
      log.info({ url: `https://ann:${secret}@example.com/` }, `at https://ann:${secret}@x.org`);
      log.info({ url: `libsql://db.example.com/?authToken=${secret}` }, "x");
    },
    "credentials inside an error": (log) => {
      const cause = Object.assign(new Error(`https://ann:${secret}@x.org`), { token: secret });
      log.error({ err: new Error(`got ${basic}`, { cause }) }, "x");
    },
  };
  for (const [name, work] of Object.entries(cases)) {
    for (const format of ["json", "text"] as const) {
      it(`${name}, as ${format}`, () => {
        const { lines, log } = logger({ format });
        work(log);
        assert.ok(lines.length > 0);
        for (const line of lines) {
          assert.ok(!line.includes(secret), line);
          assert.ok(!line.includes(basic.slice(6)), line);
        }
      });
    }
  }
});
