// What was promised to survive a power cut.
/** What was acknowledged, by what it concerns. */
export interface Promises {
  /** Does something that gives a thing a value. Throws what the work throws: then it may have either value. */
  make(thing: string, value: string | undefined, work: () => Promise<unknown>): Promise<void>;
  readonly count: number;
  /**
   * Compares with what is there after the power cut.
   *
   * @param read the value of a thing, or undefined where it is not there
   * @returns a sentence for each promise that was broken
   */
  broken(read: (thing: string) => Promise<string | undefined>): Promise<string[]>;
}

/**
 * Creates an empty list.
 *
 * @param isCut whether the power is lost: what returns after that promises nothing, as its program would be gone
 */
export function createPromises(isCut: () => boolean): Promises {
  const kept = new Map<string, { value?: string; under?: { value?: string } }>();
  let count = 0;
  return {
    async make(thing, value, work) {
      const state = kept.get(thing) ?? {};
      kept.set(thing, state);
      state.under = { value };
      await work();
      if (isCut()) throw new Error("The power is lost");
      state.value = value;
      delete state.under;
      count++;
    },
    get count() {
      return count;
    },
    async broken(read) {
      const sentences: string[] = [];
      for (const [thing, { value, under }] of kept) {
        const found = await read(thing).catch((error: Error) => `(${error.message})`);
        if (found === value) continue;
        // What was under way is done or not; of a move, the file may be at both paths.
        if (under !== undefined && [under.value, `${value} and ${under.value}`].includes(found)) {
          continue;
        }
        sentences.push(`${thing} was promised to be ${value}, and is ${found}`);
      }
      return sentences;
    },
  };
}
