// Tests of how a storage is named.
import assert from "node:assert/strict";
import { test } from "node:test";
import { filePath, isRemote, remoteAddress } from "./url.ts";

test("paths and file: addresses name files", () => {
  const cases: [url: string, path: string][] = [
    ["data/navette.db", "data/navette.db"],
    ["/var/lib/navette.db", "/var/lib/navette.db"],
    [":memory:", ":memory:"],
    ["file:data/navette.db", "data/navette.db"],
    ["file:///var/lib/na%20vette.db", "/var/lib/na vette.db"],
    ["file:/var/lib/navette.db", "/var/lib/navette.db"],
    ["C:\\data\\navette.db", "C:\\data\\navette.db"],
  ];
  for (const [url, path] of cases) {
    assert.equal(isRemote(url), false);
    assert.equal(filePath(url), path);
  }
});

test("libsql:, https: and http: name servers; the token is taken out of the address", () => {
  for (const url of ["libsql://db.example.test", "https://x.test/", "HTTP://127.0.0.1:8080"]) {
    assert.equal(isRemote(url), true);
  }
  assert.deepEqual(remoteAddress("libsql://db.example.test?authToken=abc"), {
    address: "libsql://db.example.test",
    token: "abc",
  });
  assert.deepEqual(remoteAddress("http://user:pw@127.0.0.1:8080/db/", "given"), {
    address: "http://127.0.0.1:8080/db",
    token: "given",
  });
});

test("an unknown scheme is refused with those that are known, without the rest", () => {
  assert.throws(() => filePath("postgres://user:secret@host/db"), (error) => {
    assert.match(String(error), /"postgres:": a path, file:, libsql:, https: or http: is wanted/);
    return !String(error).includes("secret");
  });
});
