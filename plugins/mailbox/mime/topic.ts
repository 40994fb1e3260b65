// The subject of a conversation: a subject without what answering and forwarding put in front of it.

/** Prefixes of mail programs around the world, with counts as in `Re[2]:` and `AW (3):`. */
const PREFIX = new RegExp(
  "^\\s*(?:" + [
    "re|r|fwd?|fw|rif|i", // English, Italian
    "aw|wg|antw|antwort", // German, Dutch
    "sv|vs|vb|vl|vidbef|videresendt", // Nordic
    "tr|réf?|rép", // French
    "rv|enc|res", // Spanish, Portuguese
    "odp|pd|ynt|ilt|i̇lt|atb|tk", // Polish, Turkish, Latvian
    "на|отв|пересл", // Cyrillic
    "回复|答复|转发|回覆|轉寄|返信|転送|회신|전달", // Chinese, Japanese, Korean
    "השב|העבר|رد|إعادة توجيه", // Hebrew, Arabic
  ].join("|") + ")\\s*(?:\\[\\d{1,4}\\]|\\(\\d{1,4}\\)|\\^\\d{1,4})?\\s*[:：]\\s*",
  "iu",
);

/** The subject without `Re:`, `Fwd:` and their like. */
export function threadTopic(subject: string): string {
  let topic = subject.trim();
  // Bounded: nobody answers so often, and a made-up subject must not cost more.
  for (let round = 0; round < 50; round++) {
    const shorter = topic.replace(PREFIX, "");
    if (shorter === topic) break;
    topic = shorter;
  }
  return topic.trim();
}

/** Does the subject say that it answers or forwards something? */
export function isReplySubject(subject: string): boolean {
  return PREFIX.test(subject);
}
