// Suggestions for mistyped names.
/** Returns the nearest name by edit distance, if one is near enough. */
export function nearest(text: string, names: Iterable<string>): string | undefined {
  const typed = folded(text).slice(0, 80);
  let best: string | undefined;
  let least = Math.max(1, Math.floor(typed.length * 3 / 7)) + 0.5; // 1 of 4 letters, 3 of 7
  let looked = 0;
  for (const name of names) {
    if (++looked > 2_000) break; // a hint is not worth more time
    const distance = editDistance(typed, folded(name));
    const isOther = distance >= Math.max(typed.length, name.length); // no letter is the same
    if (distance < least && !isOther) [best, least] = [name, distance];
  }
  return best;
}

/** Letters of any case, and accents in either form of Unicode, are equal. */
function folded(text: string): string {
  return text.normalize("NFC").toLowerCase();
}

/** Like {@linkcode nearest} for refs and their parts; also finds names that contain the text. */
export function nearestName(text: string, names: readonly string[]): string | undefined {
  const others = names.filter((name) => name !== text);
  if (text.length < 2) return undefined;
  return nearest(text, others) ?? others.find((other) => isPartOf(text, other));
}

/** True for `model` of `my:model` and `team/model`, `prod` of `production`. */
function isPartOf(text: string, name: string): boolean {
  const last = name.slice(Math.max(name.lastIndexOf(":"), name.lastIndexOf("/")) + 1);
  return last === text || text.length >= 3 && name.startsWith(text);
}

/** Returns `Did you mean x? ` or an empty string. */
export function didYouMean(text: string, names: Iterable<string>): string {
  const name = nearest(text, names);
  return name === undefined ? "" : `Did you mean ${name}? `;
}

/** Returns the number of changed, added, missing and swapped letters. */
export function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > a.length / 3 + 1) return Infinity;
  const cost = (row: readonly number[], at: number) => row[at] ?? Infinity;
  let [before, row] = [[] as number[], Array.from({ length: b.length + 1 }, (_, index) => index)];
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? 1 : Infinity;
      const edited = Math.min(cost(row, j) + 1, cost(next, j - 1) + 1, cost(row, j - 1) + same);
      next.push(Math.min(edited, cost(before, j - 2) + swapped));
    }
    [before, row] = [row, next];
  }
  return cost(row, b.length);
}
