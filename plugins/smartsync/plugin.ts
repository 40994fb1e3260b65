// SmartSync: the durable memory of the sync engine, in the database.
import { accountDeleted, definePlugin, task } from "../../core/mod.ts";
import { syncState } from "../eas/api.ts";
import { migrations } from "./migrations.ts";
import { smartsync } from "./state.ts";
import { sweepForever } from "./sweep.ts";

export default definePlugin({
  id: "smartsync",
  summary: "Remembers what each device has, so that a lost answer loses nothing",
  needs: ["eas"],
  migrations,
  contributes(host) {
    const state = smartsync(host.db, host.clock);
    return [
      syncState.of(state, "smartsync"),
      accountDeleted.of(({ account }) => state.forget(account.id), "smartsync"),
      task.of({ name: "sweep", run: (signal) => sweepForever(host, signal) }, "smartsync.sweep"),
    ];
  },
});
