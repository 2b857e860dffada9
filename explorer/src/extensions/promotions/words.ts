// Words for the conditions of a rule. Others are shown as JSON.

const WORDS: Readonly<Record<string, (value: never) => string>> = {
  signedBy: (keys: readonly string[]) =>
    `if signed by ${keys.length === 1 ? "a key" : `each of ${keys.length} keys`}`,
  where: (where: string) => `if ${where}`,
  review: (label: string) => `if another author has set the label ${label}`,
};

const KINDS: Readonly<Record<string, (value: unknown) => boolean>> = {
  signedBy: Array.isArray,
  where: (value) => typeof value === "string",
  review: (value) => typeof value === "string",
};

/** Returns words for conditions, after "only". */
export function conditionsText(promote: Readonly<Record<string, unknown>>): string {
  return Object.entries(promote).map(([name, value]) =>
    KINDS[name]?.(value) ? WORDS[name]?.(value as never) : `${name} ${JSON.stringify(value)}`
  ).join(" and ");
}
