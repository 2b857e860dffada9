// Mutants: mistakes that somebody could make in the product, each with what notices it.
/** One change of a source file. */
export interface Edit {
  /** The file, from the root of the repository. */
  file: string;
  /** What is replaced. It occurs there exactly once. */
  text: string;
  /** What stands there instead. */
  replacement: string;
}

/** What notices a mutant, or why nothing can. */
export type Finder =
  /** A test: its file, and a part of its name as the source has it. */
  | { test: string; name: string }
  /** Seeds of the simulation, of one schedule or of all. */
  | { seeds: SeedRange }
  /** Why nobody who uses the product can tell the difference. */
  | { equivalent: string };

/** Seeds of the simulation. */
export interface SeedRange {
  /** The first of them. */
  first: number;
  /** How many; it ends with the first that breaks a promise. */
  count: number;
  /** Only those of this schedule. @default all */
  schedule?: string;
}

/** A mistake that somebody could make. */
export interface Mutant extends Edit {
  /** Its area and what it does, as in `cell/first-exists-is-a-loss`. */
  name: string;
  /** Further changes, where the same rule stands in several places. @default none */
  also?: readonly Edit[];
  /** What notices it. */
  foundBy: Finder;
}

/** All changes of a mutant. */
export function editsOf({ file, text, replacement, also = [] }: Mutant): Edit[] {
  return [{ file, text, replacement }, ...also];
}

/** The source with a change; throws where the text does not occur exactly once. */
export function applyEdit(source: string, { file, text, replacement }: Edit): string {
  const count = source.split(text).length - 1;
  if (count === 1) return source.replace(text, () => replacement);
  throw new Error(`Cannot change ${file}: ${JSON.stringify(text)} occurs ${count} times`);
}
