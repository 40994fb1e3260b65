// Writes of this process that must not meet: the second of two waits for the first.
import type { ItemStore } from "./item_store.ts";

/** What is under way in this process, by account and name. */
export type Running = Map<string, Promise<unknown>>;

/** Runs `work` when whatever has that name in this account is over, well or not. */
export async function inTurn<R>(
  { running, connections }: ItemStore,
  name: string,
  work: () => Promise<R>,
): Promise<R> {
  const whole = `${connections.account.id} ${name}`;
  const first = running.get(whole);
  const mine = (async () => {
    await first?.catch(() => {});
    return await work();
  })();
  running.set(whole, mine);
  try {
    return await mine;
  } finally {
    if (running.get(whole) === mine) running.delete(whole);
  }
}

/**
 * Takes messages away from a folder (its number) while no one else of this process does. A message is
 * marked as deleted before it goes for good: who moves it in that moment takes the mark along, and it
 * would be where it was moved to, shown to nobody. Waits for no connection, so nobody may have one.
 */
export function takingFrom<R>(
  store: ItemStore,
  folder: number,
  work: () => Promise<R>,
): Promise<R> {
  return inTurn(store, `takes from ${folder}`, work);
}
