// Two sorted listings as one.
export async function* mergeSorted<T>(
  a: AsyncGenerator<T>,
  b: AsyncGenerator<T>,
  compare: (a: T, b: T) => number,
): AsyncGenerator<T> {
  try {
    let [x, y] = await Promise.all([a.next(), b.next()]);
    while (!x.done || !y.done) {
      if (y.done || !x.done && compare(x.value, y.value) <= 0) {
        yield x.value!;
        x = await a.next();
      } else {
        yield y.value;
        y = await b.next();
      }
    }
  } finally {
    await Promise.all([a.return(undefined), b.return(undefined)]);
  }
}
