// What is said of many saves, loads, looks or deletions at once.
import type { RegistryError } from "../errors.ts";
import type { SaveOptions, SignalOptions } from "./saving.ts";

/** What many things are done to: all at once, or as they come. */
export type Inputs<I> = Iterable<I> | AsyncIterable<I>;

/** One save of many. */
export interface SaveEntry extends Omit<SaveOptions, "signal"> {
  name: string;
  value: unknown;
}

/** Options of many saves or loads. */
export interface ManyOptions extends SignalOptions {
  /** How many at once. @default 16; in a bucket 32 saves, or 48 of what reads */
  concurrency?: number;
  /** Begin no more after the first failure; what is under way is finished, what was not begun has no outcome. @default false */
  stopOnError?: boolean;
  onProgress?: (progress: ManyProgress) => void;
}

/** How far many saves or loads are. */
export interface ManyProgress {
  index: number;
  done: number;
  failed: number;
}

/** What became of one of many saves or loads. */
export type BatchOutcome<T> =
  & { index: number }
  & ({ ok: true; value: T } | { ok: false; error: RegistryError });

/** What became of many saves or loads, by input index. */
export interface BatchResult<T> {
  results: ({ ok: true; value: T } | { ok: false; error: RegistryError })[];
  succeeded: number[];
  failed: number[];
  errors: Map<number, RegistryError>;
}
