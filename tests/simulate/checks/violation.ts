// What a run found wrong.
/** A promise that was broken. */
export interface Finding {
  promise: Promised;
  message: string;
}

/** What a registry promises, whatever happens. */
export type Promised =
  | "one winner per generation"
  | "an operation commits at most once"
  | "an acknowledged change is kept"
  | "a failed operation has no effect"
  | "operations on a cell are linearizable"
  | "a reader never fails because of a writer"
  | "automatic versions have no gaps"
  | "a valid record has its payload"
  | "errors are RegistryErrors that fit"
  | "nothing is sent past the deadline"
  | "what is copied stays the same"
  | "retention keeps what it must"
  | "what a version is made from is noted before it"
  | "a mirror holds what its source held"
  | "asOf says what was true then";
