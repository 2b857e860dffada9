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
  /** @default all schedules */
  schedule?: string;
}

/** A mistake that somebody could make. */
export interface Mutant extends Edit {
  /** Its area and effect: `cell/first-exists-is-a-loss`. */
  name: string;
  /** Further changes, where the same rule stands in several places. @default none */
  also?: readonly Edit[];
  /** A test, by its file and a part of its name, or seeds of the simulation. */
  foundBy: { test: string; name: string } | { seeds: SeedRange };
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
    return (/\w$/.test(tokens[at - 1]) && /^\w/.test(token) ? "\\s+" : "\\s*") + escaped;
  }).join("");
  const found = [...source.matchAll(new RegExp(pattern, "g"))];
  if (found.length === 1) return source.replace(found[0][0], () => replacement);
  throw new Error(`Cannot change ${file}: ${JSON.stringify(text)} occurs ${found.length} times`);
}
