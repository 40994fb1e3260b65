// Tests of what a server's refusals mean.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Unavailable } from "../../../../../core/mod.ts";
import { Forgotten, NotFound, Refused } from "../../../api.ts";
import { isCrowded, portError } from "./errors.ts";

/** As imapflow throws it: the answer parsed, or its code beside it. */
const no = (code: string, responseText = "No") =>
  Object.assign(new Error("Command failed"), {
    responseStatus: "NO",
    responseText,
    executedCommand: "A LOGIN anna hunter2",
    response: {
      command: "NO",
      attributes: [{ type: "ATOM", value: "", section: [{ type: "ATOM", value: code }] }],
    },
  });

const meaning = (error: unknown) => {
  const found = portError(error, "do it");
  return found instanceof Refused ? found.reason : found.name;
};

test("response codes say what is meant", () => {
  const means: Record<string, string> = {
    NONEXISTENT: "NotFound",
    TRYCREATE: "NotFound",
    ALREADYEXISTS: "exists",
    NOPERM: "readonly",
    "READ-ONLY": "readonly",
    OVERQUOTA: "quota",
    TOOBIG: "tooLarge",
    CANNOT: "other",
    LIMIT: "other",
    INUSE: "Unavailable",
    UNAVAILABLE: "Unavailable",
    SERVERBUG: "Unavailable",
    EXPUNGEISSUED: "Unavailable",
    XUNHEARDOF: "other",
  };
  for (const [code, wanted] of Object.entries(means)) assert.equal(meaning(no(code)), wanted, code);
  const later = Object.assign(new Error("Command failed"), {
    responseStatus: "NO",
    serverResponseCode: "OVERQUOTA",
  });
  assert.equal(meaning(later), "quota");
});

test("servers without codes are understood by their words", () => {
  const words = (text: string) =>
    meaning(
      Object.assign(new Error("Command failed"), { responseStatus: "NO", responseText: text }),
    );
  assert.equal(words("Mailbox already exists"), "exists");
  assert.equal(words("Mailbox does not exist, or must be subscribed to."), "NotFound");
  assert.equal(words("Mailbox doesn't exist: Old"), "NotFound");
  assert.equal(words("Permission denied"), "readonly");
  assert.equal(words("Quota exceeded (mailbox for user is full)"), "quota");
  assert.equal(words("Message size limit exceeded"), "tooLarge");
  assert.equal(words("Temporary failure, try again later"), "Unavailable");
  assert.equal(words("I would rather not"), "other");
});

test("a lost connection, and a server that does not understand, is a server that is away", () => {
  for (const code of ["NoConnection", "EConnectionClosed", "ETIMEOUT", "ECONNRESET"]) {
    assert.equal(meaning(Object.assign(new Error("gone"), { code })), "Unavailable", code);
  }
  const bad = Object.assign(new Error("Command failed"), { responseStatus: "BAD" });
  assert.equal(meaning(bad), "Unavailable");
  const slow = Object.assign(no("X"), { code: "ETHROTTLE", throttleReset: 92_415 });
  assert.equal((portError(slow, "do it") as Unavailable).retryAfter, 93);
});

test("what is not the server's stays as it is", () => {
  for (const error of [new Forgotten("x"), new TypeError("x"), new NotFound("x"), new Error("x")]) {
    assert.equal(portError(error, "do it"), error);
  }
});

test("a message says what the server said, and nothing of what was sent", () => {
  const { message } = portError(no("CANNOT", "Bad\r\nname"), "rename the folder");
  assert.equal(message, "Cannot rename the folder: Bad name");
  assert.ok(!String(portError(no("OVERQUOTA"), "x").stack).includes("hunter2"));
});

test("too many connections are told from a wrong password and from a server that is down", () => {
  assert.ok(
    isCrowded(new Unavailable("Cannot log in at x:143: Too many simultaneous connections")),
  );
  assert.ok(
    isCrowded(
      new Unavailable("Cannot log in at x: Maximum number of connections from user+IP exceeded"),
    ),
  );
  assert.ok(!isCrowded(new Unavailable("Cannot log in at x: connect ECONNREFUSED 127.0.0.1:143")));
});
