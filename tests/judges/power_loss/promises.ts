// Promises about data that survives a power cut.
/** Acknowledged values, by thing. */
export interface Promises {
  /** Gives a thing a value. Throws the errors of the work: then it may have either value. */
  make(thing: string, value: string | undefined, work: () => Promise<unknown>): Promise<void>;
  readonly count: number;
  /**
   * Compares promises with the data after the power cut.
   *
   * @param read the value of a thing, or undefined if there is none
   * @returns a sentence for each broken promise
   */
  broken(read: (thing: string) => Promise<string | undefined>): Promise<string[]>;
}

/**
 * Creates an empty list.
 *
 * @param isCut returns true after the power cut: later results promise nothing, because their
 * program would be gone
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
        // An unfinished action may be done; after an unfinished move the file may be at both paths.
        if (under !== undefined && [under.value, `${value} and ${under.value}`].includes(found)) {
          continue;
        }
        sentences.push(`${thing} was promised to be ${value}, and is ${found}`);
      }
      return sentences;
    },
  };
}
