// What tests of the engine's memory share: a device and a collection, short words for a session.
import assert from "node:assert/strict";
import type { Held, Next, Session, SyncState } from "../plugins/eas/api.ts";

export const device = { account: 1, device: "phone" };
export const collection = "inbox";

/** An item that the device has, in its first version unless told. */
export function held(item: string, has = "1", date = 1000): Held {
  return { item, date, has };
}

/** What a session ends with; nothing has happened but what is told. */
export function next(parts: Partial<Next> = {}): Next {
  return { state: "{}", held: [], gone: [], journal: [], ...parts };
}

/** Ways to ask a memory, which is another one in each test. */
export function asking(state: () => SyncState) {
  return {
    /** Goes on from a key, which must be known. */
    async open(key: string, at = collection): Promise<Session> {
      const session = (await state().open(device, [{ collection: at, key }])).get(at);
      assert.ok(session, `key ${key} is known`);
      return session;
    },
    async isUnknown(key: string): Promise<boolean> {
      return (await state().open(device, [{ collection, key }])).size === 0;
    },
    /** What the device has, as item and version in one: "x1". */
    async items(session: Session): Promise<string[]> {
      const all = await session.heldBefore(Number.MAX_SAFE_INTEGER, 100);
      return all.map(({ item, has }) => item + has);
    },
  };
}

/** A memory whose sessions are changed. */
export function withSessions(
  inner: SyncState,
  change: (session: Session, key: string) => Session,
): SyncState {
  return {
    ...inner,
    async open(device, wanted) {
      const opened = await inner.open(device, wanted);
      const keys = new Map(wanted.map(({ collection, key }) => [collection, key]));
      return new Map([...opened].map(([id, one]) => [id, change(one, keys.get(id)!)]));
    },
  };
}

/** A session as if the lost answer had arrived: the mistake of servers that keep one generation. */
export function asReceived(session: Session): Session {
  const { lost } = session;
  if (!lost) return session;
  return {
    ...session,
    lost: undefined,
    state: lost.state,
    async held(items) {
      const held = await session.held(items);
      for (const one of lost.held) if (items.includes(one.item)) held.set(one.item, one);
      for (const item of lost.gone) held.delete(item);
      return held;
    },
  };
}
