// Patterns of names, aliases and claims.
import { assertEquals } from "@std/assert";
import { matchesStars } from "../../../core/text/star_pattern.ts";

const CASES: [pattern: string, matches: string[], others: string[]][] = [
  ["a", ["a"], ["", "aa", "b"]],
  ["", [""], ["a"]],
  ["*", ["", "a", "a/b\nc"], []],
  ["a*", ["a", "ab"], ["", "ba"]],
  ["*a", ["a", "ba"], ["ab"]],
  ["a*a", ["aa", "aba"], ["a", "ab"]],
  ["a*b*c", ["abc", "a1b2c", "abbc"], ["ac", "acb", "abcd"]],
  ["ab*ba", ["abba"], ["aba"]],
  ["a**b", ["ab", "a1b"], ["a"]],
];

Deno.test("each star of a pattern stands for any characters or none", () => {
  for (const [pattern, matches, others] of CASES) {
    for (const text of matches) {
      assertEquals(matchesStars(text, pattern), true, `${pattern} ${text}`);
    }
    for (const text of others) {
      assertEquals(matchesStars(text, pattern), false, `${pattern} ${text}`);
    }
  }
});
