// Categories as IMAP keywords: readable for other clients, and back to the user's very words.

/**
 * Keywords of programs, not of people. Those that begin with `$` or a backslash are never people's
 * either (RFC 5788).
 */
const programs = new Set(["junk", "nonjunk", "notjunk", "forwarded", "mdnsent", "old"]);

/** Longer ones are refused by some servers (Dovecot: 50 unless configured). */
const longest = 50;

/** Whether a flag of a message is a category. */
export function isCategory(flag: string): boolean {
  return !/^[$\\]/.test(flag) && !programs.has(flag.toLowerCase());
}

/**
 * The keyword for a word, as RFC 2047 Q encodes it: a space is `_`, what no keyword can have is
 * `=XX` of its UTF-8. Undefined where it would be too long.
 */
export function keywordOf(word: string): string | undefined {
  const plain = word.replace(/[^A-Za-z0-9 .:+@#&/!?,;'-]/gu, hex).replaceAll(" ", "_");
  const keyword = isCategory(plain) ? plain : hex(plain[0]!) + plain.slice(1);
  return keyword.length <= longest ? keyword : undefined;
}

/** The word for a keyword. One that was not made by {@link keywordOf} stands for itself. */
export function wordOf(keyword: string): string {
  if (!/[_=]/.test(keyword)) return keyword;
  const binary = keyword.replaceAll("_", " ").replace(
    /=([0-9A-Fa-f]{2})/g,
    (_, code: string) => String.fromCharCode(parseInt(code, 16)),
  );
  try {
    const bytes = Uint8Array.from(binary, (char) => char.charCodeAt(0));
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return keyword;
  }
}

function hex(char: string): string {
  return [...new TextEncoder().encode(char)]
    .map((byte) => `=${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");
}
