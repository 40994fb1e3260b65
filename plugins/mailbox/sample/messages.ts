// The messages of the sample mailbox: what a person's mail looks like, by invented people.
import type { Buffer } from "node:buffer";
import MailComposer from "nodemailer/lib/mail-composer";
import type { Address, Marks, Role } from "../api.ts";
import { headerDate } from "../header.ts";
import { invitation, pdf, sunset } from "./enclosures.ts";
import { foreign } from "./charsets.ts";

/** A message of the sample mailbox. */
export interface Sample {
  /** Unique in the sample. */
  readonly key: string;
  readonly folder: Role;
  /** How long ago it arrived, in hours. */
  readonly hours: number;
  readonly marks: Partial<Marks>;
  readonly mime: () => Promise<Uint8Array>;
}

type Options = ConstructorParameters<typeof MailComposer>[0];

const read = { read: true };
const hour = 3_600_000;

const ida = "Ida Lindqvist <ida@chorus.example>";
const omar = "Omar Haddad <omar@haddad.example>";
const grace = "Grace Okafor <grace@fieldnotes.example>";
const tom = "Tomáš Dvořák <tomas@dvorak.example>";

/** All of them, for the person who owns the mailbox. */
export function samples(owner: Address, now: number): Sample[] {
  const me = { name: owner.name, address: owner.address };
  const sample = (
    key: string,
    folder: Role,
    hours: number,
    marks: Partial<Marks>,
    options: Options,
  ): Sample => ({
    key,
    folder,
    hours,
    marks,
    mime: () => compose({ to: me, ...options }, key, now - hours * hour),
  });
  return [
    ...notes(sample),
    ...enclosed(sample, now, owner.address),
    ...thread(sample, me),
    ...own(sample, me),
    ...foreign(owner.address).map(({ key, hours, marks, mime }): Sample => ({
      key,
      folder: "inbox",
      hours,
      marks,
      mime: () => Promise.resolve(mime(headerDate(now - hours * hour), idOf(key))),
    })),
  ];
}

type Make = (
  key: string,
  folder: Role,
  hours: number,
  marks: Partial<Marks>,
  options: Options,
) => Sample;

function idOf(key: string): string {
  return `<${key}@sample.navette.example>`;
}

function compose(options: Options, key: string, date: number): Promise<Buffer> {
  const composer = new MailComposer({ date: new Date(date), messageId: idOf(key), ...options });
  return composer.compile().build();
}

function notes(sample: Make): Sample[] {
  return [
    sample("welcome", "inbox", 0.1, {}, {
      from: "Navette <hello@navette.example>",
      subject: "Welcome: this mailbox is full of samples",
      text: "Hello,\n\nthis mail came with your new server, together with some others, so that " +
        "there is something to look at.\n\nTry this:\n\n- open it on a phone and on a computer\n" +
        "- flag it here, and see the flag there\n- answer it, or delete it: nobody will mind\n\n" +
        "The people who wrote the other mails do not exist.\n",
      html: "<p>Hello,</p><p>this mail came with your new server, together with some others, so " +
        "that there is something to look at.</p><p>Try this:</p><ul><li>open it on a phone " +
        "<b>and</b> on a computer</li><li>flag it here, and see the flag there</li>" +
        "<li>answer it, or delete it: nobody will mind</li></ul>" +
        "<p><i>The people who wrote the other mails do not exist.</i></p>",
    }),
    sample("keys", "inbox", 5, {}, {
      from: omar,
      subject: "Your keys",
      text: "You left your keys on my kitchen table again. I am home until six; after that they " +
        "are under the third flower pot.\n\nOmar\n",
    }),
    sample("newsletter", "inbox", 20, {}, {
      from: "The Lighthouse Letter <letter@lighthouse.example>",
      subject: "The Lighthouse Letter: seven walks for short days",
      list: { unsubscribe: "https://lighthouse.example/leave", id: "letter.lighthouse.example" },
      headers: { Precedence: "bulk" },
      text: "Seven walks for short days. Read it at https://lighthouse.example/seven-walks\n",
      html: `<div style="font-family:sans-serif;max-width:480px"><h1>Seven walks</h1>` +
        `<img src="cid:sunset" alt="Sunset over the sea" width="96" height="64">` +
        `<p>The days are short, so these walks are too: none takes more than an hour, and each ` +
        `ends near something warm.</p><p><a href="https://lighthouse.example/seven-walks">` +
        `Read on</a></p><hr><small>You get this letter because you asked for it. ` +
        `<a href="https://lighthouse.example/leave">Leave</a></small></div>`,
      attachments: [{ filename: "sunset.png", content: sunset, cid: "sunset" }],
    }),
    sample("lottery", "junk", 30, {}, {
      from: "Prize Department <win@prizes.test>",
      subject: "You have WON a boat!!!",
      text: "Dear friend, a boat is waiting for you. Only the fee for the harbour is missing.\n",
    }),
  ];
}

function enclosed(sample: Make, now: number, owner: string): Sample[] {
  const rehearsal = Math.ceil(now / (24 * hour)) * 24 * hour + 5 * 24 * hour + 18 * hour;
  return [
    sample("invoice", "inbox", 50, { ...read, flag: { status: "active", type: "Follow up" } }, {
      from: "Brightwater Bicycles <office@brightwater.example>",
      subject: "Invoice 2207: new chain, two brake pads",
      text:
        "Good morning,\n\nyour bicycle is ready. The invoice is attached; you can pay when you " +
        "collect it.\n\nBrightwater Bicycles\n",
      attachments: [{ filename: "invoice-2207.pdf", content: pdf("Invoice 2207: 48.50") }],
    }),
    sample("pictures", "inbox", 75, { ...read, keywords: ["Holiday"] }, {
      from: grace,
      subject:
        "Three days at the coast 🌊🏖️: the light in the evening, the old boat, and the dog " +
        "that followed us all the way from the harbour to the lighthouse and back again",
      text: "Here are the first pictures. The dog is called Anchor, as we know by now.\n\nGrace\n",
      attachments: [
        { filename: "evening.png", content: sunset },
        { filename: "old boat (Ölförde).png", content: sunset },
      ],
    }),
    sample("invitation", "inbox", 3, {}, {
      from: ida,
      subject: "Choir: first rehearsal",
      text: "We start again! Please say whether you can come.\n\nIda\n",
      icalEvent: {
        method: "REQUEST",
        filename: "rehearsal.ics",
        content: invitation(rehearsal, now, "ida@chorus.example", owner),
      },
    }),
  ];
}

// Who wrote what, hours ago; "me" is the owner.
const talk: readonly (readonly [string, number, string])[] = [
  [grace, 170, "Who comes along on Sunday? I thought of the path above the river, about 14 km."],
  [tom, 168, "I do. Shall we take the early train? The later one is always full."],
  [omar, 160, "Early train is fine for me, if somebody brings coffee."],
  ["me", 150, "I bring coffee for everybody. Which platform?"],
  [tom, 149, "Platform 4, 7:42. There is one change, but they wait for each other."],
  [grace, 100, "The forecast says showers. We go anyway, don't we?"],
  [omar, 26, "Of course. I have a large umbrella and no principles."],
  [tom, 1.5, "Then it is settled: 7:42, platform 4, four people, one umbrella."],
];

function thread(sample: Make, me: { name: string; address: string }): Sample[] {
  const subject = "Sunday walk";
  return talk.map(([who, hours, text], at) => {
    const earlier = talk.slice(0, at).map((_, index) => idOf(`walk-${index}`));
    const last = talk[at - 1];
    const quoted = last ? `\n\n> ${last[2]}\n` : "\n";
    const others = [grace, tom, omar].filter((other) => other !== who);
    const mine = who === "me";
    const unread = at >= talk.length - 2;
    return sample(`walk-${at}`, mine ? "sent" : "inbox", hours, unread ? {} : read, {
      from: mine ? me : who,
      to: mine ? others : [me, ...others],
      subject: at === 0 ? subject : `Re: ${subject}`,
      ...(at > 0 && { inReplyTo: earlier.at(-1)!, references: earlier }),
      text: text + quoted,
    });
  });
}

/** What the owner wrote: one sent, one not finished. */
function own(sample: Make, me: { name: string; address: string }): Sample[] {
  return [
    sample("thanks", "sent", 48, read, {
      from: me,
      to: "Brightwater Bicycles <office@brightwater.example>",
      subject: "Re: Invoice 2207: new chain, two brake pads",
      inReplyTo: idOf("invoice"),
      references: idOf("invoice"),
      text: "Thank you, I come on Thursday.\n",
    }),
    sample("draft", "drafts", 8, { ...read, draft: true }, {
      from: me,
      to: ida,
      subject: "Songs for the summer",
      text: "Dear Ida,\n\nI have been thinking about the programme, and",
    }),
  ];
}
