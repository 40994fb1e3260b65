// The client in 2.5 and 12.0: what it says in another form, and what it does not say.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { el, type Element } from "../wbxml/mod.ts";
import { clientOf, scripted, type Seen } from "../../../tests/client/scripted.ts";
import type { Version } from "../versions.ts";
import { Phone } from "./phone.ts";
import type { SyncCollection } from "./sync.ts";
import { optionElements } from "./sync_options.ts";

const collectionOf = ({ document }: Seen) =>
  document!.child("AirSync:Collections")!.child("AirSync:Collection")!;
const names = (element: Element) => element.children.map(({ tag }) => tag.split(":")[1]);

/** The collection as the client sends it. */
async function sent(version: Version, collection: SyncCollection): Promise<Element> {
  const server = scripted(() => undefined);
  await clientOf(server.fetch, { version }).sync({ collections: [collection] });
  return collectionOf(server.seen[0]!);
}

describe("in 2.5", () => {
  test("a tag that is there means yes, and one that is missing means no", async () => {
    const start = { id: "5", key: "0" };
    const later = { id: "5", key: "1" };
    assert.deepEqual(names(await sent("2.5", start)), ["Class", "SyncKey", "CollectionId"]);
    const said = await sent("2.5", later);
    assert.deepEqual(names(said).slice(3), ["DeletesAsMoves", "GetChanges"]);
    assert.equal(said.textOf("AirSync:GetChanges"), "");
    const no = { ...later, deletesAsMoves: false, getChanges: false };
    assert.deepEqual(names(await sent("2.5", no)).slice(3), []);
    assert.deepEqual(names(await sent("12.0", later)).slice(3), []);
    assert.equal((await sent("12.0", no)).textOf("AirSync:DeletesAsMoves"), "0");
  });

  test("a code stands for how much text is wanted, never for more than that", () => {
    const code = (...sizes: (number | undefined)[]) =>
      sizes.map((truncationSize) => {
        const bodies = [{
          type: 1 as const,
          ...(truncationSize !== undefined && { truncationSize }),
        }];
        const [element] = optionElements({ bodies }, "2.5").filter((one) => one !== undefined);
        assert.equal(element?.tag, "AirSync:Truncation");
        return Number(element.text);
      });
    assert.deepEqual(code(0, 511, 512, 5119, 102400, 9e9, undefined), [0, 0, 1, 3, 8, 8, 9]);
    const only = optionElements({ bodies: [{ type: 2 }], mimeSupport: 2 }, "2.5");
    assert.deepEqual(only.flatMap((one) => one?.tag ?? []), ["AirSync:MIMESupport"]);
  });

  test("the query is plain, whatever was wished", async () => {
    for (const version of ["2.5", "12.0"] as const) {
      const server = scripted(() => undefined);
      await clientOf(server.fetch, { version, query: "base64" }).ping();
      assert.equal(server.seen[0]?.command, "Ping");
      assert.equal(server.seen[0]?.headers.get("MS-ASProtocolVersion"), version);
    }
  });

  test("the policy is XML in a string", async () => {
    const policy = (status: number) =>
      el(
        "Provision:Provision",
        el("Provision:Status", 1),
        el(
          "Provision:Policies",
          el(
            "Provision:Policy",
            el("Provision:PolicyType", "MS-WAP-Provisioning-XML"),
            el("Provision:Status", status),
          ),
        ),
      );
    const server = scripted(() => policy(2));
    const { policyStatus } = await clientOf(server.fetch, { version: "2.5" }).provision();
    assert.equal(policyStatus, 2);
    const asked = server.seen[0]?.document?.child("Provision:Policies")?.child("Provision:Policy");
    assert.equal(asked?.textOf("Provision:PolicyType"), "MS-WAP-Provisioning-XML");
  });

  test("an attachment comes by its name, as bytes", async () => {
    const headers = { "Content-Type": "image/png" };
    const server = scripted(() => new Response(Uint8Array.of(0, 255, 16), { headers }));
    const { status, content, contentType } = await clientOf(server.fetch, { version: "2.5" })
      .fetch({ fileReference: "a b" });
    assert.deepEqual([status, content, contentType], [1, Uint8Array.of(0, 255, 16), "image/png"]);
    assert.equal(server.seen[0]?.command, "GetAttachment");
    assert.equal(server.seen[0]?.url.searchParams.get("AttachmentName"), "a b");
  });
});

test("a phone opens an item by a Sync that asks for nothing else", async () => {
  const answer = (key: string, ...more: Element[]) =>
    el(
      "AirSync:Sync",
      el(
        "AirSync:Collections",
        el(
          "AirSync:Collection",
          el("AirSync:Class", "Email"),
          el("AirSync:SyncKey", key),
          el("AirSync:CollectionId", "5"),
          el("AirSync:Status", 1),
          ...more,
        ),
      ),
    );
  const item = (tag: "AirSync:Add" | "AirSync:Fetch", text: string) =>
    el(
      tag,
      el("AirSync:ServerId", "5:1"),
      el("AirSync:Status", 1),
      el("AirSync:ApplicationData", el("Email:Subject", "Lunch"), el("Email:Body", text)),
    );
  const server = scripted((seen) => {
    if (collectionOf(seen).textOf("AirSync:SyncKey") === "0") return answer("1");
    return collectionOf(seen).child("AirSync:Commands")
      ? answer("2", el("AirSync:Responses", item("AirSync:Fetch", "At noon?")))
      : answer("2", el("AirSync:Commands", item("AirSync:Add", "At")));
  });
  const phone = new Phone(clientOf(server.fetch, { version: "2.5" }));
  await phone.sync(["5"]);
  await phone.sync(["5"]);
  const collection = phone.collection("5");
  const body = () => collection.items.get("5:1")?.fields.get("Email:Body")?.text;
  assert.equal(body(), "At");
  collection.fetch("5:1");
  await phone.sync(["5"], { getChanges: false, options: { bodies: [{ type: 1 }] } });
  assert.equal(body(), "At noon?");
  assert.equal(collection.waiting, 0);
  const asked = collectionOf(server.seen[2]!);
  assert.equal(asked.child("AirSync:GetChanges"), undefined);
  assert.equal(asked.child("AirSync:Options")?.textOf("AirSync:Truncation"), "9");
});
