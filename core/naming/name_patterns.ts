// Shell patterns of names: `tmp:*`, `model-{a,b}`.
import { globToRegExp } from "@std/path/posix/glob-to-regexp";

/** Returns true for a name, or the name of a ref, with characters of patterns. */
export function isPattern(text: string): boolean {
  return /^[^@]*[*?[\]{}]/.test(text);
}

/**
 * Returns the test of a pattern, and a prefix of all names that match. `*` matches anything but
 * `/`, and `**` between slashes any folders.
 */
export function globOf(pattern: string): { prefix: string; test(name: string): boolean } {
  const [prefix] = /^[^*?[\]{}\\]*/.exec(pattern)!;
  const expression = globToRegExp(pattern);
  return { prefix, test: (name) => expression.test(name) };
}
