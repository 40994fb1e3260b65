// Bodies: which kind, how much, and what is read for it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Leaf } from "../wbxml/element.ts";
import { broken, collect, holding, htmlSample, sample, shown } from "./_sample.ts";
import { bodyBytes, bodyElement, chooseBody, wantedOf } from "./body.ts";
import { type BodyPreference, type ItemOptions, noOptions } from "./options.ts";
import { processorTime } from "../../../tests/kit.ts";

const nowhere = holding("");
const prefer = (...bodyPreferences: BodyPreference[]): ItemOptions => ({
  bodyPreferences,
  mimeSupport: 0,
});
const body = (item: Parameters<typeof chooseBody>[0], options: ItemOptions) =>
  shown(bodyElement(chooseBody(item, options, nowhere)));

const both = sample({
  native: "html",
  text: { content: "Hello", size: 5, truncated: false },
  html: { content: "<p>Hello</p>", size: 12, truncated: false },
});

test("without a preference a device gets text", () => {
  assert.equal(
    body(sample(), noOptions),
    "Body(Type=1 EstimatedDataSize=10 Data=At noon?\r\n)",
  );
  assert.equal(
    body(htmlSample("<p>Hi</p>"), noOptions),
    "Body(Type=1 EstimatedDataSize=2 Data=Hi)",
  );
});

test("the preference that matches the native type wins, whatever its place", () => {
  const options = prefer({ type: 1 }, { type: 2 });
  assert.equal(body(both, options), "Body(Type=2 EstimatedDataSize=12 Data=<p>Hello</p>)");
  assert.equal(
    body(sample(), prefer({ type: 2 }, { type: 1 })),
    "Body(Type=1 EstimatedDataSize=10 Data=At noon?\r\n)",
  );
});

test("a device that takes only text gets the sender's own text before a converted one", () => {
  assert.equal(body(both, prefer({ type: 1 })), "Body(Type=1 EstimatedDataSize=5 Data=Hello)");
});

test("a device that takes only HTML gets the text as HTML", () => {
  const item = sample({ text: { content: "a < b\r\n", size: 7, truncated: false } });
  assert.equal(
    body(item, prefer({ type: 2 })),
    "Body(Type=2 EstimatedDataSize=40 Data=<html><body>a &lt; b<br>\r\n</body></html>)",
  );
});

test("RTF is never sent, and MIME not without MIMESupport", () => {
  assert.equal(body(both, prefer({ type: 3 })), "Body(Type=1 EstimatedDataSize=5 Data=Hello)");
  assert.equal(body(both, prefer({ type: 4 })), "Body(Type=1 EstimatedDataSize=5 Data=Hello)");
});

test("a mail without text has an empty body of size 0", () => {
  const item = sample({ text: undefined });
  assert.equal(body(item, noOptions), "Body(Type=1 EstimatedDataSize=0)");
  assert.equal(body(item, prefer({ type: 2 })), "Body(Type=2 EstimatedDataSize=0)");
});

test("a truncated body tells its whole size", () => {
  const item = sample({ text: { content: "Grüße aus Köln", size: 17, truncated: false } });
  assert.equal(
    body(item, prefer({ type: 1, truncationSize: 6 })),
    "Body(Type=1 EstimatedDataSize=17 Truncated=1 Data=Grüß)",
  );
  assert.equal(
    body(item, prefer({ type: 1, truncationSize: 0 })),
    "Body(Type=1 EstimatedDataSize=17 Truncated=1)",
  );
  assert.equal(
    body(item, prefer({ type: 1, truncationSize: 17 })),
    "Body(Type=1 EstimatedDataSize=17 Data=Grüße aus Köln)",
  );
});

test("what the mailbox has cut already counts as truncated", () => {
  const text = sample({ text: { content: "12345", size: 9000, truncated: true } });
  assert.equal(
    body(text, prefer({ type: 1, truncationSize: 5 })),
    "Body(Type=1 EstimatedDataSize=9000 Truncated=1 Data=12345)",
  );
  const html = htmlSample("", { html: { content: "<p>Hi <b", size: 9000, truncated: true } });
  assert.equal(
    body(html, prefer({ type: 2, truncationSize: 8 })),
    "Body(Type=2 EstimatedDataSize=9000 Truncated=1 Data=<p>Hi )",
  );
  assert.equal(
    body(html, prefer({ type: 1, truncationSize: 8 })),
    "Body(Type=1 EstimatedDataSize=2250 Truncated=1 Data=Hi)",
  );
});

test("AllOrNone passes on to the next preference, or sends no data", () => {
  const whole: BodyPreference = { type: 2, truncationSize: 8, allOrNone: true };
  assert.equal(
    body(both, prefer(whole, { type: 1 })),
    "Body(Type=1 EstimatedDataSize=5 Data=Hello)",
  );
  assert.equal(body(both, prefer(whole)), "Body(Type=2 EstimatedDataSize=12 Truncated=1)");
  assert.equal(
    body(both, prefer({ ...whole, truncationSize: 12 })),
    "Body(Type=2 EstimatedDataSize=12 Data=<p>Hello</p>)",
  );
  assert.equal(
    body(both, prefer({ type: 2, allOrNone: true })),
    "Body(Type=2 EstimatedDataSize=12 Data=<p>Hello</p>)",
    "it means nothing without a TruncationSize",
  );
});

test("a preview goes with HTML and with text that is not sent, not with text", () => {
  const item = { ...both, mail: { ...both.mail!, preview: "Hello \u{1f600}!" } };
  assert.equal(
    body(item, prefer({ type: 2, truncationSize: 3, preview: 7 })),
    "Body(Type=2 EstimatedDataSize=12 Truncated=1 Data=<p> Preview=Hello \u{1f600})",
  );
  assert.equal(
    body(item, prefer({ type: 1, preview: 7 })),
    "Body(Type=1 EstimatedDataSize=5 Data=Hello)",
  );
  assert.equal(
    body(item, prefer({ type: 1, truncationSize: 0, preview: 3 })),
    "Body(Type=1 EstimatedDataSize=5 Truncated=1 Preview=Hel)",
  );
  assert.equal(
    body(item, prefer({ type: 2, preview: 0 })),
    "Body(Type=2 EstimatedDataSize=12 Data=<p>Hello</p>)",
  );
});

test("an item that cannot be read says so and why", () => {
  const { data, type } = chooseBody(broken, prefer({ type: 4 }, { type: 2 }), nowhere);
  assert.equal(type, 2);
  assert.match(String(data), /The message ends in its header<br>/);
  assert.match(String(data), /attached as message\.eml/);
});

const mime = "Subject: x\r\n\r\nHello\r\n";
const asMime = (size: number, contentType = "text/plain", protocol = "") =>
  sample({ size, contentType, contentTypeParameters: { protocol } });

test("MIMESupport 2 brings all mail as MIME, piece by piece", async () => {
  const options: ItemOptions = { bodyPreferences: [{ type: 1 }, { type: 4 }], mimeSupport: 2 };
  const chosen = chooseBody(asMime(mime.length), options, holding(mime));
  const element = bodyElement(chosen);
  assert.equal(shown(element), `Body(Type=4 EstimatedDataSize=${mime.length} Data=<stream>)`);
  const data = element.child("AirSyncBase:Data")?.value;
  assert.ok(data instanceof Leaf);
  assert.equal(await collect(data.pieces), mime);
});

test("MIMESupport 1 brings only S/MIME as MIME", () => {
  const options: ItemOptions = { bodyPreferences: [{ type: 1 }, { type: 4 }], mimeSupport: 1 };
  assert.equal(chooseBody(asMime(22), options, nowhere).type, 1);
  const signed = asMime(22, "multipart/signed", "application/pkcs7-signature");
  assert.equal(chooseBody(signed, options, nowhere).type, 4);
  assert.equal(chooseBody(signed, { ...options, bodyPreferences: [] }, nowhere).type, 4);
  assert.equal(chooseBody(signed, { ...options, mimeSupport: 0 }, nowhere).type, 1);
  assert.equal(chooseBody(asMime(22, "application/pkcs7-mime"), options, nowhere).type, 4);
  const pgp = asMime(22, "multipart/signed", "application/pgp-signature");
  assert.equal(chooseBody(pgp, options, nowhere).type, 1);
});

test("MIME is cut by the smaller of TruncationSize and MIMETruncation", async () => {
  const long = `Subject: x\r\n\r\n${"0123456789".repeat(1000)}\r\n`;
  const cut = async (truncationSize: number | undefined, mimeTruncation: number | undefined) => {
    const options: ItemOptions = {
      bodyPreferences: [{ type: 4, ...(truncationSize === undefined ? {} : { truncationSize }) }],
      mimeSupport: 2,
      ...(mimeTruncation === undefined ? {} : { mimeTruncation }),
    };
    const element = bodyElement(chooseBody(asMime(long.length), options, holding(long)));
    const data = element.child("AirSyncBase:Data")?.value;
    return [
      element.textOf("AirSyncBase:Truncated"),
      data instanceof Leaf ? (await collect(data.pieces)).length : undefined,
    ];
  };
  assert.deepEqual(await cut(100, 4096), ["1", 100]);
  assert.deepEqual(await cut(9000, 4096), ["1", 4096]);
  assert.deepEqual(await cut(undefined, undefined), [undefined, long.length]);
  assert.deepEqual(await cut(0, undefined), ["1", undefined]);
});

test("AllOrNone holds for MIME too", () => {
  const preference: BodyPreference = { type: 4, truncationSize: 10, allOrNone: true };
  const options: ItemOptions = { bodyPreferences: [preference], mimeSupport: 2 };
  assert.equal(
    shown(bodyElement(chooseBody(asMime(22), options, nowhere))),
    "Body(Type=4 EstimatedDataSize=22 Truncated=1)",
  );
  const next = { ...options, bodyPreferences: [preference, { type: 1 as const }] };
  assert.equal(chooseBody(asMime(22), next, nowhere).type, 1);
});

test("in a multipart answer the body says which part has its data", async () => {
  const chosen = chooseBody(sample(), noOptions, nowhere);
  assert.equal(shown(bodyElement(chosen, 2)), "Body(Type=1 EstimatedDataSize=10 Part=2)");
  assert.equal(await collect(bodyBytes(chosen)), "At noon?\r\n");
  const raw = new Uint8Array([0x41, 0xfc, 0x00, 0x42]);
  const options: ItemOptions = {
    bodyPreferences: [{ type: 4, truncationSize: 3 }],
    mimeSupport: 2,
  };
  const chunks: number[] = [];
  for await (const chunk of bodyBytes(chooseBody(asMime(4), options, holding(raw, 2)))) {
    chunks.push(...chunk);
  }
  assert.deepEqual(chunks, [0x41, 0xfc, 0x00], "bytes as they arrived, cut");
});

test("wantedOf() asks for no more than the device takes", () => {
  assert.deepEqual(
    wantedOf(prefer({ type: 1, truncationSize: 500 }, { type: 2, truncationSize: 9 })),
    {
      text: 500,
      html: 9,
      enough: "native",
      preview: false,
    },
  );
  const text = wantedOf(prefer({ type: 1, truncationSize: 500 }));
  assert.equal(text.text, 500);
  assert.equal(text.enough, "text");
  assert.ok(text.html! >= 500, "text may have to be made from HTML");
  assert.deepEqual(wantedOf({ bodyPreferences: [{ type: 4 }], mimeSupport: 2 }), {
    preview: false,
  });
  assert.equal(wantedOf(prefer({ type: 1, preview: 50 })).preview, undefined);
  assert.equal(wantedOf(noOptions).text, Number.MAX_SAFE_INTEGER);
});

test("a huge HTML body without end tags becomes text in time", async () => {
  const html = `<html><head><style>${"a{}".repeat(300_000)}</style></head>${
    "<div>word &amp; ".repeat(200_000)
  }`;
  const took = await processorTime(() => {
    const { data } = chooseBody(htmlSample(html), prefer({ type: 1, truncationSize: 20 }), nowhere);
    assert.match(String(data), /^\s*word & word/);
    const deep = chooseBody(htmlSample("<b>".repeat(100_000) + "x"), prefer({ type: 1 }), nowhere);
    assert.ok(typeof deep.data === "string" || deep.data === undefined);
  });
  assert.ok(took < 5000);
});
