// Connections on which a password was just checked: whoever works for the account next takes one of
// them, in place of logging in once more.
import type { ImapFlow } from "imapflow";
import type { Clock } from "../../../../../core/mod.ts";
import { isBroken } from "../connections/errors.ts";
import type { Server } from "../servers/server.ts";

/** For so long a connection waits for somebody, in milliseconds: the request goes on at once. */
const momentMs = 5000;

interface Spare {
  readonly client: ImapFlow;
  readonly cancel: () => void;
}

/** One connection of each account at most. */
export class Spares {
  readonly #clock: Clock;
  readonly #spares = new Map<string, Spare>();
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Keeps a connection on which the account of this address is logged in; nobody else uses it. */
  put({ name, config }: Server, address: string, client: ImapFlow): void {
    // Where a master user works for the account, nobody would take it.
    if (this.#closed || config.master.user !== "") return end(client);
    const key = keyOf(name, address);
    this.#end(key);
    const cancel = this.#clock.after(momentMs, () => this.#end(key));
    this.#spares.set(key, { client, cancel });
  }

  /** Hands it over, if there is one; it belongs to the caller then. */
  take({ name }: Server, address: string): ImapFlow | undefined {
    const key = keyOf(name, address);
    const spare = this.#spares.get(key);
    if (!spare) return undefined;
    if (isBroken(spare.client)) {
      this.#end(key);
      return undefined;
    }
    this.#spares.delete(key);
    spare.cancel();
    return spare.client;
  }

  /** Ends all of them, and what is put here later. */
  close(): void {
    this.#closed = true;
    for (const key of [...this.#spares.keys()]) this.#end(key);
  }

  #end(key: string): void {
    const spare = this.#spares.get(key);
    if (!spare) return;
    this.#spares.delete(key);
    spare.cancel();
    end(spare.client);
  }
}

/** Not waited for: nobody needs to wait for a goodbye. */
function end(client: ImapFlow): void {
  void client.logout().catch(() => {}).then(() => client.close());
}

function keyOf(server: string, address: string): string {
  return `${server} ${address}`;
}
