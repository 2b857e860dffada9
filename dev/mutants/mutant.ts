// Mutants: mistakes that somebody could make in the product, each with the test that finds it.

/** One change of a source file. */
export interface Edit {
  file: string;
  /** Occurs in the file exactly once. */
  text: string;
  replacement: string;
}

/** Seeds of the simulation. */
export interface SeedRange {
  first: number;
  /** The run ends with the first seed that breaks a promise. */
  count: number;
  /** All run by this schedule. @default each by its own */
  schedule?: string;
  /** Only those that have this schedule. @default all */
  of?: string;
}

/** A mistake that somebody could make. */
export interface Mutant extends Edit {
  /** Its area and effect: `cell/first-exists-is-a-loss`. */
  name: string;
  /** Further changes, where the same rule stands in several places. @default none */
  also?: readonly Edit[];
  /** The file of the test that finds it. @default seeds of the simulation do */
  test?: string;
  /** A part of that test's name. */
  testName?: string;
  /** @default the first 2,000 of all schedules */
  seeds?: SeedRange;
}

/** All changes of a mutant. */
export function editsOf({ file, text, replacement, also = [] }: Mutant): Edit[] {
  return [{ file, text, replacement }, ...also];
}

/**
 * The source with a change; throws where the text does not occur exactly once. Spaces, line breaks and
 * trailing commas count for nothing, so that the formatter may break a line elsewhere.
 */
export function applyEdit(source: string, { file, text, replacement }: Edit): string {
  const tokens = text.match(/\w+|\S/g) ?? [];
  const pattern = tokens.map((token, at) => {
    const escaped = token.replace(/[^\w]/, "\\$&");
    if (at === 0) return escaped;
    if (/^[)\]}]/.test(token)) return `,?\\s*${escaped}`;
    return (/\w$/.test(tokens[at - 1] ?? "") && /^\w/.test(token) ? "\\s+" : "\\s*") + escaped;
  }).join("");
  const found = [...source.matchAll(new RegExp(pattern, "g"))];
  if (found.length === 1 && found[0]) return source.replace(found[0][0], () => replacement);
  throw new Error(`Cannot change ${file}: ${JSON.stringify(text)} occurs ${found.length} times`);
}
