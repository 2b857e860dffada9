// `.gitignore` patterns (git-scm.com/docs/gitignore), by the package `ignore`. Loaded on demand, so
// that programs without patterns do not download it.
import ignore from "npm:ignore@^7.0.5";
import { invalid } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { PatternOptions, Patterns } from "./choice.ts";

export function createPatterns(
  lines: readonly string[],
  { below = "", after, strict = false }: PatternOptions = {},
): Patterns {
  if (strict) lines.forEach(checkPattern);
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

/** Throws `Invalid` for a pattern that would match nothing: with an open bracket, or `./`. */
function checkPattern(line: string): void {
  if (line.startsWith("#")) return;
  if (/(^!?|\/)\.{1,2}(\/|$)|\/\//.test(line)) {
    throw invalid("use pattern", shown(line), "no path of a version has `.`, `..` or `//`", {
      hint: "Write it from the folder that is saved: /data for ./data.",
    });
  }
  if (!line.replaceAll(CLOSED, "").includes("[")) return;
  throw invalid("use pattern", shown(line), "it has [ without ]", {
    hint: "Add ], or write \\[ for the character [.",
  });
}

/** An escaped character, or a set of characters. */
const CLOSED = /\\.|\[[!^]?\]?(?:\\.|[^\]\\])*\]/g;

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
