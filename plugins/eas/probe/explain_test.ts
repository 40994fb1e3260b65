// Faults of servers and networks, and what the probe says about them.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fakeClock, settle } from "../../../tests/kit.ts";
import { scripted, type Seen } from "../../../tests/client/scripted.ts";
import { el, type Element, type Tag } from "../wbxml/mod.ts";
import type { Fetch } from "../client/mod.ts";
import { runProbe } from "./probe.ts";
import type { ProbeReport } from "./report.ts";

const offer = {
  "MS-ASProtocolVersions": "12.1,16.1",
  "MS-ASProtocolCommands": "Sync,FolderSync,Ping,Provision,ItemOperations,SendMail",
};
const page = { "Content-Type": "text/html" };

/** Answers as a small server does, with an empty inbox; `instead` may answer differently. */
function small(instead: (seen: Seen) => Response | Element | undefined): Fetch {
  return scripted((seen) => {
    const other = instead(seen);
    if (other !== undefined) return other;
    if (seen.method === "OPTIONS") return new Response(null, { headers: offer });
    return answers[seen.command]?.(seen);
  }).fetch;
}
const folder = (id: string, name: string, type: number, parent = "0") =>
  el(
    "FolderHierarchy:Add",
    el("FolderHierarchy:ServerId", id),
    el("FolderHierarchy:ParentId", parent),
    el("FolderHierarchy:DisplayName", name),
    el("FolderHierarchy:Type", type),
  );
const folders = (...adds: Element[]) =>
  el(
    "FolderHierarchy:FolderSync",
    el("FolderHierarchy:Status", 1),
    el("FolderHierarchy:SyncKey", "1"),
    el("FolderHierarchy:Changes", el("FolderHierarchy:Count", adds.length), ...adds),
  );
const synced = (key: string, ...more: Element[]) => syncedIn("5", key, ...more);
const syncedIn = (id: string, key: string, ...more: Element[]) =>
  el(
    "AirSync:Sync",
    el(
      "AirSync:Collections",
      el(
        "AirSync:Collection",
        el("AirSync:SyncKey", key),
        el("AirSync:CollectionId", id),
        el("AirSync:Status", 1),
        ...more,
      ),
    ),
  );
const asks = ({ document }: Seen, tag: Tag) =>
  document?.child("AirSync:Collections")?.child("AirSync:Collection")?.textOf(tag);
const keyOf = (seen: Seen) => asks(seen, "AirSync:SyncKey");
const answers: Record<string, (seen: Seen) => Element | undefined> = {
  Provision: () => el("Provision:Provision", el("Provision:Status", 1)),
  FolderSync: () => folders(folder("5", "Inbox", 2)),
  Sync: (seen) => syncedIn(asks(seen, "AirSync:CollectionId")!, keyOf(seen) === "0" ? "1" : "2"),
  Ping: () => el("Ping:Ping", el("Ping:Status", 1)),
};

/** What the first failed step says, with its fix. */
async function fault(fetch: Fetch, url = "https://mail.example.org"): Promise<string> {
  const report = await runProbe({ url, user: "ada", password: "p", fetch, clock: fakeClock() });
  return faultOf(report);
}
function faultOf(report: ProbeReport): string {
  assert.equal(report.ok, false);
  const steps = [report.connect, ...report.visits.flatMap((visit) => visit.steps)];
  const failed = steps.find(({ outcome }) => outcome === "failed");
  assert.ok(failed?.fix);
  return `${failed.name}: ${failed.detail}. ${failed.fix}`;
}
const network = (code: string): Fetch => () =>
  Promise.reject(Object.assign(new Error(`failed ${code}`), { code }));

describe("the probe explains the network:", () => {
  const cases: Record<string, RegExp> = {
    ENOTFOUND: /nobody knows a host of the name mail\.example\.org.*DNS/,
    ECONNREFUSED: /nothing listens at mail\.example\.org.*port/,
    EHOSTUNREACH: /cannot be reached.*firewall/,
    CERT_HAS_EXPIRED: /certificate has expired.*Renew/,
    ERR_TLS_CERT_ALTNAME_INVALID: /for other names than mail\.example\.org/,
    DEPTH_ZERO_SELF_SIGNED_CERT: /signed by itself.*public authority/,
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: /fullchain\.pem/,
    ERR_SSL_WRONG_VERSION_NUMBER: /no TLS connection.*http:\/\//,
    ECONNRESET: /cut before the answer was complete/,
    EWHATEVER: /failed EWHATEVER/,
  };
  for (const [code, said] of Object.entries(cases)) {
    test(code, async () => assert.match(await fault(network(code)), said));
  }

  test("a code inside of the cause", async () => {
    const cause = Object.assign(new Error("inner"), { code: "ECONNREFUSED" });
    const fetch = () => Promise.reject(new TypeError("fetch failed", { cause }));
    assert.match(await fault(fetch), /nothing listens/);
  });

  test("no answer at all", async () => {
    const clock = fakeClock();
    const silent = () => new Promise<Response>(() => {});
    const options = { url: "mail.example.org", user: "ada", password: "p", fetch: silent, clock };
    const probing = runProbe(options);
    await settle();
    await clock.tick(60_000);
    assert.match(faultOf(await probing), /Connect: no answer within 60 seconds.*firewall/);
  });
});

describe("the probe explains answers:", () => {
  const http: Record<number, RegExp> = {
    302: /sends the phone elsewhere.*not follow/,
    401: /refuses user and password/,
    403: /refuses this user or this device/,
    404: /no ActiveSync at this address/,
    502: /proxy does not reach the server/,
    503: /cannot answer now/,
    418: /HTTP 418/,
  };
  for (const [status, said] of Object.entries(http)) {
    test(`HTTP ${status}`, async () => {
      assert.match(await fault(small(() => new Response(null, { status: Number(status) }))), said);
    });
  }

  test("a page without ActiveSync headers", async () => {
    const fetch = small(() => new Response("<h1>It works!</h1>", { headers: page }));
    assert.match(await fault(fetch), /Connect: .*does not say that it speaks ActiveSync.*OPTIONS/);
  });

  test("a login page in place of an answer", async () => {
    const fetch = small(({ command }) =>
      command === "FolderSync" ? new Response("<form>", { headers: page }) : undefined
    );
    assert.match(await fault(fetch), /FolderSync: .*text\/html, not WBXML.*login page/);
  });

  test("a blocked device", async () => {
    const fetch = small(({ command }) =>
      command === "FolderSync"
        ? el("FolderHierarchy:FolderSync", el("FolderHierarchy:Status", 129))
        : undefined
    );
    assert.match(await fault(fetch), /FolderSync: .*blocks this device.*Allow the device/);
  });

  test("an order to erase the device", async () => {
    const fetch = small(({ command }) =>
      command === "Provision"
        ? el("Provision:Provision", el("Provision:Status", 1), el("Provision:RemoteWipe"))
        : undefined
    );
    assert.match(await fault(fetch), /Provision: .*orders to erase this device.*Withdraw/);
  });

  test("a mailbox without inbox, and a folder without its parent", async () => {
    const only = (...adds: Element[]) =>
      fault(small(({ command }) => command === "FolderSync" ? folders(...adds) : undefined));
    assert.match(await only(folder("6", "Sent", 5)), /no inbox/);
    assert.match(
      await only(folder("5", "Inbox", 2), folder("6", "Lost", 12, "99")),
      /1 folder without the folder they belong to/,
    );
  });

  test("items told twice", async () => {
    const add = el("AirSync:Add", el("AirSync:ServerId", "a"), el("AirSync:ApplicationData"));
    const fetch = small((seen) =>
      seen.command === "Sync" && keyOf(seen) === "1"
        ? synced("2", el("AirSync:Commands", add, add))
        : undefined
    );
    assert.match(await fault(fetch), /Sync Inbox: .*Add of a, which it has/);
  });

  test("more that never comes", async () => {
    const fetch = small((seen) =>
      seen.command === "Sync" && keyOf(seen) !== "0"
        ? synced("1", el("AirSync:MoreAvailable"))
        : undefined
    );
    assert.match(await fault(fetch), /Sync Inbox: .*more is announced, but nothing comes/);
  });

  test("a Ping that is answered at once", async () => {
    assert.match(await fault(small(() => undefined)), /Ping: .*instead of waiting.*battery/);
  });

  test("a Ping that wakes without a change", async () => {
    const woken = el("Ping:Ping", el("Ping:Status", 2), el("Ping:Folders", el("Ping:Folder", "5")));
    const fetch = small(({ command }) => command === "Ping" ? woken : undefined);
    assert.match(await fault(fetch), /Ping: .*then has no change.*battery/);
  });
});

describe("the probe and held requests:", () => {
  /** Probes a server whose Ping is answered by `ping` after `seconds`. */
  async function held(seconds: number, ping: () => Response | Promise<Response>, wait = 300) {
    const clock = fakeClock();
    const rest = small(() => undefined);
    const fetch: Fetch = async (request) => {
      if (!request.url.includes("Cmd=Ping")) return await rest(request);
      await clock.tick(seconds * 1000);
      return await ping();
    };
    const options = { url: "mail.example.org", user: "ada", password: "p", wait };
    return await runProbe({ ...options, fetch, clock });
  }

  test("one that a proxy cuts", async () => {
    const reset = Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
    const cut = await held(60, () => Promise.reject(reset));
    assert.match(faultOf(cut), /Ping: .*cut after 60 seconds.*proxy_read_timeout 3700s/);
    const timeout = await held(60, () => new Response(null, { status: 504 }));
    assert.match(faultOf(timeout), /Ping: .*cut after 60 seconds/);
  });

  test("one that the probe itself ends", async () => {
    const report = await held(3, () => new Promise<Response>(() => {}), 2);
    assert.ok(report.ok);
    assert.match(report.visits[0]?.steps.at(-1)?.detail ?? "", /held for 2\.0 s; hung up/);
  });

  test("too many folders: it takes as many as the server allows", async () => {
    const asked: number[] = [];
    const clock = fakeClock();
    const fetch = small(({ command, document }) => {
      if (command === "FolderSync") return folders(folder("5", "Inbox", 2), folder("6", "Old", 12));
      if (command !== "Ping") return undefined;
      asked.push(document?.child("Ping:Folders")?.children.length ?? 0);
      if (asked.length === 1) {
        return el("Ping:Ping", el("Ping:Status", 6), el("Ping:MaxFolders", 1));
      }
      clock.tick(60_000);
      return el("Ping:Ping", el("Ping:Status", 1));
    });
    const options = { url: "mail.example.org", user: "ada", password: "p", wait: 300 };
    await runProbe({ ...options, fetch, clock });
    assert.deepEqual(asked, [2, 1]);
  });

  test("an interval that the server does not accept: it takes the one that is named", async () => {
    const asked: (string | undefined)[] = [];
    const clock = fakeClock();
    const fetch = small(({ command, document }) => {
      if (command !== "Ping") return undefined;
      asked.push(document?.textOf("Ping:HeartbeatInterval"));
      if (asked.length > 1) {
        clock.tick(90_000);
        return el("Ping:Ping", el("Ping:Status", 1));
      }
      return el("Ping:Ping", el("Ping:Status", 5), el("Ping:HeartbeatInterval", 90));
    });
    const options = { url: "mail.example.org", user: "ada", password: "p", wait: 300 };
    const report = await runProbe({ ...options, fetch, clock });
    assert.deepEqual(asked, ["300", "90"]);
    assert.match(
      report.visits[0]?.steps.at(-1)?.detail ?? "",
      /held for 90\.0 s, nothing happened/,
    );
  });
});
