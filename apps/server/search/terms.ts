// The terms of queries and filters: words, `"two words"`, and conditions such as `epochs > 3`. A
// condition is never the value of another: `epochs> name=a` has two, the first without a value.
export function termsOf(query: string): string[] {
  const terms =
    query.match(/(?:\s*(?:[!<>]=|[=<>])(?:\s+(?![^\s"=!<>]+\s*[!<>=]))?|[^\s"]|"[^"]*"?)+/g) ?? [];
  return terms.map((term) => term.replace(SPACED, "$1$2"));
}

/** A field, which may have quoted keys, and an operator. */
const SPACED = /^([^\s"=!<>]+(?:"[^"]*"[^\s"=!<>]*)*)\s*([!<>]=|[=<>])\s*/;
