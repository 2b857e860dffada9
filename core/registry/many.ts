// Inputs and results of batches.
import type { RegistryError } from "../errors.ts";
import { type OptionRows, SIGNAL } from "./operations/row.ts";
import type { SaveOptions, SignalOptions } from "./operations/saving.ts";

/** The inputs of a batch. */
export type Inputs<I> = Iterable<I> | AsyncIterable<I>;

/** One save of a batch. */
export interface SaveEntry extends Omit<SaveOptions, "signal"> {
  name: string;
  value: unknown;
}

/** Options of a batch. */
export interface ManyOptions extends SignalOptions {
  /** Number of concurrent calls. @default 16; in a bucket 32 writes or 48 reads */
  concurrency?: number;
  /**
   * Starts no more after a failure. Inputs that were not started have no outcome. @default false
   */
  stopOnError?: boolean;
  onProgress?: (progress: ManyProgress) => void;
}

export const MANY: OptionRows<ManyOptions> = {
  concurrency: {},
  stopOnError: {},
  onProgress: {},
  ...SIGNAL,
};

/** Progress of a batch. */
export interface ManyProgress {
  index: number;
  done: number;
  failed: number;
}

/** The outcome of one input. */
export type BatchOutcome<T> =
  & { index: number }
  & ({ ok: true; value: T } | { ok: false; error: RegistryError });

/** The outcomes of a batch, by input index. */
export interface BatchResult<T> {
  results: ({ ok: true; value: T } | { ok: false; error: RegistryError })[];
  succeeded: number[];
  failed: number[];
  errors: Map<number, RegistryError>;
}
