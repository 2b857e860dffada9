// Two sorted lists, read in step.

/**
 * Yields the next items of two sorted lists: both if they are at one place, else the one that comes
 * first. Ends the lists.
 */
export async function* inStep<A extends object, B extends object>(
  left: AsyncGenerator<A>,
  right: AsyncGenerator<B>,
  compare: (a: A, b: B) => number,
): AsyncGenerator<[A | undefined, B | undefined]> {
  try {
    let [a, b] = await Promise.all([left.next(), right.next()]);
    while (!a.done || !b.done) {
      const order = a.done ? 1 : b.done ? -1 : compare(a.value, b.value);
      yield [order <= 0 ? a.value : undefined, order >= 0 ? b.value : undefined];
      if (order <= 0) a = await left.next();
      if (order >= 0) b = await right.next();
    }
  } finally {
    await Promise.allSettled([left.return(undefined), right.return(undefined)]);
  }
}
