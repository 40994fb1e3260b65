// The writer's own part of replies, as many mail programs and languages make them.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { processorTime } from "../../../../tests/kit.ts";
import { sample } from "../_sample.ts";
import { ownHtml, ownPart, ownText } from "./mod.ts";

const lines = (...text: string[]) => text.join("\r\n");

describe("ownText() leaves out the quote below", () => {
  const introductions = [
    "On Sun, Mar 1, 2026 at 9:00 AM Ben Bell <ben@example.com> wrote:",
    "On 1 Mar 2026, at 09:00, Ben Bell wrote:",
    "Am So., 1. März 2026 um 09:00 Uhr schrieb Ben Bell <ben@example.com>:",
    "Am 01.03.26 um 09:00 schrieb Ben Bell:",
    "Ben Bell <ben@example.com> schrieb am So. 1. März 2026 um 09:00:",
    "Le dim. 1 mars 2026 à 09:00, Ben Bell <ben@example.com> a écrit :",
    "El dom, 1 mar 2026 a las 9:00, Ben Bell (<ben@example.com>) escribió:",
    "Il giorno dom 1 mar 2026 alle ore 09:00 Ben Bell <ben@example.com> ha scritto:",
    "Em dom., 1 de mar. de 2026 às 09:00, Ben Bell <ben@example.com> escreveu:",
    "Op zo 1 mrt 2026 om 09:00 schreef Ben Bell <ben@example.com>:",
    "Den sön 1 mars 2026 kl 09:00 skrev Ben Bell <ben@example.com>:",
    "søn. 1. mar. 2026 kl. 09.00 skrev Ben Bell <ben@example.com>:",
    "su 1. maalisk. 2026 klo 9.00 Ben Bell <ben@example.com> kirjoitti:",
    "niedz., 1 mar 2026 o 09:00 Ben Bell <ben@example.com> napisał(a):",
    "ne 1. 3. 2026 v 9:00 odesílatel Ben Bell <ben@example.com> napsal:",
    "вс, 1 мар. 2026 г. в 09:00, Ben Bell <ben@example.com>:",
    "Ben Bell <ben@example.com>, 1 Mar 2026 Paz, 09:00 tarihinde şunu yazdı:",
    "Ben Bell <ben@example.com> 于2026年3月1日周日 09:00写道：",
    "2026년 3월 1일 (일) 오전 9:00, Ben Bell <ben@example.com>님이 작성:",
  ];
  for (const introduction of introductions) {
    it(introduction, () => {
      const own = lines("Yes, at noon.", "", "Ann");
      const text = lines(own, "", introduction, "> At noon?", ">", "> Ben", "");
      assert.equal(ownText(text), own);
    });
  }

  it("introduced over two lines, or not at all", () => {
    const own = "Yes.";
    const two = lines(
      own,
      "",
      "On Sun, Mar 1, 2026 at 9:00 AM Ben Bell",
      "<ben@example.com> wrote:",
    );
    assert.equal(ownText(lines(two, "", "> At noon?")), own);
    assert.equal(ownText(lines(own, "", "> At noon?", "> > Or later?")), own);
  });

  it("that an introduction is all that marks", () => {
    const introduction = "On Sun, Mar 1, 2026, Ben Bell <ben@example.com> wrote:";
    assert.equal(ownText(lines("Yes.", "", introduction, "", "At noon?")), "Yes.");
  });

  const heads = [
    ["-----Original Message-----", "From: Ben", "Sent: Sunday", "To: Ann", "Subject: Lunch"],
    [
      "________________________________",
      "Von: Ben",
      "Gesendet: Sonntag",
      "An: Ann",
      "Betreff: Mittag",
    ],
    ["De : Ben", "Envoyé : dimanche", "À : Ann", "Objet : Déjeuner"],
    ["*Da:* Ben", "*Inviato:* domenica", "*A:* Ann", "*Oggetto:* Pranzo"],
    ["差出人: Ben", "送信日時: 2026年3月1日", "宛先: Ann", "件名: 昼食"],
    ["От: Ben", "Отправлено: воскресенье", "Кому: Ann", "Тема: Обед"],
  ];
  for (const head of heads) {
    it(`below ${head.slice(0, 2).join(" ")}`, () => {
      const kept = ownText(lines("Yes.", "", ...head, "", "At noon?"));
      assert.match(kept, /^Yes\.(\r\n\r\n_+)?$/);
    });
  }
});

describe("ownText() keeps", () => {
  const whole = (name: string, text: string) => it(name, () => assert.equal(ownText(text), text));
  whole(
    "a text without quotes",
    lines("Dear Ann,", "From: here", "it is far.", "Ben wrote:", "hi"),
  );
  whole("answers between and below quotes", lines("> At noon?", "Yes.", "> Where?", "Here."));
  whole("a quote that nothing was said to", lines("> At noon?", "> Where?"));
  whole(
    "what is passed on",
    lines("See below.", "", "---------- Forwarded message ---------", "From: Ben", "> At noon?"),
  );
  it("own words above an introduction", () => {
    const own = lines("I called 555-1234 today.", "She said yes.");
    assert.equal(ownText(lines(own, "Am 01.03.26 schrieb Ben:", "> At noon?")), own);
    const said = lines("I called 555-1234 today.", "Then Ben wrote:");
    assert.equal(ownText(lines(said, "> At noon?")), said);
  });
});

describe("ownHtml() leaves out the quote of", () => {
  const cases: Record<string, [string, string]> = {
    Gmail: [
      `<div dir="ltr">Yes, <b>noon</b>.`,
      `<br></div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">` +
      `On Sun, Mar 1, Ben wrote:<br></div><blockquote class="gmail_quote">At noon?</blockquote></div>`,
    ],
    Thunderbird: [
      `<html><head><title>Re</title></head><body><p>Ja.`,
      `</p><div class="moz-cite-prefix">Am 01.03.26 um 09:00 schrieb Ben:<br></div>` +
      `<blockquote type="cite" cite="mid:1@example.com"><p>Um zwölf?</p></blockquote></body></html>`,
    ],
    "Apple Mail": [
      `<html><body><div>Oui.`,
      `</div><div><br><blockquote type="cite"><div>Le 1 mars 2026 à 09:00, Ben a écrit :</div><br>` +
      `<div>À midi ?</div></blockquote></div></body></html>`,
    ],
    "Outlook on the web": [
      `<div class="elementToProof">Yes.`,
      `</div><div id="appendonsend"></div><hr tabindex="-1" style="width:98%">` +
      `<div id="divRplyFwdMsg"><b>From:</b> Ben<br><b>Sent:</b> Sunday</div><div>At noon?</div>`,
    ],
    "Outlook for Windows": [
      `<div class="WordSection1"><p class="MsoNormal">Ja.`,
      `<o:p></o:p></p><div><div style="border:none;border-top:solid #E1E1E1 1.0pt"><p class="MsoNormal">` +
      `<b>Von:</b> Ben<br><b>Gesendet:</b> Sonntag<br><b>An:</b> Ann<br><b>Betreff:</b> Mittag</p></div>` +
      `</div><p class="MsoNormal">Um zwölf?</p></div>`,
    ],
    "a program that only indents": [
      `<p>Yes.`,
      `</p><p>On 1 Mar 2026, Ben wrote:</p><blockquote style="margin-left:1em">At noon?</blockquote>`,
    ],
    "GMX": [
      `<div>Ja.`,
      `</div><div name="quote" style="border-left:2px solid"><div><b>Gesendet:</b> So</div>Um 12?</div>`,
    ],
    "Yahoo": [
      `<div>Yes.`,
      `</div><div id="yahoo_quoted_1" class="yahoo_quoted"><div>On Sunday, Ben wrote:</div>At noon?</div>`,
    ],
    "the text of this server": [
      `<div>Yes.`,
      `</div><br>\r\n<div>On Sun, 01 Mar 2026 09:00 UTC, Ben &lt;ben@example.com&gt; wrote:</div>\r\n` +
      `<blockquote type="cite"><p>At noon?</p></blockquote>`,
    ],
  };
  for (const [name, [own, quote]] of Object.entries(cases)) {
    it(name, () => {
      const kept = ownHtml(own + quote);
      assert.ok(kept.startsWith(own), kept);
      assert.match(kept.slice(own.length), /^(?:<\/\w+>)*$/, "only what was open is closed");
    });
  }

  it("a picture of one's own stays, a beacon behind the quote does not keep it", () => {
    const quote = `<blockquote type="cite">At noon?</blockquote>`;
    assert.equal(
      ownHtml(`<div>Look:<br><img src="cid:1"></div>${quote}<img width="1" height="1">`),
      `<div>Look:<br><img src="cid:1"></div>`,
    );
  });
});

describe("ownHtml() keeps", () => {
  const whole = (name: string, html: string) => it(name, () => assert.equal(ownHtml(html), html));
  const quote = `<blockquote type="cite">At noon?</blockquote>`;
  whole("a page without quotes", `<p>From: here<br>To: there</p><style>blockquote{}</style>`);
  whole("answers below a quote", `${quote}<p>Yes.</p>`);
  whole("answers between quotes", `<p>Hi</p>${quote}<p>Yes.</p>`);
  whole("a quote alone", quote);
  whole("words that are only indented", `<p>As they say:</p><blockquote>Carpe diem</blockquote>`);
  whole(
    "what Gmail passes on",
    `<div>Look</div><div class="gmail_quote"><div class="gmail_attr">---------- Forwarded message ` +
      `---------<br>From: Ben</div>At noon?</div>`,
  );
});

describe("ownPart()", () => {
  const quoted = { content: "Yes.\r\n\r\n> At noon?\r\n", size: 22, truncated: false };
  const of = (mail: Parameters<typeof sample>[0]) =>
    ownPart(sample({ text: quoted, ...mail }).mail!);

  it("is HTML, also of a plain text", () => {
    assert.equal(of({ inReplyTo: ["m1"] }), "<html><body>Yes.</body></html>");
    assert.equal(of({ subject: "Re: Lunch" }), "<html><body>Yes.</body></html>");
  });

  it("is all of a mail that answers nothing, or passes something on", () => {
    assert.match(of({}), /At noon/);
    assert.match(of({ subject: "WG: Lunch", inReplyTo: ["m1"] }), /At noon/);
  });

  it("costs what the page is long, however it is made", async () => {
    const pages = [
      "<b>".repeat(300_000),
      "<div>".repeat(200_000) + "</x></b>".repeat(100_000),
      "<blockquote>x<br>".repeat(60_000),
      `Yes<blockquote type=cite>${"<p>x".repeat(200_000)}`,
      "From: x<br>".repeat(90_000),
      `${"-".repeat(1_000_000)}`,
      `<a b="${"&amp;".repeat(150_000)}">`,
    ];
    for (const page of pages) {
      const spent = await processorTime(() => ownHtml(page));
      assert.ok(spent < 1500, `${page.slice(0, 20)}: ${spent} ms`);
    }
  });
});
