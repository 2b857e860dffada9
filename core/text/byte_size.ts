// Sizes as people write them.
const LETTERS = "BKMGTP";

/** Parses `512`, `64KiB`, `1.5 GiB` or `256M` (the same as `256MiB`); undefined for other text. */
export function byteSize(text: string): number | undefined {
  const [, count, letter = "B", decimal] =
    /^(\d+(?:\.\d+)?)\s*(?:([KMGTP])(?:iB|(B))?|B)?$/i.exec(text) ?? [];
  if (count === undefined) return undefined;
  const power = LETTERS.indexOf(letter.toUpperCase());
  return Math.round(Number(count) * (decimal === undefined ? 1024 : 1000) ** power);
}
