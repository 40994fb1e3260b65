// A language for benchmarks: words that can be told apart, the common ones first.
import { seededRandom } from "../kit.ts";

/** Words of one to five syllables; the same ones each time. */
export function makeWords(count: number): string[] {
  const syllables = "ka ro mi ten sal ver lo pin dra fu ge hol ist um be nor cha wi zu ly".split(
    " ",
  );
  const random = seededRandom(5);
  const words = new Set<string>();
  while (words.size < count) {
    const length = 1 + Math.floor(random() * (words.size < 20 ? 1.5 : 4.5));
    words.add(
      Array.from({ length }, () => syllables[Math.floor(random() * syllables.length)]).join(""),
    );
  }
  return [...words];
}
