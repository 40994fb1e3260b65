// HTML as the lines that a reader sees, each with the place where it ends and whether it is quoted.
import { Tokenizer } from "htmlparser2";
import type { Line } from "./own_lines.ts";

/** What begins a line of its own. */
const blocks = new Set(
  ("address article aside blockquote body br caption center dd div dl dt fieldset footer form h1 h2 h3 h4 " +
    "h5 h6 header hr li main nav ol p pre section table tbody td tfoot th thead tr ul").split(" "),
);
const empty = new Set(
  "area base br col embed hr img input link meta param source track wbr".split(" "),
);
/** End by themselves; an end tag for one that has ended would open another. */
const endless = new Set(
  ("p li dt dd option optgroup td th tr tbody thead tfoot colgroup rp rt html head body").split(
    " ",
  ),
);
const unseen = new Set(["style", "script", "title", "template", "noscript", "textarea"]);

/** Elements by which programs mark what they quote: by class, by id, by name. */
const quoteClass =
  /(?:^|\s)(?:gmail_(?:quote|extra|attr)(?:_container)?|moz-cite-prefix|yahoo_quoted|protonmail_quote|tutanota_quote|zmail_extra|ms-outlook-mobile-reference-message|OutlookMessageHeader)(?:\s|$)/i;
const quoteId =
  /^(?:(?:x_)*(?:divRplyFwdMsg|appendonsend|mail-editor-reference-message-container|isReplyContent|reply-?intro|yahoo_quoted_\d+))$/i;
/** From these on all is history, though it lies beside them and not inside. */
const boundaryId = /^(?:x_)*(?:divRplyFwdMsg|appendonsend|zwchr|stopSpelling)$/i;

interface Open {
  readonly name: string;
  readonly quote: Line["quoted"];
}

/** A tag whose attributes are being read. */
interface Tag {
  readonly name: string;
  readonly attributes: Map<string, string>;
}

class Reader {
  readonly lines: Line[] = [];
  readonly open: Open[] = [];
  readonly #html: string;
  /** How many of each name are open: an end tag without a beginning costs nothing. */
  readonly #counts = new Map<string, number>();
  #tag: Tag | undefined;
  #attribute = "";
  #value = "";
  #history = false;
  #text = "";
  #end = 0;
  #seen = false;
  #lineQuote: Line["quoted"] = "no";

  constructor(html: string) {
    this.#html = html;
  }

  read(): this {
    const none = () => {};
    const tokenizer = new Tokenizer({}, {
      ontext: (start, end) => this.#say(this.#html.slice(start, end), end),
      ontextentity: (code, end) => this.#say(String.fromCodePoint(code), end),
      onopentagname: (start, end) => {
        this.#tag = { name: this.#name(start, end), attributes: new Map() };
      },
      onattribname: (start, end) => {
        this.#attribute = this.#name(start, end);
        this.#value = "";
      },
      onattribdata: (start, end) => {
        this.#value += this.#html.slice(start, end);
      },
      onattribentity: (code) => {
        this.#value += String.fromCodePoint(code);
      },
      onattribend: () => {
        this.#tag?.attributes.set(this.#attribute, this.#value);
      },
      onopentagend: (end) => this.#begin(end),
      onselfclosingtag: (end) => this.#begin(end),
      onclosetag: (start, end) => this.#close(this.#name(start, end)),
      oncdata: none,
      oncomment: none,
      ondeclaration: none,
      onprocessinginstruction: none,
      onend: none,
    });
    tokenizer.write(this.#html);
    tokenizer.end();
    this.#endLine();
    return this;
  }

  #name(start: number, end: number): string {
    return this.#html.slice(start, end).toLowerCase();
  }

  /** How what comes next is quoted. */
  get #quote(): Line["quoted"] {
    return this.#history ? "yes" : this.open.at(-1)?.quote ?? "no";
  }

  #say(text: string, end: number): void {
    const name = this.open.at(-1)?.name;
    if (name !== undefined && unseen.has(name)) return;
    this.#text += text;
    if (!/[^\s\u00a0\u200b-\u200d\u2060\ufeff]/.test(text)) return;
    this.#show(end);
  }

  /** Something can be seen that ends here. */
  #show(end: number): void {
    if (!this.#seen) this.#lineQuote = this.#quote;
    this.#seen = true;
    this.#end = end;
  }

  #endLine(): void {
    if (this.#seen) {
      const text = this.#text.replace(/[\s\u00a0]+/g, " ").trim();
      const quoted = this.#lineQuote === "no" && /^>/.test(text) ? "yes" : this.#lineQuote;
      this.lines.push({ text, quoted, end: this.#end });
    }
    this.#text = "";
    this.#seen = false;
  }

  #begin(end: number): void {
    const tag = this.#tag;
    this.#tag = undefined;
    if (!tag) return;
    const { name, attributes } = tag;
    if (blocks.has(name)) this.#endLine();
    if (name === "img" && !isBeacon(attributes)) {
      this.#text += "\ufffc";
      this.#show(end + 1);
    }
    if (boundaryId.test(attributes.get("id") ?? "")) this.#history = true;
    if (name === "a" && attributes.get("name") === "_MailOriginal") this.#history = true;
    if (empty.has(name) || endless.has(name)) return;
    const outer = this.open.at(-1)?.quote ?? "no";
    const own = quoteOf(tag);
    this.open.push({ name, quote: outer === "yes" || own === "no" ? outer : own });
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  #close(name: string): void {
    if (blocks.has(name)) this.#endLine();
    if (!this.#counts.get(name)) return;
    for (let last = this.open.pop(); last; last = this.open.pop()) {
      this.#counts.set(last.name, this.#counts.get(last.name)! - 1);
      if (last.name === name) return;
    }
  }
}

function quoteOf({ name, attributes }: Tag): Line["quoted"] {
  const value = (attribute: string) => attributes.get(attribute) ?? "";
  if (quoteClass.test(value("class")) || quoteId.test(value("id"))) return "yes";
  if (name === "div" && value("name").toLowerCase() === "quote") return "yes";
  if (name !== "blockquote") return "no";
  return value("type").toLowerCase() === "cite" || attributes.has("cite") ? "yes" : "looks";
}

/** A picture that nobody is meant to see. */
const isBeacon = (attributes: ReadonlyMap<string, string>) =>
  /^[01](?:px)?$/.test(attributes.get("width") ?? "") ||
  /^[01](?:px)?$/.test(attributes.get("height") ?? "");

/** The lines of a page. Costs as much as the page is long, however broken or deep it is. */
export const htmlLines = (html: string): readonly Line[] => new Reader(html).read().lines;

/** The beginning of a page with all that is open in it closed. */
export function closed(html: string): string {
  const { open } = new Reader(html).read();
  return html + open.reverse().map(({ name }) => `</${name}>`).join("");
}
