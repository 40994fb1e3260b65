// Where to listen, as people write it.
import assert from "node:assert/strict";
import { it } from "node:test";
import { formatListen, parseListen } from "./listen_address.ts";

it("parseListen() reads host and port, and formatListen() writes them back", () => {
  for (const text of ["127.0.0.1:8080", "mail.example.com:443", "[::1]:0", "[::]:65535"]) {
    assert.equal(formatListen(parseListen(text)!), text);
  }
  assert.deepEqual(parseListen("[::1]:25"), { hostname: "::1", port: 25 });
});

it("parseListen() takes a port alone as every address", () => {
  assert.deepEqual(parseListen(":443"), { hostname: "0.0.0.0", port: 443 });
});

it("parseListen() refuses what is no address", () => {
  for (
    const text of ["", "8080", "host", "host:", "::1:80", "host:65536", "host:-1", "a b:1", "[x]:1"]
  ) {
    assert.equal(parseListen(text), undefined, text);
  }
});
