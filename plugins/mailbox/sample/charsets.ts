// Sample messages as other mail programs of the world write them: old charsets, 8-bit bodies.
import { Buffer } from "node:buffer";
import type { Marks } from "../api.ts";

/** A message in bytes that no composer of today would write. */
export interface ForeignSample {
  readonly key: string;
  readonly hours: number;
  readonly marks: Partial<Marks>;
  mime(date: string, messageId: string): Uint8Array;
}

interface Letter {
  readonly from: string;
  readonly subject: string;
  readonly charset: string;
  readonly encoding: "base64" | "7bit" | "8bit";
  /** The body in that charset, as base64. */
  readonly body: string;
}

const read = { read: true };

/** Each letter under its key, with its age in hours and its marks. */
const letters: readonly (readonly [string, number, Partial<Marks>, Letter])[] = [
  // Japanese in UTF-8: notes of a meeting.
  ["japanese", 12, {}, {
    from: '"=?utf-8?B?6auY5qmL576O5ZKy?=" <misaki@hanami.example>',
    subject: "=?utf-8?B?5pyo5puc5pel44Gu5omT44Gh5ZCI44KP44Gb44Gu44Oh44Oi?=",
    charset: "utf-8",
    encoding: "base64",
    body: Buffer.from(
      "お疲れさまです。\r\n\r\n木曜日の打ち合わせのメモを送ります。\r\n" +
        "・春の催しは四月の第一土曜日に決まりました。\r\n・次の集まりは来週の水曜日です。\r\n\r\n高橋\r\n",
    ).toString("base64"),
  }],
  // "About the samples", the way Japanese mail was written for thirty years.
  ["iso-2022-jp", 90, read, {
    from: "sato@mihon.example",
    subject: "=?ISO-2022-JP?B?GyRCOCtLXCRON28bKEI=?=",
    charset: "ISO-2022-JP",
    encoding: "7bit",
    body: "GyRCRURDZiQ1JHMbKEINCg0KGyRCQGhGfCRPRTg8KDJxJEckKjJxJCQkRyQtJEYhIiQiJGokLCRIJCYkNCQ2" +
      "JCQkXiQ3JD8hIxsoQg0KGyRCTWg9NSROMlBNS0Z8ISI4YThlRnM7fiRLPzckNyQkOCtLXCRyJCo7fSRBJDck" +
      "XiQ5ISMbKEINChskQiQ0RVQ5ZyQsMC0kMSRsJFAhIiQqQ04kaSQ7JC8kQCQ1JCQhIxsoQg0KDQobJEI6NEYj" +
      "GyhCDQo=",
  }],
  // "Your book is waiting for you", from a library.
  ["windows-1251", 40, read, {
    from: "=?windows-1251?B?wuXw4CDO8Ovu4uA=?= <vera@biblioteka.example>",
    subject: "=?windows-1251?B?wuD44CDq7ejj4CDm5LjyIOLg8Q==?=",
    charset: "windows-1251",
    encoding: "base64",
    body: "x+Tw4OLx8uLz6fLlIQ0KDQrK7ejj4Cwg6u7y7vDz/iDi+yDv8O7x6OvoLCDx7e7i4CDt4CDs5fHy5S4gzPsg" +
      "7vLr7ubo6+gg5bgg5O4g8fPh4e7y+y4NCsHo4evo7vLl6uAg7vLq8Pvy4CDxIOTl8f/y6CDk7iDx5ezoLg0K" +
      "DQrRIPPi4Obl7ejl7CwNCsLl8OAgzvDr7uLgDQo=",
  }],
  // "The tea is on its way", from a shop.
  ["gb18030", 64, read, {
    from: "=?GB18030?B?wday6Nev?= <lin@chazhuang.example>",
    subject: "=?GB18030?B?sujSttLRvMSz9g==?=",
    charset: "GB18030",
    encoding: "base64",
    body: "xPq6w6O6DQoNCsT6tqm1xLLo0ra98czs0tG+rbzEs/ajrLTz1LzI/czsuvO1vbTvoaMNCri9yc/F3bLotcTQ" +
      "ob2o0umjusuuzsKwy8qutsijrMG9t9bW077NusOhow0K16PE+rrItcPT5L/so6ENCg0KwdbQob3jDQo=",
  }],
  // "Saturday at the café": 8-bit, and a subject that nobody encoded.
  ["8bit", 110, read, {
    from: "Elodie <elodie@cafeduport.example>",
    subject: "=?iso-8859-1?Q?Samedi_au_caf=E9?=",
    charset: "iso-8859-1",
    encoding: "8bit",
    body:
      "Q2jocmUgYW1pZSwNCg0KTGUgY2Fm6SBkdSBwb3J0IHJvdXZyZSBzYW1lZGkgOyBvbiB5IGpvdWUgZGUgbCdhY2Nv" +
      "cmTpb24gZOhzIGh1aXQgaGV1cmVzLg0KwCBiaWVudPR0LCBqJ2VzcOhyZSA6IOdhIGZlcmEgcGxhaXNpciDg" +
      "IHRvdXQgbGUgbW9uZGUuDQoNCslsb2RpZQ0K",
  }],
];

/** A new sample of tea; books waiting; tea on its way; coffee on Saturday. */
export function foreign(to: string): ForeignSample[] {
  return letters.map(([key, hours, marks, letter]) => ({
    key,
    hours,
    marks,
    mime: (date: string, messageId: string) => write(letter, to, date, messageId),
  }));
}

function write(letter: Letter, to: string, date: string, messageId: string): Uint8Array {
  const { from, subject, charset, encoding, body } = letter;
  const lines = encoding === "base64"
    ? Buffer.from(`${body.match(/.{1,76}/g)!.join("\r\n")}\r\n`)
    : Buffer.from(body, "base64");
  const head = [
    `From: ${from}`,
    `To: ${to}`,
    `Subject: ${subject}`,
    `Date: ${date}`,
    `Message-ID: ${messageId}`,
    "MIME-Version: 1.0",
    `Content-Type: text/plain; charset=${charset}`,
    `Content-Transfer-Encoding: ${encoding}`,
    "",
    "",
  ].join("\r\n");
  return Buffer.concat([Buffer.from(head), lines]);
}
