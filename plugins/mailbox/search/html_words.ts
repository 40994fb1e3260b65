// The text of an HTML mail as far as searching needs it: its words, without layout.

/** HTML beyond this is layout of newsletters; the words of people stand before it. */
const LIMIT = 2_000_000;

/** Tags that stand inside words: `<b>W</b>ord`. All others separate them. */
const inline = /^<\/?(?:a|abbr|b|big|em|font|i|mark|s|small|span|strong|sub|sup|tt|u|wbr)\b/i;

/** The names of the characters from U+00A0 to U+00FF. */
const latin =
  ("nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg " +
    "plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest " +
    "Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc " +
    "Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute " +
    "THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave " +
    "iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc " +
    "uuml yacute thorn yuml").split(" ");
const named = new Map(latin.map((name, index) => [name, String.fromCharCode(0xa0 + index)]));

/** The text of HTML: without tags, scripts and styles. Never throws, and takes linear time. */
export function htmlWords(html: string): string {
  let text = "";
  let at = 0;
  const source = html.slice(0, LIMIT);
  while (at < source.length) {
    const open = source.indexOf("<", at);
    if (open < 0) break;
    text += source.slice(at, open);
    const end = tagEnd(source, open);
    if (!inline.test(source.slice(open, open + 12))) text += " ";
    at = end;
  }
  return decoded(text + source.slice(at));
}

/** Behind the tag, comment, script or style that begins at `open`. */
function tagEnd(source: string, open: number): number {
  if (source.startsWith("<!--", open)) return after(source, "-->", open + 4);
  const hidden = /^<(script|style)\b/i.exec(source.slice(open, open + 8))?.[1];
  if (hidden) return after(source, ">", closing(source, hidden, open));
  if (!/[a-z/!?]/i.test(source[open + 1] ?? "")) return open + 1;
  return after(source, ">", open);
}

function after(source: string, mark: string, from: number): number {
  const at = source.indexOf(mark, from);
  return at < 0 ? source.length : at + mark.length;
}

function closing(source: string, name: string, from: number): number {
  const search = new RegExp(`</${name}`, "ig");
  search.lastIndex = from;
  return search.exec(source)?.index ?? source.length;
}

function decoded(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(
    /&(?:#(\d{1,9})|#x([0-9a-f]{1,8})|(\w{2,8}));?/gi,
    (whole, ten, hex, name) => {
      // All other names stand for signs, which are no part of words.
      if (name) return named.get(name) ?? (whole.endsWith(";") ? " " : whole);
      const code = ten ? Number(ten) : parseInt(hex, 16);
      return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : " ";
    },
  );
}
