// Addresses as people type them.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { endpointOf } from "./address.ts";

describe("endpointOf()", () => {
  const cases: Record<string, string> = {
    "mail.example.org": "https://mail.example.org/Microsoft-Server-ActiveSync",
    " mail.example.org:8443/ ": "https://mail.example.org:8443/Microsoft-Server-ActiveSync",
    "https://mail.example.org/": "https://mail.example.org/Microsoft-Server-ActiveSync",
    "https://example.org/mail/": "https://example.org/mail/Microsoft-Server-ActiveSync",
    "https://mail.example.org/microsoft-server-activesync/?x=1#y":
      "https://mail.example.org/microsoft-server-activesync",
    "http://mail.example.org": "http://mail.example.org/Microsoft-Server-ActiveSync",
    "localhost:8080": "http://localhost:8080/Microsoft-Server-ActiveSync",
    "127.0.0.1:8080": "http://127.0.0.1:8080/Microsoft-Server-ActiveSync",
    "https://127.0.0.1:8080": "https://127.0.0.1:8080/Microsoft-Server-ActiveSync",
    "[::1]:8080": "http://[::1]:8080/Microsoft-Server-ActiveSync",
    [`https://${"ada:word"}@mail.example.org`]:
      "https://mail.example.org/Microsoft-Server-ActiveSync",
    "müller.example": "https://xn--mller-kva.example/Microsoft-Server-ActiveSync",
  };
  for (const [typed, endpoint] of Object.entries(cases)) {
    test(`takes ${typed}`, () => assert.equal(endpointOf(typed), endpoint));
  }
  for (const typed of ["", "   ", "imap://mail.example.org", "https://", "mail example", "a:b:c"]) {
    test(`refuses ${JSON.stringify(typed)}`, () => {
      assert.throws(() => endpointOf(typed), SyntaxError);
    });
  }
});
