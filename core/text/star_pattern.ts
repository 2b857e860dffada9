// Patterns in which each `*` stands for any characters, or none.

/** Returns true if the whole text matches. Takes time that grows with the lengths alone. */
export function matchesStars(text: string, pattern: string): boolean {
  const [first = "", ...others] = pattern.split("*");
  const last = others.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const part of others) {
    const next = text.indexOf(part, at);
    if (next < 0) return false;
    at = next + part.length;
  }
  return text.length >= at + last.length && text.endsWith(last);
}
