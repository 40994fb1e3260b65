// Reading a message: headers in all forms, which texts are chosen, what is an attachment.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { assembleText, type ReadMail, readMail, scanBytes, threadTopic } from "./mod.ts";

/** Reads a message given as lines. */
function read(...lines: string[]): Promise<ReadMail> {
  return readBytes(mimeOf(...lines));
}

function mimeOf(...lines: string[]): Uint8Array {
  return Buffer.from(lines.join("\r\n"), "latin1");
}

function readBytes(mime: Uint8Array, limit = 1e6): Promise<ReadMail> {
  return readMail(scanBytes(mime), mime.length, limit, slices(mime));
}

function slices(mime: Uint8Array) {
  return (start: number, end: number) => Promise.resolve(mime.subarray(start, end));
}

/** A multipart of the given parts, each with its header lines and its body. */
function multipart(type: string, ...parts: [string, string][]): string[] {
  const boundary = `b${type.length}${parts.length}`;
  return [
    `Content-Type: multipart/${type}; boundary=${boundary}`,
    "",
    ...parts.flatMap(([header, body]) => [
      `--${boundary}`,
      header,
      "",
      body,
    ]),
    `--${boundary}--`,
    "",
  ];
}

const inside = (type: string, ...parts: [string, string][]): [string, string] => {
  const [header, , ...rest] = multipart(type, ...parts);
  return [header!, rest.join("\r\n")];
};

test("addresses are read in all forms that are around", async () => {
  const { facts } = await read(
    'From: "Doe, Jane (Sales)" <jane@example.com>',
    "To: a@x.example, B <b@x.example>,,  =?utf-8?q?C=C3=A9?= <c@x.example>, d@x.example (Dora)",
    "To: second.header@x.example",
    "Cc: Friends: e@x.example, F <f@x.example>;, undisclosed-recipients:;",
    "Bcc: <hidden@x.example>",
    "",
  );
  assert.deepEqual(facts.from, [{ name: "Doe, Jane (Sales)", address: "jane@example.com" }]);
  assert.deepEqual(facts.to, [
    { name: "", address: "a@x.example" },
    { name: "B", address: "b@x.example" },
    { name: "Cé", address: "c@x.example" },
    { name: "Dora", address: "d@x.example" },
    { name: "", address: "second.header@x.example" },
  ]);
  assert.deepEqual(facts.cc.map(({ address }) => address), ["e@x.example", "f@x.example"]);
  assert.deepEqual(facts.bcc, [{ name: "", address: "hidden@x.example" }]);
});

test("dates are read in all forms that are around", async () => {
  const noon = Date.UTC(2026, 2, 1, 12);
  const dates: [string, number | undefined][] = [
    ["Sun, 01 Mar 2026 13:00:00 +0100", noon],
    ["1 Mar 2026 12:00 GMT", noon],
    ["Sun,  1 Mar 2026 07:00:00 EST", noon],
    ["Sun, 1 Mar 2026 13:00:00 +0100 (CET)", noon],
    ["Sun, 1 Mar 2026 13:00:00 +0100 (Mitteleurop=?utf-8?Q?=C3=A4?=ische Zeit)", noon],
    ["Sun, 1 Mar 2026 12:00:00", noon],
    ["Sun, 1 Mar 2026 12:00:00 UT", noon],
    ["2026-03-01T12:00:00Z", noon],
    ["Sun, 1 Mar 26 12:00:00 +0000", noon],
    ["next week", undefined],
    ["", undefined],
  ];
  for (const [date, wanted] of dates) {
    assert.equal((await read(`Date: ${date}`, "")).facts.sent, wanted, date);
  }
});

test("importance is read from each of the fields that say it", async () => {
  const fields: [string, string][] = [
    ["Importance: High", "high"],
    ["Importance: low", "low"],
    ["X-Priority: 1 (Highest)", "high"],
    ["X-Priority: 3", "normal"],
    ["X-Priority: 5", "low"],
    ["X-MSMail-Priority: High", "high"],
    ["Priority: urgent", "high"],
    ["Priority: non-urgent", "low"],
    ["Importance: whatever", "normal"],
    ["X-Other: 1", "normal"],
  ];
  for (const [field, wanted] of fields) {
    assert.equal((await read(field, "")).facts.importance, wanted, field);
  }
});

test("a subject is one line, decoded, also from words that were cut in two", async () => {
  const { facts } = await read(
    "Subject: =?utf-8?B?4oKs?=",
    " =?utf-8?Q?uro_=E2=82?= =?utf-8?Q?=AC?=",
    "\tand plain",
    "",
  );
  assert.equal(facts.subject, "€uro € and plain");
  assert.equal(facts.threadTopic, threadTopic(facts.subject));
  assert.equal((await read("X: y", "")).facts.subject, "");
});

test("references keep their order, and a very long list its root and its latest", async () => {
  const ids = Array.from({ length: 300 }, (_, n) => `<${n}@x.example>`);
  const { facts } = await read(
    `References: ${ids.join("\r\n ")}`,
    "In-Reply-To: bare@x.example",
    "",
  );
  assert.equal(facts.references.length, 100);
  assert.deepEqual([facts.references[0], facts.references.at(-1)], [
    "0@x.example",
    "299@x.example",
  ]);
  assert.deepEqual(facts.inReplyTo, ["bare@x.example"]);
});

test("of an alternative the last HTML and the first plain text are the texts", async () => {
  const { text, html, facts } = await read(...multipart(
    "alternative",
    ["Content-Type: text/plain", "plain"],
    ["Content-Type: text/x-amp-html", "<amp>"],
    ["Content-Type: text/html", "<p>simple</p>"],
    inside("related", ["Content-Type: text/html", "<p>best</p>"], [
      "Content-Type: image/png\r\nContent-ID: <p>",
      "x",
    ]),
  ));
  assert.deepEqual([text?.content, html?.content], ["plain", "<p>best</p>"]);
  assert.deepEqual(facts.attachments.map(({ part }) => part), ["4.2"]);
});

test("texts that follow each other are joined, in both forms and with nothing lost", async () => {
  const { text, html } = await read(...multipart(
    "mixed",
    inside("alternative", ["Content-Type: text/plain", "Hello"], [
      "Content-Type: text/html",
      "<p>Hello</p>",
    ]),
    ["Content-Type: text/plain", "-- \r\nThe <list> footer"],
  ));
  assert.equal(text?.content, "Hello\r\n-- \r\nThe <list> footer");
  assert.match(
    html?.content ?? "",
    /^<p>Hello<\/p><pre[^>]*>-- \r\nThe &lt;list&gt; footer<\/pre>/,
  );
  const only = await read(
    ...multipart("mixed", ["Content-Type: text/html", "<p>Hi &amp; bye</p>"], [
      "Content-Type: text/plain",
      "footer",
    ]),
  );
  assert.equal(only.text?.content, "Hi & bye\r\nfooter");
});

test("a text with a name is a file unless it is all that there is", async () => {
  const named = "Content-Type: text/plain; name=notes.txt\r\nContent-Disposition: inline";
  const second = await read(
    ...multipart("mixed", ["Content-Type: text/plain", "see"], [named, "n"]),
  );
  assert.equal(second.text?.content, "see");
  assert.deepEqual(second.facts.attachments.map(({ name }) => name), ["notes.txt"]);
  const first = await read(named, "", "words");
  assert.equal(first.text?.content, "words");
  assert.deepEqual(first.facts.attachments, []);
  const attached = await read("Content-Disposition: attachment; filename=a.txt", "", "words");
  assert.equal(attached.text, undefined);
  assert.deepEqual(attached.facts.attachments.map(({ name, part }) => [name, part]), [[
    "a.txt",
    "1",
  ]]);
});

test("a bare invitation is an attachment, other unknown text is text", async () => {
  const invitation = await read(
    "Content-Type: text/calendar; method=REQUEST",
    "",
    "BEGIN:VCALENDAR",
  );
  assert.equal(invitation.text, undefined);
  assert.equal(invitation.facts.attachments[0]!.name, "invite.ics");
  assert.equal(invitation.facts.contentTypeParameters["method"], "REQUEST");
  const other = await read("Content-Type: text/markdown", "", "# words");
  assert.equal(other.text?.content, "# words");
});

test("names of attachments are safe to show and to save", async () => {
  const names: [string, string][] = [
    ['filename="../../etc/passwd"', "passwd"],
    ['filename="C:\\\\Users\\\\me\\\\plan.doc"', "plan.doc"],
    ["filename*=utf-8''a%2Fb%0D%0Ac.txt", "b c.txt"],
    ['filename="=?utf-8?Q?=C3=BC.pdf?="', "ü.pdf"],
    ["filename*0*=iso-8859-1''%FC; filename*1=ber.pdf", "über.pdf"],
    ["filename=Invoice(1).pdf", "Invoice(1).pdf"],
    [`filename="${"x".repeat(400)}.pdf"`, "x".repeat(255)],
    ["filename=", "attachment-1.pdf"],
  ];
  for (const [parameter, wanted] of names) {
    const { facts } = await read(
      "Content-Type: application/pdf",
      `Content-Disposition: attachment; ${parameter}`,
      "",
      "x",
    );
    assert.equal(facts.attachments[0]!.name, wanted, parameter);
  }
});

test("a part that does not say what it is, or says it wrongly, is told by its name", async () => {
  const types: [string, string][] = [
    ['Content-Disposition: attachment; filename="a.pdf"', "application/pdf"],
    ["Content-Disposition: attachment", "application/octet-stream"],
    ['Content-Type: pdf; name="b.PNG"', "image/png"],
    ["Content-Type: IMAGE/Jpeg ; name=c", "image/jpeg"],
  ];
  for (const [header, wanted] of types) {
    assert.equal((await read(header, "", "x")).facts.attachments[0]!.type, wanted, header);
  }
});

test("sizes of attachments are those of the decoded files", async () => {
  for (const size of [0, 1, 2, 3, 57, 58, 5000, 100_000]) {
    const file = Buffer.alloc(size, "some words, ");
    const folded = file.toString("base64").replace(/.{76}/g, "$&\r\n");
    for (const encoded of [folded, folded + "\r\n", file.toString("base64")]) {
      const { facts } = await read(
        "Content-Type: application/zip",
        "Content-Transfer-Encoding: base64",
        "",
        encoded,
      );
      const error = Math.abs(facts.attachments[0]!.size - size);
      assert.ok(error <= Math.max(2, size * 0.03), `${size}: ${facts.attachments[0]!.size}`);
    }
  }
});

test("a text beyond the limit is cut, and the whole of it can be had later", async () => {
  const words = "größer als man denkt, ".repeat(4000);
  const mime = Buffer.from(`Content-Type: text/plain; charset=utf-8\r\n\r\n${words}`);
  const { text, places } = await readBytes(mime, 1000);
  const size = Buffer.byteLength(words);
  assert.ok(Buffer.byteLength(text!.content) <= 1000 && text!.truncated);
  assert.ok(Math.abs(text!.size - size) < size * 0.05, `${text!.size} of ${size}`);
  const whole = await assembleText(places.bodies, "text", Infinity, slices(mime));
  assert.deepEqual(whole, { content: words, size, truncated: false });
});

test("nothing is shown behind what was left out of a text", async () => {
  const mime = mimeOf(...multipart(
    "mixed",
    ["Content-Type: text/plain; charset=utf-8", "\xf0\x9f\x98\x80".repeat(4000)],
    ["Content-Type: text/plain", "behind it"],
  ));
  const { text } = await readBytes(mime, 103);
  assert.deepEqual([text!.content, text!.truncated], ["😀".repeat(25), true]);
});

test("a text that is made of HTML is as long as is wanted, where there is as much", async () => {
  const styles = `<style>${"p { color: red }\r\n".repeat(500)}</style>`;
  const words = "<p>words and more</p>\r\n".repeat(2000);
  const mime = mimeOf(...multipart(
    "mixed",
    ["Content-Type: text/html", `<html>${styles}<body>${words}</body></html>`],
    ["Content-Type: text/plain", "footer"],
  ));
  const whole = (await readBytes(mime, Infinity)).text!;
  for (const limit of [0, 7, 100, 1000, 5000]) {
    const { text } = await readBytes(mime, limit);
    assert.deepEqual([text!.content, text!.truncated], [whole.content.slice(0, limit), true]);
  }
});

test("half of an escape at the end of what was read spoils no charset", async () => {
  const mime = mimeOf(
    "Content-Type: text/plain",
    "Content-Transfer-Encoding: quoted-printable",
    "",
    "=C3=BC".repeat(5000),
  );
  for (let limit = 1000; limit < 1012; limit++) {
    const { text } = await readBytes(mime, limit);
    assert.equal(text!.content, "ü".repeat(Math.floor(limit / 2)), `${limit}`);
  }
});

test("each field of a header has a charset of its own", async () => {
  const { facts } = await read(
    "Subject: Gr\xc3\xbc\xc3\x9fe",
    "From: J\xfcrgen",
    " M\xfcller <j@x.example>",
    "",
  );
  assert.deepEqual([facts.subject, facts.from[0]!.name], ["Grüße", "Jürgen Müller"]);
});

test("HTML names its own charset where its header does not", async () => {
  const page = '<html><head><meta http-equiv="Content-Type" content="text/html; charset=koi8-r">' +
    "</head><body>\xf0\xd2\xc9</body></html>";
  assert.match((await read("Content-Type: text/html", "", page)).html!.content, /При/);
});

test("where a message cannot be understood the reason is told, and its parts can still be had", async () => {
  const mime = Buffer.from("Subject: x\r\n\r\nbody");
  const root = scanBytes(mime);
  Object.defineProperty(root, "params", {
    get: () => {
      throw new Error("what is this");
    },
  });
  const mail = await readMail(root, mime.length, 100, slices(mime));
  assert.equal(mail.problem, "The message cannot be read: what is this");
  assert.deepEqual([mail.facts.subject, mail.facts.size], ["", mime.length]);
  assert.deepEqual(mail.places.parts.map(({ number }) => number), ["1"]);
});

test("where the bytes cannot be had now, that is no property of the message", async () => {
  const mime = Buffer.from("Subject: x\r\n\r\nbody");
  const unreachable = () => Promise.reject(new Error("storage unreachable"));
  await assert.rejects(readMail(scanBytes(mime), mime.length, 100, unreachable), /unreachable/);
});

test("a hostile header or page takes no more than linear time", async () => {
  const started = performance.now();
  const fillings = [
    "(",
    "<",
    '"',
    "=?utf-8?Q?a?= ",
    ",",
    ";",
    "a=b;",
    "x*0=y;",
    "\\",
    " ",
    "\n ",
    "Re: ",
  ];
  for (
    const field of ["Content-Type: text/plain; ", "From: ", "Subject: ", "References: ", "Date: "]
  ) {
    for (const filling of fillings) {
      const mail = await read(field + filling.repeat(250_000 / filling.length), "", "body");
      assert.equal(mail.problem, undefined);
    }
  }
  for (const filling of ["<a>", "<", "<table>", "<div style='", "&amp;", "<!--"]) {
    await read("Content-Type: text/html", "", filling.repeat(1_000_000 / filling.length));
  }
  assert.ok(performance.now() - started < 40_000);
});
