// `.gitignore` patterns (git-scm.com/docs/gitignore), by the package `ignore`. Loaded on demand, so
// that programs without patterns do not download it.
import ignore from "npm:ignore@^7.0.5";
import type { PatternOptions, Patterns } from "./choice.ts";

export function createPatterns(
  lines: readonly string[],
  { below = "", after }: PatternOptions = {},
): Patterns {
  const rules = ignore({ ignoreCase: false });
  if (after !== undefined) rules.add((after as OwnPatterns).rules);
  rules.add(below === "" ? lines : lines.map((line) => lineBelow(line, below)));
  return {
    rules,
    test(path) {
      const { ignored, unignored } = rules.test(path);
      return ignored ? "matched" : unignored ? "negated" : undefined;
    },
  } as OwnPatterns;
}

interface OwnPatterns extends Patterns {
  rules: ReturnType<typeof ignore>;
}

/** Converts a line of a file in a folder to one of the root. */
function lineBelow(line: string, folder: string): string {
  if (/^\s*$/.test(line) || line.startsWith("#")) return "";
  const isNegated = line.startsWith("!");
  const pattern = (isNegated ? line.slice(1) : line).replace(/^\\([#!])/, "$1");
  const isAnchored = /\/(?!\s*$)/.test(pattern);
  const place = folder.replaceAll(/[\\*?[\]]/g, "\\$&");
  const rest = isAnchored ? pattern.replace(/^\//, "") : `**/${pattern}`;
  return `${isNegated ? "!" : ""}/${place}/${rest}`;
}
