// The language of pages.
import assert from "node:assert/strict";
import { it } from "node:test";
import { languageFor } from "./page.ts";

it("languageFor() takes the best of what is known, English where none is", () => {
  const cases: [string | undefined, string][] = [
    [undefined, "en"],
    ["", "en"],
    ["fr", "fr"],
    ["fr-CA,fr;q=0.9,en;q=0.8", "fr"],
    ["en-US,en;q=0.9,fr;q=0.8", "en"],
    ["de, fr;q=0.4, en;q=0.7", "en"],
    ["de", "en"],
    ["fr;q=0, de", "en"],
    ["*", "en"],
    ["FR", "fr"],
    [";;,,=", "en"],
  ];
  for (const [header, wanted] of cases) assert.equal(languageFor(header), wanted, header);
});
