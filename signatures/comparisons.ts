// The comparisons of a condition of a promotion.

/** Returns the comparisons of a condition: those that `and` joins, outside quotes. */
export function comparisonsIn(where: string): string[] {
  return where.split(/\s+and\s+(?=(?:[^'"]|'[^']*'|"[^"]*")*$)/i)
    .map((each) => each.trim().replace(/^metrics\./, "metadata.metrics."));
}
