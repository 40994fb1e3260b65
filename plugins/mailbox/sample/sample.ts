// Fills a new mailbox with sample messages, so that the very first phone has something to show.
import type { Account, Clock } from "../../../core/mod.ts";
import type { Mailbox, Role } from "../api.ts";
import { samples } from "./messages.ts";

/** Puts the samples into the special folders of a mailbox; those that are there already stay single. */
export async function fillWithSamples(
  mailbox: Mailbox,
  account: Account,
  clock: Clock,
): Promise<void> {
  const now = clock.now();
  const folders = new Map<Role, string>();
  let since: string | undefined;
  for (let more = true; more;) {
    const page = await mailbox.folders(since);
    for (const { folder } of page.changes) if (folder?.role) folders.set(folder.role, folder.id);
    ({ cursor: since, more } = page);
  }
  // Oldest first, as mail arrives.
  for (const sample of samples(account, now).sort((a, b) => b.hours - a.hours)) {
    const folder = folders.get(sample.folder);
    if (folder === undefined) continue;
    const date = now - Math.round(sample.hours * 3_600_000);
    const item = { mime: await sample.mime(), marks: sample.marks, date };
    await mailbox.create(folder, item, `sample:${sample.key}`);
  }
}
