// GetAttachment: bytes as they are, for old versions only.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { Unavailable } from "../../../core/mod.ts";
import { altered, type EasApp, easApp } from "../../../tests/kit_eas.ts";
import type { Mailbox } from "../../mailbox/api.ts";
import { fileReference } from "../schema/attachments.ts";

const photo = Uint8Array.from({ length: 70_000 }, (_, at) => (at * 7 + (at >> 8)) % 256);
const lines = (bytes: Uint8Array) =>
  btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")).replace(/.{76}/g, "$&\r\n");
const mime = new TextEncoder().encode([
  "From: bert@example.org",
  "Subject: Pictures",
  'Content-Type: multipart/mixed; boundary="b"',
  "",
  "--b",
  "",
  "Here they are",
  "--b",
  "Content-Type: image/png; name=photo.png",
  "Content-Transfer-Encoding: base64",
  "",
  lines(photo),
  "--b",
  "Content-Type: what ever/it \u0001is",
  "Content-Disposition: attachment; filename=odd.bin",
  "",
  "odd",
  "--b--",
  "",
].join("\r\n"));

describe("GetAttachment", () => {
  let app: EasApp;
  let item: string;
  let references: string[];
  let part: Mailbox["part"] | undefined;
  beforeEach(async () => {
    part = undefined;
    app = await easApp({
      wrap: (inner) =>
        altered(inner, { part: (...args) => (part ?? inner.part.bind(inner))(...args) }),
    });
    const box = app.mailbox();
    const { changes } = await box.folders(undefined);
    const inbox = changes.find(({ folder }) => folder?.role === "inbox")!.id;
    item = (await box.create(inbox, { mime }, "photo")).id;
    references = [];
    for await (const { mail } of box.read([item], {})) {
      references = mail!.attachments.map((one) => fileReference({ item, part: one.part }));
    }
  });
  afterEach(() => app.stop());

  const ask = (name: string | undefined, version = "12.1") => {
    const more = name === undefined ? "" : `&AttachmentName=${encodeURIComponent(name)}`;
    return app.ask("GetAttachment", { version, more });
  };

  for (const version of ["2.5", "12.0", "12.1"]) {
    it(`brings the bytes with their type in ${version}`, async () => {
      const response = await ask(references[0], version);
      assert.equal(response.status, 200);
      assert.equal(response.headers.get("Content-Type"), "image/png");
      assert.deepEqual(new Uint8Array(await response.arrayBuffer()), photo);
    });
  }

  it("has a type of its own for what the sender calls nonsense", async () => {
    const response = await ask(references[1]);
    assert.match(response.headers.get("Content-Type")!, /^[\w.+-]+\/[\w.+-]+$/);
    assert.equal((await response.text()).trim(), "odd");
  });

  it("streams, and knows the length where the mailbox does", async () => {
    const piece = new Uint8Array(700_000);
    part = () =>
      Promise.resolve({
        type: "video/mp4",
        name: "",
        size: 4 * piece.length,
        bytes: (async function* () {
          for (let n = 0; n < 4; n++) yield piece;
        })(),
      });
    const response = await ask(references[0]);
    assert.equal(response.headers.get("Content-Length"), String(4 * piece.length));
    assert.equal((await response.arrayBuffer()).byteLength, 4 * piece.length);
  });

  it("has HTTP 500 for what is gone, 400 without a name, 503 where the mailbox is away", async () => {
    assert.equal((await ask("never made here")).status, 500);
    assert.equal((await ask(fileReference({ item, part: "9" }))).status, 500);
    await app.mailbox().remove(item, "gone");
    assert.equal((await ask(references[0])).status, 500);
    assert.equal((await ask(undefined)).status, 400);
    part = () => Promise.reject(new Unavailable("Cannot reach it"));
    assert.equal((await ask(references[0])).status, 503);
  });

  it("is not supported from 14.0 on: HTTP 501, without a document", async () => {
    for (const version of ["14.0", "16.1"]) {
      const response = await app.ask("GetAttachment", { version });
      assert.deepEqual([response.status, await response.text()], [501, ""]);
    }
  });
});
