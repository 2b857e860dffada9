// What is said again and again.
export interface Repeated {
  /** How often this was said in a row, where that is once, twice, four times, eight times …; else undefined. */
  count(reason: string): number | undefined;
  reset(): void;
}

export function createRepeated(): Repeated {
  let last: string | undefined;
  let times = 0;
  return {
    count(reason) {
      times = reason === last ? times + 1 : 1;
      last = reason;
      return Number.isInteger(Math.log2(times)) ? times : undefined;
    },
    reset() {
      last = undefined;
    },
  };
}
