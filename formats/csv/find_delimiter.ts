// The separator of CSV: declared in its first line, or found in its first rows.
import type { CsvDelimiter } from "./table_format.ts";

const DELIMITERS: readonly CsvDelimiter[] = [",", ";", "\t", "|"];
/** Rows that are looked at, and their characters. */
const MOST_ROWS = 50;
const MOST_CHARACTERS = 64 * 1024;

/** Characters of the longest declaration, with a byte order mark and the end of its line. */
export const DECLARATION_CHARACTERS = 8;

const DECLARATION = /^\uFEFF?sep=([!-/:-@[-`{-~\t])(?:\r\n|\r|\n|$)/i;

/**
 * Returns the separator that the first line declares, and the length of this line. Excel writes and
 * reads it: `sep=;`.
 */
export function declaredDelimiter(head: string): { delimiter: string; length: number } | undefined {
  const [line, delimiter] = DECLARATION.exec(head) ?? [];
  return line === undefined || delimiter === undefined || delimiter === '"'
    ? undefined
    : { delimiter, length: line.length };
}

/**
 * Returns the separator that the first row has outside quotes, and most other rows as often; of
 * several, the one that makes most columns. A comma if there is none.
 */
export function findDelimiter(text: string): CsvDelimiter {
  const head = text.slice(declaredDelimiter(text)?.length); // readers use the declared one
  const rows = countsOf(head.slice(0, MOST_CHARACTERS));
  const [first = DELIMITERS.map(() => 0)] = rows;
  const scores = DELIMITERS.map((delimiter, at) => {
    const count = first[at] ?? 0;
    const alike = rows.filter((counts) => counts[at] === count).length;
    return { delimiter, count, share: count === 0 ? 0 : alike / rows.length };
  });
  const best = scores.reduce((a, b) =>
    b.share > a.share || b.share === a.share && b.count > a.count ? b : a
  );
  return best.share === 0 ? "," : best.delimiter;
}

/** Counts the separators of each row that is not empty, without those between quotes. */
function countsOf(text: string): number[][] {
  const rows: number[][] = [];
  let [counts, isQuoted, isEmpty] = [DELIMITERS.map(() => 0), false, true];
  const end = () => {
    if (!isEmpty) rows.push(counts);
    [counts, isEmpty] = [DELIMITERS.map(() => 0), true];
  };
  for (const character of text) {
    if (character === '"') isQuoted = !isQuoted;
    const isEnd = !isQuoted && (character === "\n" || character === "\r");
    if (isEnd) end();
    else isEmpty = false;
    const at = isQuoted ? -1 : DELIMITERS.indexOf(character as CsvDelimiter);
    if (at >= 0) counts[at] = (counts[at] ?? 0) + 1;
    if (rows.length === MOST_ROWS) return rows;
  }
  if (text.length < MOST_CHARACTERS || rows.length === 0) end(); // otherwise it may be cut
  return rows;
}
