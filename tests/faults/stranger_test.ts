// The plain mail program beside the gateway: what it could not do it says, and does when asked again.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Unavailable } from "../../core/mod.ts";
import { type Dovecot, startDovecot } from "../servers/dovecot.ts";
import { dovecotPresent } from "../servers/present.ts";
import { startTap } from "../servers/tap.ts";
import { needs } from "../needs.ts";
import { Stranger } from "./stranger.ts";

test(
  "a removal that is cut off between its two commands is not done, and then done",
  needs("dovecot", dovecotPresent()),
  async () => {
    const dovecot = await startDovecot();
    const tap = await startTap(dovecot.port);
    const through = new Proxy(dovecot, {
      get: (target: Dovecot, name) => name === "port" ? tap.port : Reflect.get(target, name),
    });
    const stranger = new Stranger(through, await dovecot.addUser());
    try {
      const mime = new TextEncoder().encode(
        "Subject: Tea\r\nMessage-ID: <tea@example.net>\r\n\r\nAt five\r\n",
      );
      const { id } = await stranger.create("INBOX", { mime, date: 0 }, "1");
      tap.rule = ({ name }) => name === "UID EXPUNGE" ? "cut" : undefined;
      await assert.rejects(stranger.remove(id), Unavailable);
      tap.rule = () => undefined;
      assert.equal((await stranger.list("INBOX")).items.length, 1);
      await stranger.remove(id);
      assert.equal((await stranger.list("INBOX")).items.length, 0);
    } finally {
      stranger.close();
      await tap.stop();
      await dovecot.stop();
    }
  },
);
