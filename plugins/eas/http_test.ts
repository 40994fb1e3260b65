// HTTP: authentication before anything else, queries, versions, error channels, headers.
import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { accounts, definePlugin, Unavailable } from "../../core/mod.ts";
import { basic, documentOf, easApp, easRequest, shown } from "../../tests/kit_eas.ts";
import { el, gate } from "./api.ts";
import { encode } from "./wbxml/encode.ts";

const all = "2.5,12.0,12.1,14.0,14.1,16.0,16.1";
const url = "https://mail.example.org/Microsoft-Server-ActiveSync";
const information = el("Settings:Settings", el("Settings:UserInformation", el("Settings:Get")));

test("OPTIONS offers the versions and exactly the commands that are there, without a body", async () => {
  const app = await easApp();
  const response = await app.fetch(
    new Request(url, { method: "OPTIONS", headers: { Authorization: basic() } }),
  );
  assert.equal(response.status, 200);
  assert.equal(await response.text(), "");
  assert.equal(response.headers.get("Content-Length"), "0");
  assert.equal(response.headers.get("Content-Type"), null);
  assert.equal(response.headers.get("MS-ASProtocolVersions"), all);
  assert.equal(response.headers.get("MS-Server-ActiveSync"), "16.1");
  assert.equal(response.headers.get("Cache-Control"), "private");
  const named = (response.headers.get("MS-ASProtocolCommands") ?? "").split(",").sort();
  const listed = app.program.registry.list().filter(({ point }) => point === "eas.command");
  assert.deepEqual(named, listed.map(({ name }) => name).sort());
  assert.ok(named.includes("Settings"));
  await app.stop();
});

test("OPTIONS offers no version above eas.maxVersion", async () => {
  const app = await easApp({ config: { eas: { maxVersion: "14.1" } } });
  const response = await app.fetch(
    new Request(url, { method: "OPTIONS", headers: { Authorization: basic() } }),
  );
  assert.equal(response.headers.get("MS-ASProtocolVersions"), "2.5,12.0,12.1,14.0,14.1");
  assert.equal((await app.ask("Settings", { version: "14.1", body: information })).status, 200);
  const newer = await documentOf(await app.ask("Settings", { version: "16.1", body: information }));
  assert.equal(newer.textOf("Settings:Status"), "138");
  await app.stop();
});

test("the path is found in every case and with more behind it, and no other is", async () => {
  const app = await easApp();
  for (
    const path of [
      "/microsoft-server-activesync",
      "/MICROSOFT-SERVER-ACTIVESYNC/",
      "/Microsoft-Server-ActiveSync/default.eas",
    ]
  ) {
    const request = new Request(`https://mail.example.org${path}`, {
      method: "OPTIONS",
      headers: { Authorization: basic() },
    });
    assert.equal((await app.fetch(request)).status, 200, path);
  }
  assert.equal((await app.fetch("/Microsoft-Server-ActiveSyncX")).status, 404);
  await app.stop();
});

test("a browser is told what the address is for, other methods are refused", async () => {
  const app = await easApp();
  const shown = await app.fetch(url);
  assert.equal(shown.status, 200);
  assert.match(shown.headers.get("Content-Type") ?? "", /^text\/plain/);
  assert.match(await shown.text(), /Exchange/);
  const put = await app.fetch(new Request(url, { method: "PUT", body: "x" }));
  assert.equal(put.status, 405);
  assert.equal(put.headers.get("Allow"), "OPTIONS, POST, GET");
  assert.equal((await app.fetch(new Request(url, { method: "PROPFIND" }))).status, 501);
  await app.stop();
});

/** A body that tells whether anybody read it. */
function watchedBody(): { body: ReadableStream<Uint8Array>; readonly read: boolean } {
  let read = false;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      read = true;
      controller.enqueue(new Uint8Array(1024));
    },
  }, { highWaterMark: 0 });
  return {
    body,
    get read() {
      return read;
    },
  };
}

test("the body of a request without the right password is never read", async () => {
  const app = await easApp();
  const headers: Record<string, string>[] = [
    { Authorization: "" },
    { Authorization: basic("anna@example.org", "wrong") },
    { Authorization: basic("nobody@example.org") },
    { Authorization: "Bearer abc" },
    { Authorization: "Basic !!!" },
  ];
  for (const wrong of headers) {
    const watched = watchedBody();
    const response = await app.ask("Settings", { body: watched.body, headers: wrong });
    assert.equal(response.status, 401);
    assert.equal(response.headers.get("WWW-Authenticate"), 'Basic realm="Navette"');
    assert.equal(response.headers.get("MS-ASProtocolVersions"), null);
    assert.equal(watched.read, false);
  }
  assert.deepEqual(await app.db.all("SELECT * FROM eas_device"), []);
  await app.stop();
});

test("too many failures are answered 503 with Retry-After, so that no phone asks for the password", async () => {
  const app = await easApp();
  let response = await app.ask("Settings", { password: "wrong 0" });
  for (let guess = 1; response.status === 401 && guess < 200; guess++) {
    response = await app.ask("Settings", { password: `wrong ${guess}` });
  }
  assert.equal(response.status, 503);
  assert.match(response.headers.get("Retry-After") ?? "", /^[1-9]\d*$/);
  await app.stop();
});

test("a password check that cannot be made now is 503, a disabled account 403, never 401", async () => {
  const authenticator = ({ user }: { user: string }) => {
    if (user === "ldap") throw new Unavailable("Cannot reach the directory", 17);
    return Promise.resolve(undefined);
  };
  const app = await easApp({ authenticator });
  const away = await app.ask("Settings", { user: "ldap" });
  assert.equal(away.status, 503);
  assert.equal(away.headers.get("Retry-After"), "17");
  const left = await app.addAccount({ address: "left@example.org" });
  await app.host().one(accounts).setDisabled(left.id, true);
  assert.equal((await app.ask("Settings", { user: "left@example.org" })).status, 403);
  await app.stop();
});

test("passwords beyond ASCII are read as UTF-8, else as Latin-1", async () => {
  const app = await easApp();
  await app.addAccount({ address: "zoe@example.org", password: "pässwörd" });
  const utf8 = basic("zoe@example.org", "pässwörd");
  const latin1 = `Basic ${btoa("zoe@example.org:pässwörd")}`;
  assert.notEqual(utf8, latin1);
  for (const Authorization of [utf8, latin1]) {
    const response = await app.ask("Settings", { body: information, headers: { Authorization } });
    assert.equal(response.status, 200);
  }
  await app.stop();
});

test("a bound app password still opens OPTIONS, which names no device", async () => {
  const app = await easApp();
  const { password } = await app.host().one(accounts).addAppPassword(app.anna.id, "phone");
  const first = await app.ask("Settings", { password, body: information });
  assert.equal(first.status, 200);
  const options = new Request(url, {
    method: "OPTIONS",
    headers: { Authorization: basic("anna@example.org", password) },
  });
  assert.equal((await app.fetch(options)).status, 200);
  const other = await app.ask("Settings", { password, body: information, deviceId: "OTHER" });
  assert.equal(other.status, 401);
  await app.stop();
});

test("the user of the query counts for nothing, the authenticated one does", async () => {
  const app = await easApp();
  await app.addAccount({ address: "bert@example.org" });
  const answer = await documentOf(
    await app.ask("Settings", { body: information, user: "bert@example.org" }),
  );
  assert.match(shown(answer), /PrimarySmtpAddress bert@example.org/);
  await app.stop();
});

test("a base64 query does the same as a plain one; its device id is the hex of its bytes", async () => {
  const app = await easApp();
  // 14.1, Settings, 0x0409, "PHONE1", policy key 0, "iPhone"
  const bytes = [141, 17, 9, 4, 6, ...ascii("PHONE1"), 4, 0, 0, 0, 0, 6, ...ascii("iPhone")];
  const request = easRequest("Settings", { body: information });
  const packed = new Request(`${url}?${btoa(String.fromCharCode(...bytes))}`, request);
  packed.headers.delete("MS-ASProtocolVersion");
  const response = await app.fetch(packed);
  assert.equal(response.status, 200);
  const [device] = await app.db.all("SELECT id, type, version FROM eas_device");
  assert.deepEqual({ ...device }, { id: "50484f4e4531", type: "iPhone", version: "14.1" });
  await app.stop();
});

const ascii = (text: string) => [...new TextEncoder().encode(text)];

test("a malformed query is 400 for the authenticated, and 401 for everybody else", async () => {
  const app = await easApp();
  for (const query of ["", "?", "?User=anna", "?Cmd=Sync&Cmd=Ping", "?%00", "?jAAJBP8x"]) {
    const post = (Authorization: string) =>
      app.fetch(new Request(url + query, { method: "POST", headers: { Authorization } }));
    assert.equal((await post(basic())).status, 400, query);
    assert.equal((await post(basic("anna@example.org", "x"))).status, 401, query);
  }
  await app.stop();
});

test("a request is answered without a trace where its device id or type is wrong", async () => {
  const app = await easApp();
  const wrong: [string, string, string][] = [
    ["14.0", "", "108"],
    ["14.0", "a b", "108"],
    ["14.0", "x".repeat(65), "108"],
  ];
  for (const [version, deviceId, status] of wrong) {
    const answer = await documentOf(
      await app.ask("Settings", {
        version,
        deviceId: encodeURIComponent(deviceId),
        body: information,
      }),
    );
    assert.equal(answer.textOf("Settings:Status"), status, deviceId);
    assert.equal((await app.ask("Settings", { version: "12.1", deviceId: "" })).status, 400);
  }
  assert.deepEqual(await app.db.all("SELECT * FROM eas_device"), []);
  await app.stop();
});

test("Android's account check is answered and never stored", async () => {
  const app = await easApp();
  const response = await app.ask("Settings", { deviceId: "validate", body: information });
  assert.equal(response.status, 200);
  assert.deepEqual(await app.db.all("SELECT * FROM eas_device"), []);
  await app.stop();
});

const versions = ["12.0", "12.1", "14.0", "14.1", "16.0", "16.1"];

test("a status goes by HTTP code up to 12.1, and in a document of the command from 14.0 on", async () => {
  const app = await easApp();
  const cases: { body?: Uint8Array; contentType?: string; status: string; http: number }[] = [
    { body: Uint8Array.of(1, 2, 3), status: "102", http: 400 },
    { body: Uint8Array.of(3, 1, 106, 0, 0x45, 0x46), status: "102", http: 400 },
    { body: Uint8Array.of(3, 1, 106, 0, 0x05), status: "103", http: 400 },
    { body: Uint8Array.of(3, 1, 106, 0), contentType: "text/xml", status: "101", http: 400 },
  ];
  for (const { status, http, ...options } of cases) {
    for (const version of versions) {
      const response = await app.ask("Settings", { version, ...options });
      if (version.startsWith("12")) {
        assert.equal(response.status, http, status);
        assert.equal(await response.text(), "");
        assert.equal(response.headers.get("Content-Type"), null);
      } else {
        assert.equal(response.status, 200);
        const answer = await documentOf(response);
        assert.equal(shown(answer), `Settings:Settings\n  Settings:Status ${status}\n`);
      }
    }
  }
  assert.deepEqual(await app.db.all("SELECT * FROM eas_device"), []);
  await app.stop();
});

test("a document that is too deep or that goes on for ever is Status 102", async () => {
  const app = await easApp();
  const deep = new Uint8Array(10_000).fill(0x45);
  deep.set([3, 1, 106, 0, 0, 18]);
  const answer = await documentOf(await app.ask("Settings", { body: deep }));
  assert.equal(answer.textOf("Settings:Status"), "102");
  await app.stop();
});

test("versions that are not spoken: 505 for 1.0, 400 for old ones, 138 for new ones", async () => {
  const app = await easApp();
  const http: Record<string, number> = { "1.0": 505, "2.0": 400, "2.1": 400, "12.2": 400 };
  for (const [version, code] of Object.entries(http)) {
    assert.equal((await app.ask("Settings", { version, body: information })).status, code);
  }
  const answer = await documentOf(
    await app.ask("Settings", { version: "17.0", body: information }),
  );
  assert.equal(shown(answer), "Settings:Settings\n  Settings:Status 138\n");
  await app.stop();
});

test("a request that names no version is one of 2.5", async () => {
  const app = await easApp();
  const hierarchy = easRequest("GetHierarchy");
  hierarchy.headers.delete("MS-ASProtocolVersion");
  const answer = await app.fetch(hierarchy);
  assert.equal((await documentOf(answer)).tag, "FolderHierarchy:Folders");
  const settings = easRequest("Settings", { body: information });
  settings.headers.delete("MS-ASProtocolVersion");
  assert.equal((await app.fetch(settings)).status, 501);
  const devices = await app.db.all("SELECT version FROM eas_device");
  assert.deepEqual(devices, [{ version: "2.5" }]);
  await app.stop();
});

test("the base64 encoding is none of 2.5 and 12.0", async () => {
  const app = await easApp();
  const ask = (version: number) => {
    const query = btoa(String.fromCharCode(version, 17, 9, 4, 1, 0x41, 0, 1, 0x42));
    const headers = {
      Authorization: basic(),
      "Content-Type": "application/vnd.ms-sync.wbxml",
    };
    const body = encode(information) as BodyInit;
    return app.fetch(new Request(`${url}?${query}`, { method: "POST", headers, body }));
  };
  assert.deepEqual([(await ask(25)).status, (await ask(120)).status], [400, 400]);
  assert.deepEqual(await app.db.all("SELECT * FROM eas_device"), []);
  assert.equal((await ask(121)).status, 200);
  await app.stop();
});

test("commands that older or newer versions have are 501, or 137 in the document", async () => {
  const app = await easApp();
  assert.equal((await app.ask("Settings", { version: "2.5", body: information })).status, 501);
  assert.equal((await app.ask("Settings", { version: "12.0", body: information })).status, 200);
  assert.equal((await app.ask("ItemOperations", { version: "2.5" })).status, 501);
  assert.equal((await app.ask("GetHierarchy", { version: "12.1" })).status, 200);
  assert.equal((await app.ask("GetHierarchy", { version: "14.0" })).status, 501);
  const answer = await documentOf(await app.ask("Find", { version: "16.0" }));
  assert.equal(shown(answer), "Find:Find\n  Find:Status 137\n");
  await app.stop();
});

test("commands that are not here: 501, or 137 where the protocol names their document", async () => {
  const app = await easApp();
  assert.equal((await app.ask("MeetingResponse", { version: "12.1" })).status, 501);
  const answer = await documentOf(await app.ask("MeetingResponse", { version: "14.0" }));
  assert.equal(shown(answer), "MeetingResponse:MeetingResponse\n  MeetingResponse:Status 137\n");
  assert.equal((await app.ask("Notify", { version: "16.1" })).status, 501);
  assert.equal((await app.ask("CreateCollection", { version: "12.1" })).status, 501);
  await app.stop();
});

test("the policy key and multipart are read from the headers of a plain query", async () => {
  const seen: unknown[] = [];
  const spy = definePlugin({
    id: "spy",
    summary: "Looks at calls",
    needs: ["eas"],
    contributes: () => [gate.of({
      stage: "policy",
      check: ({ query }) => {
        seen.push([query.policyKey, query.acceptMultiPart]);
        return Promise.resolve(undefined);
      },
    })],
  });
  const app = await easApp({ plugins: [spy] });
  const ask = (headers: Record<string, string>) =>
    app.ask("Settings", { body: information, headers });
  await ask({ "X-MS-PolicyKey": "4294967295", "MS-ASAcceptMultiPart": "T" });
  await ask({ "X-MS-PolicyKey": "0", "MS-ASAcceptMultiPart": "F" });
  await ask({ "X-MS-PolicyKey": "-1" });
  await ask({});
  assert.deepEqual(seen, [[4294967295, true], [0, false], [undefined, false], [undefined, false]]);
  await app.stop();
});

test("a device that knows another offer is told the new one, once", async () => {
  const app = await easApp();
  const first = await app.ask("Settings", { body: information });
  assert.equal(first.headers.get("X-MS-RP"), null);
  await app.db.run("UPDATE eas_device SET offer = '12.1 Sync'");
  const second = await app.ask("Settings", { body: information });
  assert.equal(second.headers.get("X-MS-RP"), all);
  assert.match(second.headers.get("MS-ASProtocolCommands") ?? "", /Settings/);
  const third = await app.ask("Settings", { body: information });
  assert.equal(third.headers.get("X-MS-RP"), null);
  await app.stop();
});

test("answers carry their length and type; gzip where it is taken and worthwhile", async () => {
  const app = await easApp();
  const plain = await app.ask("Settings", { body: information });
  const bytes = new Uint8Array(await plain.arrayBuffer());
  assert.equal(plain.headers.get("Content-Length"), String(bytes.length));
  assert.equal(plain.headers.get("Content-Type"), "application/vnd.ms-sync.wbxml");
  assert.equal(plain.headers.get("Content-Encoding"), null);
  const small = await app.ask("Settings", {
    body: information,
    headers: { "Accept-Encoding": "gzip" },
  });
  assert.equal(small.headers.get("Content-Encoding"), null);
  await app.stop();
});

test("a gzip request is read, within the same limit", async () => {
  const app = await easApp({ config: { eas: { maxDocumentSize: 65536 } } });
  const headers = { "Content-Encoding": "gzip" };
  const good = new Uint8Array(gzipSync(encode(information)));
  const answer = await documentOf(await app.ask("Settings", { body: good, headers }));
  assert.equal(answer.textOf("Settings:Status"), "1");
  const bomb = new Uint8Array(gzipSync(new Uint8Array(10_000_000)));
  assert.ok(bomb.length < 65536);
  assert.equal((await app.ask("Settings", { version: "12.1", body: bomb, headers })).status, 413);
  const damaged = await app.ask("Settings", { version: "12.1", body: good.subarray(5), headers });
  assert.equal(damaged.status, 400);
  const unknown = { "Content-Encoding": "br" };
  const other = await app.ask("Settings", { version: "12.1", body: good, headers: unknown });
  assert.equal(other.status, 415);
  await app.stop();
});

test("eas.strict wants what the specification says of ids and types; otherwise real clients pass", async () => {
  const typeless = () => {
    const request = easRequest("Settings", { body: information });
    request.headers.delete("Content-Type");
    return request;
  };
  const lenient = await easApp();
  assert.equal((await documentOf(await lenient.fetch(typeless()))).textOf("Settings:Status"), "1");
  const dashed = await lenient.ask("Settings", { body: information, deviceId: "a-b_c.d" });
  assert.equal((await documentOf(dashed)).textOf("Settings:Status"), "1");
  await lenient.stop();
  const strict = await easApp({ config: { eas: { strict: true } } });
  assert.equal((await documentOf(await strict.fetch(typeless()))).textOf("Settings:Status"), "101");
  const refused = await strict.ask("Settings", { body: information, deviceId: "a-b_c.d" });
  assert.equal((await documentOf(refused)).textOf("Settings:Status"), "108");
  const fine = await strict.ask("Settings", { body: information });
  assert.equal((await documentOf(fine)).textOf("Settings:Status"), "1");
  await strict.stop();
});
