// Names of columns, which filters and comparisons find them by.

/** Returns names of columns that differ: the second `a` becomes `a (2)`. */
export function uniqueNames(titles: readonly string[]): string[] {
  const names = new Set<string>();
  const counts = new Map<string, number>(); // a file may have thousands of one name
  for (const [i, title] of titles.entries()) {
    const name = title || `column ${i + 1}`;
    let unique = name;
    let count = counts.get(name) ?? 1;
    while (names.has(unique)) unique = `${name} (${++count})`;
    counts.set(name, count);
    names.add(unique);
  }
  return [...names];
}
