// An iteration that somebody has begun, and somebody else goes on with.

/**
 * All of `source`, whose first one was asked for already. No generator, which would cost each item a
 * few turns more: thousands of them pass here.
 */
export function goingOn<T>(
  first: Promise<IteratorResult<T>>,
  source: AsyncIterator<T>,
): AsyncIterable<T> {
  let begun: Promise<IteratorResult<T>> | undefined = first;
  const next = () => {
    const one = begun ?? source.next();
    begun = undefined;
    return one;
  };
  const rest: AsyncIterator<T> = {
    next,
    async return() {
      await source.return?.();
      return { done: true, value: undefined };
    },
  };
  return { [Symbol.asyncIterator]: () => rest };
}
