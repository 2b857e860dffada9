// Rows of a comparison that a text or a regular expression selects.

export interface RowFilter {
  /** Returns true for the name of a row that is selected. */
  readonly matches: (name: string) => boolean;
  /** Why the typed text selects nothing by itself: all rows match. */
  readonly problem?: string;
}

/** Longer names are cut: regular expressions may need much more time for them. */
const MOST_CHARACTERS = 200;
/** Ways that a browser may try for all names together: they take about a second. */
const MOST_WAYS = 1e9;
const ALL = () => true;
const cut = (name: string) => name.slice(0, MOST_CHARACTERS);

/**
 * Parses words, all of which a name has, ignoring case, or a regular expression between slashes.
 *
 * @param names those that it will be asked for
 */
export function parseRowFilter(typed: string, names: readonly string[]): RowFilter {
  const [, pattern] = /^\/(.*?)\/?$/s.exec(typed.trim()) ?? [];
  if (pattern === undefined) {
    const words = typed.toLowerCase().split(/\s+/).filter((word) => word !== "");
    return { matches: (name) => words.every((word) => name.toLowerCase().includes(word)) };
  }
  // A browser may try exponentially many ways to match it: an address could stop the page.
  const signs = pattern.replace(/\\.|\[(?:\\.|[^\]\\])*\]/gs, "");
  if (/\)[*+{]/.test(signs)) {
    return { matches: ALL, problem: "a group cannot be repeated with *, + or {" };
  }
  if (names.reduce((sum, name) => sum + waysOf(signs, cut(name).length), 0) > MOST_WAYS) {
    return { matches: ALL, problem: "it has too many of *, +, {, ? or |, and would take too long" };
  }
  try {
    const expression = new RegExp(pattern, "iu");
    return { matches: (name) => expression.test(cut(name)) };
  } catch (error) {
    const [, problem] = /: ([^:]*)$/.exec((error as Error).message) ?? [];
    return { matches: ALL, problem: problem ?? "it is not a regular expression" };
  }
}

/**
 * Returns how many ways there are to match a name at most: places to begin, times those to share its
 * characters out among repetitions, times the choices.
 */
function waysOf(signs: string, length: number): number {
  const repeated = signs.match(/[*+{]/g)?.length ?? 0;
  const choices = signs.match(/\||(?<![(*+?}])\?/g)?.length ?? 0;
  let ways = (length + 1) * 2 ** choices;
  for (let i = 1; i <= repeated; i++) ways *= (length + i) / i;
  return ways;
}
