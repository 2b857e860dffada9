// What a step took of the machine over time, in bounded number.
export interface Sample {
  /** Since it began, milliseconds. */
  atMs: number;
  /** Memory, bytes. */
  bytes: number;
  /** Processor so far, seconds. */
  cpuSeconds: number;
  /** Files of its workspace and of its output, bytes. */
  diskBytes: number;
}

export type SampleColumns = Record<keyof Sample, number[]>;

export interface Samples {
  /** Adds one. Where there are too many, every second one is forgotten, and fewer are taken from then on. */
  add(sample: Sample): void;
  columns(): SampleColumns;
}

export const MOST_SAMPLES = 120;

/** Creates an empty series that keeps at most so many, at least 2. */
export function createSamples(most: number = MOST_SAMPLES): Samples {
  let kept: Sample[] = [];
  let last: Sample | undefined; // waits for its turn
  let every = 1;
  let count = 0;
  return {
    add(sample) {
      last = sample;
      if (count++ % every !== 0) return;
      if (kept.length === most - 1) { // one place is for the last
        kept = kept.filter((_, index) => index % 2 === 0);
        every *= 2;
        if ((count - 1) % every !== 0) return;
      }
      kept.push(sample);
    },
    columns() {
      const all = last === undefined || kept.at(-1) === last ? kept : [...kept, last];
      const column = (name: keyof Sample, digits: number) =>
        all.map((sample) => Number(sample[name].toFixed(digits)));
      return {
        atMs: column("atMs", 0),
        bytes: column("bytes", 0),
        cpuSeconds: column("cpuSeconds", 2),
        diskBytes: column("diskBytes", 0),
      };
    },
  };
}
