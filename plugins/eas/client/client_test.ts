// The client's manners: headers, provisioning, moving to another server, and how it fails.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decode, el, encode, WbxmlError } from "../wbxml/mod.ts";
import { clientOf, scripted, type Seen } from "../../../tests/client/scripted.ts";
import { EasError } from "./reply.ts";

const folders = el(
  "FolderHierarchy:FolderSync",
  el("FolderHierarchy:Status", 1),
  el("FolderHierarchy:SyncKey", "1"),
);

/** Answers Provision as a server with a policy does. */
function provisioning({ document }: Seen) {
  const key = document?.child("Provision:Policies")?.child("Provision:Policy")
    ?.textOf("Provision:PolicyKey");
  return el(
    "Provision:Provision",
    el("Provision:Status", 1),
    el(
      "Provision:Policies",
      el(
        "Provision:Policy",
        el("Provision:PolicyType", "MS-EAS-Provisioning-WBXML"),
        el("Provision:Status", 1),
        el("Provision:PolicyKey", key === undefined ? 111 : 222),
        key === undefined &&
          el("Provision:Data", el("Provision:EASProvisionDoc", el("Provision:AllowCamera", 0))),
      ),
    ),
  );
}

describe("a request", () => {
  test("carries user, device, version and document", async () => {
    const server = scripted(() => folders);
    const reply = await clientOf(server.fetch, { userAgent: "Test/1" }).folderSync("0");
    assert.equal(reply.key, "1");
    const [seen] = server.seen;
    assert.equal(seen?.method, "POST");
    assert.equal(seen?.url.pathname, "/Microsoft-Server-ActiveSync");
    assert.equal(seen?.url.searchParams.get("DeviceId"), "TEST1");
    assert.equal(seen?.headers.get("MS-ASProtocolVersion"), "16.1");
    assert.equal(seen?.headers.get("X-MS-PolicyKey"), null);
    assert.equal(seen?.headers.get("User-Agent"), "Test/1");
    assert.equal(seen?.headers.get("Content-Type"), "application/vnd.ms-sync.wbxml");
    const login = atob(seen?.headers.get("Authorization")?.slice("Basic ".length) ?? "");
    assert.equal(login, "ada@example.org:p\xc3\xa4ssword");
    assert.equal(seen?.document?.textOf("FolderHierarchy:SyncKey"), "0");
  });

  test("says all of that in the query where it is base64", async () => {
    const server = scripted(() => folders);
    await clientOf(server.fetch, { query: "base64" }).folderSync("0");
    const query = atob(server.seen[0]?.url.search.slice(1) ?? "");
    assert.deepEqual([query.charCodeAt(0), query.charCodeAt(1)], [161, 9]);
    assert.equal(server.seen[0]?.headers.get("MS-ASProtocolVersion"), null);
  });

  test("without a document has no body and no type", async () => {
    const server = scripted(() => undefined);
    const reply = await clientOf(server.fetch).sync();
    assert.ok(reply.empty);
    assert.equal(server.seen[0]?.bytes.length, 0);
    assert.equal(server.seen[0]?.headers.get("Content-Type"), null);
  });
});

describe("options()", () => {
  test("gives what the server names, and the best common version", async () => {
    const headers = {
      "MS-ASProtocolVersions": "2.5, 12.1,14.1,16.0,99.9",
      "MS-ASProtocolCommands": "Sync,Ping",
    };
    const server = scripted(() => new Response(null, { headers }));
    const offer = await clientOf(server.fetch).options();
    assert.equal(server.seen[0]?.method, "OPTIONS");
    assert.deepEqual(offer.versions, ["2.5", "12.1", "14.1", "16.0", "99.9"]);
    assert.deepEqual(offer.commands, ["Sync", "Ping"]);
    assert.equal(offer.best, "16.0");
  });
});

describe("command()", () => {
  const triggers: Record<string, () => Response | ReturnType<typeof el>> = {
    "HTTP 449": () => new Response(null, { status: 449 }),
    "status 142": () => el("FolderHierarchy:FolderSync", el("FolderHierarchy:Status", 142)),
    "status 144": () => el("FolderHierarchy:FolderSync", el("FolderHierarchy:Status", 144)),
  };
  for (const [what, trigger] of Object.entries(triggers)) {
    test(`provisions after ${what}, and repeats the request with the final key`, async () => {
      const server = scripted((seen) => {
        if (seen.command === "Provision") return provisioning(seen);
        return seen.headers.get("X-MS-PolicyKey") === "222" ? folders : trigger();
      });
      const client = clientOf(server.fetch);
      assert.equal((await client.folderSync("0")).status, 1);
      assert.deepEqual(
        server.seen.map(({ command, headers }) => [command, headers.get("X-MS-PolicyKey")]),
        [["FolderSync", null], ["Provision", "0"], ["Provision", "111"], ["FolderSync", "222"]],
      );
      assert.equal(client.policyKey, 222);
      const [, first, second] = server.seen;
      assert.ok(first?.document?.child("Settings:DeviceInformation"));
      const accepted = second?.document?.child("Provision:Policies")?.child("Provision:Policy");
      assert.equal(accepted?.textOf("Provision:PolicyKey"), "111");
      assert.equal(accepted?.textOf("Provision:Status"), "1");
    });
  }

  test("does not ask for ever where provisioning does not help", async () => {
    const server = scripted((seen) =>
      seen.command === "Provision" ? provisioning(seen) : new Response(null, { status: 449 })
    );
    await assert.rejects(clientOf(server.fetch).folderSync("0"), { name: "EasError", http: 449 });
    assert.equal(server.seen.length, 4);
  });

  test("stops at an order to erase the device, without obeying", async () => {
    const server = scripted((seen) =>
      seen.command === "Provision"
        ? el("Provision:Provision", el("Provision:Status", 1), el("Provision:RemoteWipe"))
        : new Response(null, { status: 449 })
    );
    await assert.rejects(clientOf(server.fetch).folderSync("0"), EasError);
    assert.equal(server.seen.length, 2);
  });

  test("goes on without a key where there is no policy", async () => {
    const none = el(
      "Provision:Provision",
      el("Provision:Status", 1),
      el("Provision:Policies", el("Provision:Policy", el("Provision:Status", 2))),
    );
    const client = clientOf(scripted(() => none).fetch);
    const { policyStatus, policyKey, policy } = await client.provision();
    assert.deepEqual({ policyStatus, policyKey, policy }, {
      policyStatus: 2,
      policyKey: undefined,
      policy: undefined,
    });
  });

  test("follows to another server once, keeping the path", async () => {
    const headers = { "X-MS-Location": "https://two.example.org/elsewhere" };
    const server = scripted(({ url }) =>
      url.host === "mail.example.org" ? new Response(null, { status: 451, headers }) : folders
    );
    const client = clientOf(server.fetch);
    await client.folderSync("0");
    assert.equal(client.url, "https://two.example.org/Microsoft-Server-ActiveSync");
  });

  test("does not follow to an address without TLS", async () => {
    const headers = { "X-MS-Location": "http://two.example.org/" };
    const server = scripted(() => new Response(null, { status: 451, headers }));
    await assert.rejects(clientOf(server.fetch).folderSync("0"), RangeError);
    assert.equal(server.seen.length, 1);
  });

  test("rejects with the HTTP status, and when to come back", async () => {
    const headers = { "Retry-After": "30" };
    const server = scripted(() => new Response("busy", { status: 503, headers }));
    await assert.rejects(clientOf(server.fetch).folderSync("0"), {
      message: "Cannot do FolderSync: the server answered HTTP 503",
      http: 503,
      retryAfter: 30,
      status: undefined,
    });
  });

  test("rejects with a common status, and gives back a command's own", async () => {
    const status = (code: number) =>
      clientOf(
        scripted(() => el("FolderHierarchy:FolderSync", el("FolderHierarchy:Status", code))).fetch,
      ).folderSync("7");
    await assert.rejects(status(129), { name: "EasError", http: 200, status: 129 });
    assert.equal((await status(9)).status, 9);
  });

  test("rejects where a page comes instead of a document", async () => {
    const headers = { "Content-Type": "text/html" };
    const server = scripted(() => new Response("<h1>Please log in</h1>", { headers }));
    await assert.rejects(clientOf(server.fetch).sync(), SyntaxError);
  });

  test("rejects where the answer is cut off or the connection is lost", async () => {
    const cut = encode(folders).slice(0, -1);
    const headers = { "Content-Type": "application/vnd.ms-sync.wbxml" };
    const broken = scripted(() => new Response(cut, { headers }));
    await assert.rejects(clientOf(broken.fetch).folderSync("0"), WbxmlError);
    const lost = clientOf(() => Promise.reject(new TypeError("connection reset")));
    await assert.rejects(lost.folderSync("0"), TypeError);
  });
});

describe("sendMail()", () => {
  const mime = "Subject: x\r\n\r\nbody\r\n";

  test("sends a document from 14.0 on", async () => {
    const server = scripted(() => undefined);
    await clientOf(server.fetch, { version: "14.0" }).sendMail(mime, { clientId: "c1" });
    const { document } = server.seen[0]!;
    assert.equal(document?.textOf("ComposeMail:ClientId"), "c1");
    assert.ok(document?.child("ComposeMail:SaveInSentItems"));
    assert.equal(document?.textOf("ComposeMail:Mime"), mime);
  });

  test("sends the bare message up to 12.1", async () => {
    const server = scripted(() => undefined);
    await clientOf(server.fetch, { version: "12.1" }).sendMail(mime);
    const { headers, bytes, url } = server.seen[0]!;
    assert.equal(headers.get("Content-Type"), "message/rfc822");
    assert.equal(url.searchParams.get("SaveInSent"), "T");
    assert.equal(new TextDecoder().decode(bytes), mime);
  });

  test("rejects with the status of a failure", async () => {
    const server = scripted(() => el("ComposeMail:SendMail", el("ComposeMail:Status", 119)));
    await assert.rejects(clientOf(server.fetch).sendMail(mime), { status: 119 });
  });
});

describe("fetch()", () => {
  const fetched = (...properties: Parameters<typeof el>[1][]) =>
    el(
      "ItemOperations:ItemOperations",
      el("ItemOperations:Status", 1),
      el(
        "ItemOperations:Response",
        el(
          "ItemOperations:Fetch",
          el("ItemOperations:Status", 1),
          el("ItemOperations:Properties", ...properties),
        ),
      ),
    );

  test("decodes an attachment from base64", async () => {
    const answer = fetched(
      el("AirSyncBase:ContentType", "image/png"),
      el("ItemOperations:Data", "AP8Q"),
    );
    const { content, contentType } = await clientOf(scripted(() => answer).fetch)
      .fetch({ fileReference: "1:2" });
    assert.deepEqual(content, Uint8Array.of(0, 255, 16));
    assert.equal(contentType, "image/png");
  });

  test("takes bytes from the part that the document names", async () => {
    const document = encode(fetched(el("ItemOperations:Part", 1)));
    const body = new Uint8Array(20 + document.length + 3);
    new Uint32Array(body.buffer, 0, 5).set([2, 20, document.length, 20 + document.length, 3]);
    body.set(document, 20);
    body.set([0, 255, 16], 20 + document.length);
    const headers = { "Content-Type": "application/vnd.ms-sync.multipart" };
    const server = scripted(() => new Response(body, { headers }));
    const { status, content } = await clientOf(server.fetch)
      .fetch({ fileReference: "1:2" }, { multipart: true });
    assert.equal(status, 1);
    assert.deepEqual(content, Uint8Array.of(0, 255, 16));
    assert.equal(server.seen[0]?.headers.get("MS-ASAcceptMultiPart"), "T");
    assert.ok(decode(server.seen[0]!.bytes));
  });

  test("asks for a body by folder and item, and gives its text", async () => {
    const server = scripted(() =>
      fetched(el("AirSyncBase:Body", el("AirSyncBase:Type", 1), el("AirSyncBase:Data", "größe")))
    );
    const { content } = await clientOf(server.fetch)
      .fetch({ collectionId: "5", id: "5:1" }, { bodies: [{ type: 1, truncationSize: 100 }] });
    assert.equal(new TextDecoder().decode(content), "größe");
    const asked = server.seen[0]?.document?.child("ItemOperations:Fetch");
    assert.equal(asked?.textOf("AirSync:CollectionId"), "5");
    assert.equal(asked?.textOf("AirSync:ServerId"), "5:1");
    const preference = asked?.child("ItemOperations:Options")?.child("AirSyncBase:BodyPreference");
    assert.equal(preference?.textOf("AirSyncBase:TruncationSize"), "100");
  });
});
