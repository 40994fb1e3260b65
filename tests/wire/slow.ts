// A backend for conversations with a slow store: the embedded one, a mail a page, by the test's clock.
import { definePlugin } from "../../core/mod.ts";
import { backend, type Mailbox } from "../../plugins/mailbox/api.ts";
import type { FakeClock } from "../kit.ts";
import { altered } from "../kit_eas.ts";

/** How long a page takes, in milliseconds. */
const pause = 12_000;

/** `mailbox.backend = "slow"` */
export const slow = definePlugin({
  id: "slow",
  summary: "A slow store",
  needs: ["mailbox"],
  contributes(host) {
    const clock = host.clock as FakeClock;
    const local = () => host.all(backend).find(({ id }) => id === "local")!;
    const slowed = (mailbox: Mailbox) =>
      altered(mailbox, {
        async list(folder, from) {
          await clock.tick(pause);
          return await mailbox.list(folder, from, 1);
        },
      });
    return [backend.of({ id: "slow", open: (account) => slowed(local().open(account)) }, "slow")];
  },
});
