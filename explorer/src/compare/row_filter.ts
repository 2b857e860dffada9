// Rows of a comparison that a text or a regular expression selects.

export interface RowFilter {
  /** Returns true for the name of a row that is selected. */
  readonly matches: (name: string) => boolean;
  /** Why the typed text selects nothing by itself: all rows match. */
  readonly problem?: string;
}

/** Longer names are cut: regular expressions may need much more time for them. */
const MOST_CHARACTERS = 200;
const ALL = () => true;

/**
 * Parses words, all of which a name has, ignoring case, or a regular expression between slashes.
 */
export function parseRowFilter(typed: string): RowFilter {
  const [, pattern] = /^\/(.*?)\/?$/s.exec(typed.trim()) ?? [];
  if (pattern === undefined) {
    const words = typed.toLowerCase().split(/\s+/).filter((word) => word !== "");
    return { matches: (name) => words.every((word) => name.toLowerCase().includes(word)) };
  }
  // Of such a pattern, a browser may try endless many ways: an address could stop the page.
  if (/\)[*+{]/.test(pattern.replace(/\\.|\[(?:\\.|[^\]\\])*\]/gs, ""))) {
    return { matches: ALL, problem: "a group cannot be repeated with *, + or {" };
  }
  try {
    const expression = new RegExp(pattern, "iu");
    return { matches: (name) => expression.test(name.slice(0, MOST_CHARACTERS)) };
  } catch (error) {
    const [, problem] = /: ([^:]*)$/.exec((error as Error).message) ?? [];
    return { matches: ALL, problem: problem ?? "it is not a regular expression" };
  }
}
