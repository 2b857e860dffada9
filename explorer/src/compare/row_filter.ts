// Rows of a comparison that a text or a regular expression selects.
import { linearPattern } from "../../../core/text/linear_pattern.ts";

export interface RowFilter {
  /** Returns true for the name of a row that is selected. */
  readonly matches: (name: string) => boolean;
  /** Why the typed text selects nothing by itself: all rows match. */
  readonly problem?: string;
}

/** Parses words, all of which a name has, or a regular expression between slashes, ignoring case. */
export function parseRowFilter(typed: string): RowFilter {
  const [, pattern] = /^\/(.*?)\/?$/s.exec(typed.trim()) ?? [];
  if (pattern === undefined) {
    const words = typed.toLowerCase().split(/\s+/).filter((word) => word !== "");
    return { matches: (name) => words.every((word) => name.toLowerCase().includes(word)) };
  }
  try {
    return { matches: linearPattern(`(?i)${pattern.replace(/^\(\?i\)/, "")}`) };
  } catch (error) {
    const problem = (error as Error).message.replace(/^.*": /s, "");
    return { matches: () => true, problem };
  }
}
