// Bodies in 2.5: chosen as for every version, written in another form.
import assert from "node:assert/strict";
import { test } from "node:test";
import { el, type Element, Leaf } from "../wbxml/element.ts";
import { ann, broken, collect, holding, htmlSample, sample, shown } from "./_sample.ts";
import { chooseBody, wantedOf } from "./body.ts";
import { legacyBody } from "./legacy_body.ts";
import { mailItem } from "./mail_item.ts";
import { noOptions, readOptions } from "./options.ts";

const mime = "Subject: Lunch\r\n\r\nAt noon?\r\n";
const options = (...children: Element[]) => readOptions(el("AirSync:Options", ...children), "2.5");
const truncation = (code: number) => el("AirSync:Truncation", code);
const support = (code: number) => el("AirSync:MIMESupport", code);
const body = (item = sample(), wanted = options()) => chooseBody(item, wanted, holding(mime));
const line = (item = sample(), wanted = options()) => legacyBody(body(item, wanted)).map(shown);

test("text stands in the mail itself, with its size and whether it was cut", () => {
  assert.deepEqual(line(), ["BodyTruncated=0", "BodySize=10", "Body=At noon?\r\n"]);
  const long = "ä".repeat(600);
  const text = { content: long, size: 1200, truncated: false };
  const [truncated, size, content] = line(sample({ text }), options(truncation(1)));
  assert.deepEqual([truncated, size], ["BodyTruncated=1", "BodySize=1200"]);
  assert.equal(content, `Body=${"ä".repeat(256)}`);
});

test("Truncation 0 brings no text at all, but says that there is some", () => {
  assert.deepEqual(line(sample(), options(truncation(0))), ["BodyTruncated=1", "BodySize=10"]);
});

test("an HTML mail goes as text: 2.5 shows nothing else", () => {
  const item = htmlSample("<p>At <b>noon</b>?</p>");
  assert.deepEqual(line(item), ["BodyTruncated=0", "BodySize=8", "Body=At noon?"]);
  // Options that were kept since the device spoke a newer version.
  const kept = { ...noOptions, bodyPreferences: [{ type: 2 }] } as const;
  assert.equal(line(item, kept).at(-1), "Body=At noon?");
  assert.equal(wantedOf(options()).enough, "text");
});

test("MIME goes with MIMESupport 2, and with 1 where the mail is signed or encrypted", async () => {
  const data = async (item = sample(), wanted = options()) => {
    const elements = legacyBody(body(item, wanted));
    const last = elements.at(-1)!;
    assert.ok(last.value instanceof Leaf);
    return [...elements.slice(0, -1).map(shown), last.tag, await collect(last.value.pieces)];
  };
  assert.deepEqual(await data(sample(), options(support(2))), [
    "MIMETruncated=0",
    "MIMESize=400",
    "Email:MIMEData",
    mime,
  ]);
  const sealed = sample({ contentType: "application/pkcs7-mime" });
  assert.equal((await data(sealed, options(support(1)))).at(-1), mime);
  assert.equal(line(sample(), options(support(1))).at(-1), "Body=At noon?\r\n");
  assert.equal(line(sealed, options(support(0))).at(-1), "Body=At noon?\r\n");
});

test("MIMETruncation cuts MIME, Truncation does not", async () => {
  const large = sample({ size: 9000 });
  const cut = (...children: Element[]) => legacyBody(body(large, options(support(2), ...children)));
  assert.deepEqual(cut(el("AirSync:MIMETruncation", 0)).map(shown), [
    "MIMETruncated=1",
    "MIMESize=9000",
  ]);
  const [truncated, , data] = cut(el("AirSync:MIMETruncation", 1));
  assert.equal(shown(truncated!), "MIMETruncated=1");
  assert.ok(data?.value instanceof Leaf);
  assert.equal(await collect(data.value.pieces), mime);
  assert.equal(shown(cut(truncation(0))[0]!), "MIMETruncated=0");
});

test("a whole mail in 2.5 has nothing of AirSyncBase, and a stub is readable as well", () => {
  const call = { version: "2.5", account: ann, mailbox: holding(mime) } as const;
  for (const item of [sample(), broken]) {
    const { fields } = mailItem(item, options(), call);
    assert.ok(fields.some(({ tag }) => tag === "Email:Body"));
    assert.deepEqual(fields.filter(({ tag }) => !tag.startsWith("Email:")), []);
  }
});
