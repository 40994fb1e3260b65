// Messages of every kind look the same at a real server, through the gateway, and in the embedded store.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { after, before, describe, it } from "node:test";
import { needs } from "../needs.ts";
import type { MailServer } from "../servers/mail_server.ts";
import { alike, alikeServers, alikeTarget, differences } from "./alike.ts";
import { fuzz } from "./fuzz.ts";

for (const { product, present, start } of alikeServers) {
  const found = needs(product, present);
  describe(`messages at ${product}`, found, () => {
    let server: MailServer;
    before(async () => {
      if (!found.skip) server = await start();
    });
    after(() => server?.stop());

    it("look as they do in the embedded store", async () => {
      // Cyrus takes its time.
      const options = { seed: 1, rounds: product === "cyrus" ? 60 : 250 };
      const name = `alike-${product}`;
      const { rounds, answers } = await fuzz(name, alike, () => alikeTarget(server), options);
      // What is allowed to differ as a whole compares nothing.
      assert.ok(answers.get("alike")! > rounds * 0.85, `${answers.get("alike")} of ${rounds}`);
    });

    it("that look otherwise are found", async () => {
      const target = await alikeTarget(server);
      await target.client.append("INBOX", Buffer.from("Subject: Coffee\r\n\r\nAt four\r\n"));
      const { index } = target.reading;
      let asked = 0;
      // What is told of each message, but for its bytes, is of the first one.
      const locate: typeof index.locate = async (ids) => {
        const found = await index.locate(ids);
        if (asked++ === 0) return found;
        return new Map([...found].map(([id, one]) => [id, { ...one, uid: 1 }]));
      };
      const other = { ...target, reading: { ...target.reading, index: { ...index, locate } } };
      const mime = Buffer.from("Subject: Tea\r\n\r\nAt five\r\n");
      assert.deepEqual(await differences(target, mime, () => 0, false), []);
      const found = await differences(other, mime, () => 0, false);
      const seen = found.map(({ what }) => what.replace(/.* /, ""));
      for (const what of ["bytes", "subject", "size", "preview", "text.content"]) {
        assert.ok(seen.includes(what), `${what} of ${seen}`);
      }
      await target.end();
    });
  });
}
