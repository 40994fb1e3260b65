// Reading: what clients really send, and what must be refused.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decode, el, encode, type Limits, requestLimits, WbxmlError } from "./mod.ts";

/** A document: the header and what follows, as hex. */
function doc(hex: string): Uint8Array {
  return bytesOf(`03016a00${hex}`);
}
function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.replaceAll(" ", "").match(/../g) ?? [], (pair) => parseInt(pair, 16));
}
function text(characters: string): string {
  const bytes = new TextEncoder().encode(characters);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
function refuses(bytes: Uint8Array, problem: RegExp, offset?: number, limits?: Limits) {
  assert.throws(() => decode(bytes, limits), (error) => {
    assert.ok(error instanceof WbxmlError, `${error}`);
    assert.ok(error instanceof SyntaxError);
    assert.match(error.message, problem);
    if (offset !== undefined) assert.equal(error.offset, offset);
    return true;
  });
}

describe("decode() reads", () => {
  test("the first request of every device", () => {
    const document = doc("00 07 56 52 03 30 00 01 01");
    assert.deepEqual(
      decode(document),
      el("FolderHierarchy:FolderSync", el("FolderHierarchy:SyncKey", "0")),
    );
  });

  test("changes of code page, which outlast the end of an element", () => {
    // Sync(Collections(Collection(SyncKey "1", Options(BodyPreference(Type "1"), MIMESupport "0"))))
    const document = doc(
      "45 5c 4f 4b 03 31 00 01 57 00 11 45 46 03 31 00 01 01 00 00 62 03 30 00 01 01 01 01 01",
    );
    assert.deepEqual(
      decode(document),
      el(
        "AirSync:Sync",
        el(
          "AirSync:Collections",
          el(
            "AirSync:Collection",
            el("AirSync:SyncKey", "1"),
            el(
              "AirSync:Options",
              el("AirSyncBase:BodyPreference", el("AirSyncBase:Type", "1")),
              el("AirSync:MIMESupport", "0"),
            ),
          ),
        ),
      ),
    );
  });

  test("an element with empty content like one without", () => {
    assert.deepEqual(decode(doc("45 13 01")), decode(doc("45 53 01 01")));
    assert.deepEqual(decode(doc("45 53 01 01")), el("AirSync:Sync", el("AirSync:GetChanges")));
    assert.deepEqual(decode(doc("45 01")), el("AirSync:Sync"));
    assert.deepEqual(decode(doc("05")), el("AirSync:Sync"));
    assert.deepEqual(decode(doc("45 4b 03 00 01 01")), el("AirSync:Sync", el("AirSync:SyncKey")));
    assert.deepEqual(decode(doc("45 4b c3 00 01 01")), el("AirSync:Sync", el("AirSync:SyncKey")));
  });

  test("OPAQUE where text is usual, and text where OPAQUE is", () => {
    const key = decode(doc("45 4b c3 02 31 32 01 01")).child("AirSync:SyncKey");
    assert.equal(key?.text, "12");
    const mime = decode(doc("00 15 45 50 03 61 62 00 01 01")).child("ComposeMail:Mime");
    assert.deepEqual(mime?.bytes, Uint8Array.of(0x61, 0x62));
  });

  test("a text in several pieces, cut inside a character", () => {
    assert.equal(
      decode(doc("45 4b 03 7a c3 00 03 bc 7a 00 01 01")).textOf("AirSync:SyncKey"),
      "züz",
    );
    const mixed = decode(doc("45 4b 03 61 00 c3 02 00 62 01 01")).child("AirSync:SyncKey");
    assert.deepEqual(mixed?.value, Uint8Array.of(0x61, 0, 0x62));
    assert.equal(decode(doc("45 4b 03 00 03 00 01 01")).child("AirSync:SyncKey")?.value, undefined);
  });

  for (
    const name of ["short ä€😀\r\n", "long ä€😀\r\n".repeat(500), "\ufeffmark", "a".repeat(32)]
  ) {
    test(`UTF-8: ${JSON.stringify(name.slice(0, 12))} of ${name.length}`, () => {
      const document = doc(`45 4b 03 ${text(name)} 00 01 01`);
      assert.equal(decode(document).textOf("AirSync:SyncKey"), name);
    });
  }

  test("a byte that is no UTF-8 as U+FFFD: a bad subject does not cost the request", () => {
    assert.equal(decode(doc("45 4b 03 61 e4 62 00 01 01")).textOf("AirSync:SyncKey"), "a\ufffdb");
    const long = decode(doc(`45 4b 03 ${text("x".repeat(100))} e4 00 01 01`));
    assert.equal(long.textOf("AirSync:SyncKey"), "x".repeat(100) + "\ufffd");
  });

  test("past elements of unknown code pages, whatever they hold", () => {
    // Sync(<254/05>(<254/06> "x", <AirSync:SyncKey> "y"), GetChanges)
    const document = doc("45 00 fe 45 46 03 78 00 01 00 00 4b 03 79 00 01 01 13 01");
    assert.deepEqual(decode(document), el("AirSync:Sync", el("AirSync:GetChanges")));
    assert.deepEqual(decode(doc("45 00 1a 3f 01")), el("AirSync:Sync"));
  });

  test("OPAQUE as a view, without a copy", () => {
    const document = doc("45 4b c3 02 31 32 01 01");
    const value = decode(document).child("AirSync:SyncKey")?.value;
    assert.ok(value instanceof Uint8Array);
    assert.equal(value.buffer, document.buffer);
  });

  test("a view into a larger buffer", () => {
    const outer = bytesOf("ffff 03016a00 45 4b 03 31 00 01 01 ffff");
    assert.equal(decode(outer.subarray(2, -2)).textOf("AirSync:SyncKey"), "1");
  });
});

describe("decode() refuses", () => {
  const cases: [what: string, document: Uint8Array, problem: RegExp, offset: number][] = [
    ["nothing", new Uint8Array(), /ends too early/, 0],
    ["a header alone", doc(""), /ends too early/, 4],
    ["a mail", new TextEncoder().encode("From: a@b\r\n\r\n"), /header/, 0],
    ["WBXML 1.1", bytesOf("01016a0045 01"), /header/, 0],
    ["another public id", bytesOf("03056a0045 01"), /header/, 1],
    ["another charset", bytesOf("0301040045 01"), /header/, 2],
    ["a string table", bytesOf("03016a0103450001"), /header/, 3],
    ["attributes", doc("c5 01 01"), /attributes/, 4],
    ["attributes of an empty element", doc("45 85 01 01"), /attributes/, 5],
    ["an entity", doc("45 4b 02 20 01 01"), /global token 0x02/, 6],
    ["a literal tag", doc("45 44 00 01 01"), /global token 0x44/, 5],
    ["a reference to a string table", doc("45 4b 83 00 01 01"), /global token 0x83/, 6],
    ["a processing instruction", doc("43 05 01 45 01"), /global token 0x43/, 4],
    ["an extension", doc("45 4b c0 01 01"), /global token 0xc0/, 6],
    ["text as the root", doc("03 61 00"), /global token 0x03/, 4],
    ["END as the root", doc("01"), /global token 0x01/, 4],
    ["an unknown token of a known page", doc("45 3f 01"), /unknown token 0x3f in code page 0/, 5],
    ["an unknown root", doc("00 fe 45 01"), /unknown code page/, 4],
    ["text after an element", doc("45 13 03 61 00 01"), /text beside an element/, 6],
    ["an element after text", doc("45 03 61 00 13 01"), /element beside text/, 8],
    ["text after an unknown element", doc("45 00 fe 05 03 61 00 01"), /text beside/, 8],
    ["a missing END", doc("45 13"), /ends too early/, 6],
    ["a text without end", doc("45 4b 03 61 62"), /text without end/, 7],
    ["a long text without end", doc(`45 4b 03 ${"61".repeat(100)}`), /text without end/, 7],
    ["a second root", doc("05 05"), /after the root/, 5],
    ["bytes after the root", doc("45 01 00"), /after the root/, 6],
    ["a change of page at the end", doc("45 00"), /ends too early/, 6],
    ["an OPAQUE longer than the rest", doc("45 4b c3 03 61 62"), /OPAQUE without end/, 7],
    ["an OPAQUE of 4 GB", doc("45 4b c3 8f ff ff ff 7f 61"), /OPAQUE of more than/, 7],
    ["a length of 33 bits", doc("45 4b c3 9f ff ff ff 7f 61"), /more than 32 bits/, 7],
    ["a length of six bytes", doc("45 4b c3 80 80 80 80 80 01 61 01 01"), /more than 32 bits/, 7],
  ];
  for (const [what, document, problem, offset] of cases) {
    test(what, () => refuses(document, problem, offset));
  }

  test("every beginning of a document", () => {
    const whole = encode(el(
      "AirSync:Sync",
      el("Email:Subject", "Grüße"),
      el("Email2:ConversationId", Uint8Array.of(1, 2, 3)),
      el("AirSync:Collections", el("AirSync:Collection", el("AirSync:SyncKey", "7"))),
    ));
    for (let length = 0; length < whole.length; length++) {
      refuses(whole.subarray(0, length), /too early|without end/);
    }
  });
});

describe("decode() keeps to its limits:", () => {
  const small = { depth: 3, bytes: 40, opaque: 4, nodes: 5 };

  test("depth", () => {
    assert.ok(decode(doc("45 45 45 01 01 01"), small));
    refuses(doc("45 45 45 45 01 01 01 01"), /more than 3 levels/, undefined, small);
    refuses(doc("45".repeat(100_000)), /more than 32 levels/);
  });

  test("depth inside an unknown code page", () => {
    refuses(doc("45 00 fe" + "45".repeat(100_000)), /more than 32 levels/);
  });

  test("bytes", () => {
    refuses(new Uint8Array(41), /more than 40 bytes/, undefined, small);
  });

  test("the length of an OPAQUE", () => {
    assert.ok(decode(doc("45 4b c3 04 61 62 63 64 01 01"), small));
    refuses(doc("45 4b c3 05 61 62 63 64 65 01 01"), /more than 4 bytes/, 7, small);
  });

  test("elements and texts, those left out too", () => {
    assert.ok(decode(doc("45 13 13 13 13 01"), small));
    refuses(doc("45 13 13 13 13 13 01"), /more than 5 elements/, undefined, small);
    refuses(doc("45 00 fe 05 05 05 05 05 01"), /more than 5 elements/, undefined, small);
    refuses(doc(`45 ${"03 61 00".repeat(5)} 01`), /more than 5 elements/, undefined, small);
  });

  test("the defaults let pass a mail with attachments of 60 MB", () => {
    const mime = new Uint8Array(60 * 1024 * 1024);
    const document = encode(el("ComposeMail:SendMail", el("ComposeMail:Mime", mime)));
    assert.equal(decode(document).child("ComposeMail:Mime")?.bytes.length, mime.length);
    assert.ok(requestLimits.depth >= 11);
  });
});
