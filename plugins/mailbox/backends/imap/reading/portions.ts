// What comes piece by piece, and is on its way before somebody asks for it.

/** What `produce` hands over, as it does; then its error, if it throws one. Begins when first asked. */
export async function* handed<T>(
  produce: (hand: (portion: T) => void) => Promise<void>,
): AsyncGenerator<T> {
  const ready: T[] = [];
  let ended = false;
  let wake = () => {};
  const end = produce((portion) => {
    ready.push(portion);
    wake();
  }).finally(() => {
    ended = true;
    wake();
  });
  end.catch(() => {}); // told below, after what came before it
  for (;;) {
    yield* ready.splice(0);
    if (ready.length > 0) continue;
    if (ended) return await end;
    await new Promise<void>((resolve) => wake = resolve);
  }
}

/** The same, of which the next one is asked for while one is made use of. */
export async function* ahead<T>(source: AsyncGenerator<T>): AsyncGenerator<T> {
  const ask = () => {
    const next = source.next();
    next.catch(() => {}); // whoever goes on hears of it
    return next;
  };
  for (let coming = ask();;) {
    const next = await coming;
    if (next.done) return;
    coming = ask();
    yield next.value;
  }
}
