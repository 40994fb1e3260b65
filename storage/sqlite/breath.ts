// SQLite works in the process's only thread: between reads the event loop gets its turn.

/** How long reads may follow each other without it, in milliseconds. */
const spell = 4;

/**
 * Makes a function to ask right before each piece of work. Mostly it answers nothing: go on. When the
 * event loop is due it answers what to wait for: answers go out and requests come in first, then
 * those who wait go on one after the other, a spell each. So a crowd is served in its order, and not
 * everybody at its end. `now`: the machine's own clock in milliseconds, this is about the machine.
 */
export function breath(now = () => performance.now()): () => Promise<void> | undefined {
  let begun = 0;
  let coming = false;
  const waiting: (() => void)[] = [];
  const turn = () => {
    begun = now();
    const next = waiting.shift();
    coming = next !== undefined;
    if (!next) return;
    setImmediate(turn);
    next();
  };
  return () => {
    if (coming) {
      if (now() - begun <= spell) return undefined;
      return new Promise((resolve) => waiting.push(resolve));
    }
    coming = true;
    begun = now();
    setImmediate(turn);
    return undefined;
  };
}
