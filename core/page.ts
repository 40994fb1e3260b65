// The frame of every page for people, and the language it speaks.
import { html } from "hono/html";

/** The languages that pages speak. */
export type Language = "en" | "fr";

/** What the frame is called in each language. */
export type Texts<Key extends string> = Readonly<Record<Language, Readonly<Record<Key, string>>>>;

/** What `html` makes: escaped text. */
export type Markup = ReturnType<typeof html>;

/** The best language for `Accept-Language`; English where none fits. */
export function languageFor(header: string | undefined): Language {
  const wishes = (header ?? "").split(",").map((part) => {
    const [tag = "", ...parameters] = part.trim().toLowerCase().split(";");
    const quality = parameters.map((text) => /^\s*q=([\d.]+)$/.exec(text)?.[1]).find(Boolean);
    return { language: tag.split("-")[0], quality: quality === undefined ? 1 : Number(quality) };
  });
  const known = wishes.filter(({ language, quality }) =>
    quality > 0 && (language === "en" || language === "fr")
  ).sort((a, b) => b.quality - a.quality);
  return (known[0]?.language as Language | undefined) ?? "en";
}

/** A whole page. No script, no font, nothing from elsewhere. */
export function page(language: Language, title: string, body: Markup): Markup {
  return html`
    <!doctype html>
    <html lang="${language}">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="robots" content="noindex">
        <title>${title}</title>
        <link rel="stylesheet" href="/navette.css">
      </head>
      <body>
        <main>${body}</main>
      </body>
    </html>
  `;
}

/** The style sheet of every page, at `/navette.css`. */
export const styleSheet = `:root { color-scheme: light dark; --line: #8884; --accent: #2a6; }
body { margin: 0; font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 46rem; margin: 0 auto; padding: 2.5rem 1rem; }
h1 { font-size: 1.5rem; margin: 0 0 .5rem; }
a { color: inherit; text-decoration-color: var(--accent); }
nav ul { list-style: none; padding: 0; }
nav li { border-top: 1px solid var(--line); padding: .5rem 0; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .35rem .5rem; border-bottom: 1px solid var(--line); }
.quiet { opacity: .7; }
`;
