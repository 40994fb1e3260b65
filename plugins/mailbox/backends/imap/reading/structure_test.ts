// What servers write into BODYSTRUCTURE becomes the parts that a scan of the message would find.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { leaves, sortParts } from "../../../mime/mod.ts";
import type { Token } from "../connections/raw.ts";
import { readStructure, sectionOf } from "./structure.ts";

/** Reads a list as servers write it. */
function tokens(text: string): Token {
  const words = [...text.matchAll(/\(|\)|"((?:[^"\\]|\\.)*)"|[^\s()"]+/g)];
  let at = 0;
  const read = (): Token => {
    const [word, quoted] = words[at++]!;
    if (word !== "(") {
      if (word === "NIL") return null;
      return {
        type: "STRING",
        value: quoted === undefined ? word : quoted.replace(/\\(.)/g, "$1"),
      };
    }
    const list: Token[] = [];
    while (words[at]![0] !== ")") list.push(read());
    at++;
    return list;
  };
  return read();
}

const none = new Uint8Array(0);
const partsOf = (text: string, header = "") =>
  leaves(readStructure(tokens(text), header ? Buffer.from(header) : none, 1000));

test("parts have their numbers, types, names and places", () => {
  const parts = partsOf(
    `((("text" "plain" ("charset" "utf-8" "format" "flowed") NIL NIL "7bit" 10 1 NIL NIL NIL NIL)` +
      `("text" "html" NIL NIL NIL "quoted-printable" 20 1) "alternative" ("boundary" "a") NIL NIL)` +
      `("image" "png" ("name*" "utf-8''gr%C3%BCn.png") "<one@x>" NIL "base64" 100 NIL ("inline" NIL) NIL "http://x/ y")` +
      `("application" "pdf" NIL NIL NIL "base64" 40 NIL ("attachment" ("filename" "a \\"b\\\\c\\".pdf")) NIL) ` +
      `"mixed" ("boundary" "b") NIL NIL)`,
  );
  const told = parts.map((part) => [part.number, part.type, part.name, part.end - part.start]);
  assert.deepEqual(told, [
    ["1.1", "text/plain", "", 10],
    ["1.2", "text/html", "", 20],
    ["2", "image/png", "grün.png", 100],
    ["3", "application/pdf", 'c".pdf', 40],
  ]);
  assert.equal(parts[0]!.params["format"], "flowed");
  assert.deepEqual(
    [parts[2]!.contentId, parts[2]!.disposition, parts[2]!.contentLocation],
    ["one@x", "inline", "http://x/y"],
  );
  assert.ok(parts.every((part, at) => at === 0 || part.start === parts[at - 1]!.end));
});

test("an embedded message is one part, with its subject", () => {
  const [first, message, last] = partsOf(
    `(("text" "plain" NIL NIL NIL "7bit" 1 1)("message" "rfc822" NIL NIL NIL "7bit" 300 ` +
      `("date" "=?utf-8?Q?f=C3=BCr?=" NIL NIL NIL NIL NIL NIL NIL NIL) ` +
      `(("text" "plain" NIL NIL NIL "7bit" 5 1)("image" "gif" NIL NIL NIL "base64" 5) "mixed") 9 ` +
      `NIL ("attachment" ("filename" "x.eml")))("text" "csv" NIL NIL NIL "7bit" 2 1) "mixed")`,
  );
  assert.equal(first!.number, "1");
  assert.deepEqual([message!.number, message!.type, message!.name], [
    "2",
    "message/rfc822",
    "x.eml",
  ]);
  assert.deepEqual(message!.told, { size: 300, subject: "=?utf-8?Q?f=C3=BCr?=" });
  assert.equal(last!.number, "3");
});

test("an embedded message's subject may be in any charset", () => {
  for (const subject of [Buffer.from("Grüße"), Buffer.from("Grüße", "latin1")]) {
    const structure = [
      ...["message", "rfc822", null, null, null, "7bit", "9"],
      [null, { type: "STRING", value: subject }],
      ["text", "plain", null, null, null, "7bit", "5", "1"],
      "3",
    ] as Token;
    const [part] = leaves(readStructure(structure, none, 1000));
    assert.equal(part!.told!.subject, "Grüße");
  }
});

test("texts without their number of lines are understood", () => {
  const short =
    `("text" "plain" ("charset" "x") NIL NIL "7bit" 5 NIL ("attachment" ("filename" "n.txt")) NIL NIL)`;
  const [part] = partsOf(`(${short} "mixed")`);
  assert.deepEqual([part!.disposition, part!.name], ["attachment", "n.txt"]);
});

test("a message's own header goes before what the server made of it", () => {
  const structure = `("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 5 1)`;
  const [part] = partsOf(
    structure,
    "Content-Type: text/html; charset=koi8-r\r\nSubject: x\r\n\r\n",
  );
  assert.deepEqual([part!.type, part!.params["charset"]], ["text/html", "koi8-r"]);
  const [other] = partsOf(structure, "Content-Type: multipart/mixed; boundary=b\r\n\r\n");
  assert.equal(other!.type, "text/plain", "but not about whether it has parts");
  const root = readStructure(tokens(structure), none, 1000);
  assert.equal(sectionOf(root, root), "TEXT");
});

test("a multipart without parts is the text that it is", () => {
  for (
    const structure of [
      `(("text" "plain" NIL NIL NIL "7bit" 0 0) "mixed" NIL NIL NIL)`,
      `(("text" "plain" NIL NIL NIL "7bit" 0 0 NIL NIL NIL NIL) "mixed" NIL NIL NIL)`,
      // As Cyrus has it.
      `("TEXT" "PLAIN" ("CHARSET" "us-ascii") NIL NIL "7BIT" 0 0 NIL NIL NIL NIL)`,
    ]
  ) {
    const [part] = partsOf(structure, "Content-Type: multipart/mixed\r\n\r\n");
    assert.deepEqual([part!.number, part!.type, part!.start, part!.end], [
      "1",
      "text/plain",
      0,
      1000,
    ]);
  }
});

test("what a related multipart starts with may be a multipart, whose id nobody tells", () => {
  const structure = `(("text" "html" NIL "<frame@x>" NIL "7bit" 40 1)` +
    `(("text" "plain" NIL NIL NIL "7bit" 4 1)("text" "html" NIL NIL NIL "7bit" 9 1) "alternative")` +
    ` "related" ("start" "<root@x>"))`;
  const root = readStructure(tokens(structure), none, 1000);
  const { bodies, attachments } = sortParts(root);
  assert.deepEqual(
    bodies.map(({ plain, html }) => [...plain, ...html].map((part) => part.number)),
    [
      ["2.1", "2.2"],
    ],
  );
  assert.deepEqual(attachments.map(({ number }) => number), ["1"]);
});

test("a multipart whose only part is empty shows nothing", () => {
  for (
    const told of [
      `("charset" "utf-8") NIL NIL "7bit" 0 0`,
      `("charset" "us-ascii") NIL NIL "7bit" 0 0 NIL ("inline" NIL) NIL NIL`,
      `("charset" "us-ascii") "<a@b>" NIL "7bit" 0 0`,
      `("charset" "us-ascii" "format" "flowed") NIL NIL "7bit" 0 0`,
    ]
  ) {
    const structure = `(("text" "plain" ${told}) "mixed" NIL NIL NIL)`;
    const [part] = partsOf(structure, "Content-Type: multipart/mixed; boundary=b\r\n\r\n");
    assert.deepEqual([part!.number, part!.end], ["1", 0], told);
  }
});

test("nonsense becomes some part, and costs no more than its length", () => {
  const deep = "(".repeat(200) + `"text" "plain"` + ")".repeat(200);
  const wide = `(${`("a" "b" NIL NIL NIL "7bit" 1)`.repeat(5000)} "mixed")`;
  const texts = [
    "NIL",
    "()",
    "(NIL)",
    `("text")`,
    `(("text") NIL)`,
    `("a" "b" "c" 1 2 3 4 5 6)`,
    deep,
  ];
  for (const text of texts) assert.ok(partsOf(text).length >= 1, text.slice(0, 40));
  assert.equal(partsOf(wide).length, 2000);
  const [odd] = partsOf(`("text" "plain" ("a\r\nSubject: x" "b\r\nTo: y") NIL NIL "7bit" -5 1)`);
  assert.equal(odd!.end, 0);
  assert.equal(odd!.header.get("to"), undefined);
});
