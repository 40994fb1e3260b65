// Whose request it is, and whom to believe.
import assert from "node:assert/strict";
import { it } from "node:test";
import { isLoopback, isNetwork, remoteFrom } from "./remote.ts";

it("isNetwork() knows addresses, networks and loopback", () => {
  for (const text of ["loopback", "10.0.0.1", "10.0.0.0/8", "::1", "fd00::/8", "0.0.0.0/0"]) {
    assert.ok(isNetwork(text), text);
  }
  for (
    const text of ["", "localhost", "10.0.0", "10.0.0.0/33", "fd00::/129", "10.0.0.0/8/8", "1/x"]
  ) {
    assert.ok(!isNetwork(text), text);
  }
});

it("isLoopback() knows this machine in every spelling, and nobody else", () => {
  for (
    const address of ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "[::1]", "localhost"]
  ) {
    assert.ok(isLoopback(address), address);
  }
  for (const address of ["", "128.0.0.1", "::2", "127.0.0.1.example.com", "::ffff:10.0.0.1"]) {
    assert.ok(!isLoopback(address), address);
  }
});

it("remoteFrom() believes nobody unless told", () => {
  const remoteOf = remoteFrom([]);
  assert.equal(remoteOf("192.0.2.1", "198.51.100.7"), "192.0.2.1");
  assert.equal(remoteOf("127.0.0.1", "198.51.100.7"), "127.0.0.1");
});

it("remoteFrom() takes the address that a trusted proxy tells", () => {
  const remoteOf = remoteFrom(["loopback", "10.0.0.0/8", "fd00::/8"]);
  assert.equal(remoteOf("127.0.0.1", "198.51.100.7"), "198.51.100.7");
  assert.equal(remoteOf("::1", "2001:db8::1"), "2001:db8::1");
  assert.equal(remoteOf("::ffff:10.1.2.3", "198.51.100.7"), "198.51.100.7");
  assert.equal(remoteOf("fd00::5", "198.51.100.7"), "198.51.100.7");
  assert.equal(remoteOf("192.0.2.1", "198.51.100.7"), "192.0.2.1");
});

it("remoteFrom() reads a chain from the right and stops at the first stranger", () => {
  const remoteOf = remoteFrom(["10.0.0.0/8"]);
  assert.equal(remoteOf("10.0.0.1", "1.1.1.1, 198.51.100.7, 10.0.0.2"), "198.51.100.7");
  assert.equal(remoteOf("10.0.0.1", "10.0.0.3, 10.0.0.2"), "10.0.0.3");
});

it("remoteFrom() takes off ports, and keeps the proxy's address where the header is nonsense", () => {
  const remoteOf = remoteFrom(["10.0.0.1"]);
  assert.equal(remoteOf("10.0.0.1", "198.51.100.7:4711"), "198.51.100.7");
  assert.equal(remoteOf("10.0.0.1", "[2001:db8::1]:4711"), "2001:db8::1");
  assert.equal(remoteOf("10.0.0.1", "unknown"), "10.0.0.1");
  assert.equal(remoteOf("10.0.0.1", ""), "10.0.0.1");
  assert.equal(remoteOf("10.0.0.1", null), "10.0.0.1");
});
