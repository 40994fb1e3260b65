// The reference backend: mailboxes in memory. Read it to learn what the port asks for.
import type { Account, Clock } from "../../../../core/mod.ts";
import type { Backend, Send } from "../../api.ts";
import { MemoryMailbox } from "./mailbox.ts";
import { readAll } from "./message.ts";

export interface MemoryOptions {
  readonly clock: Clock;
  /** How mail leaves; without it sending is refused. */
  readonly send?: Send;
}

/** Mailboxes that live as long as the process: for tests, and as the reference. */
export function memoryBackend({ clock, send }: MemoryOptions): Backend {
  const boxes = new Map<number, MemoryMailbox>();
  const open = (account: Account): MemoryMailbox => {
    const box = boxes.get(account.id) ?? new MemoryMailbox(account, clock, send);
    boxes.set(account.id, box);
    return box;
  };
  return {
    id: "memory",
    open,
    async deliver(mime, to, token) {
      const bytes = await readAll(mime);
      for (const account of to) await open(account).deliver(bytes, token);
    },
  };
}
