// Tables of text, aligned and no wider than the terminal.
export interface Column {
  title: string;
  /** @default "left" */
  align?: "left" | "right";
  /** May be cut in the middle on a narrow terminal. @default false */
  shrinks?: boolean;
  /** Omitted on a narrow terminal, the highest number first. @default it stays */
  drops?: number;
}

export interface TableOptions {
  /** Characters per line. @default unlimited */
  columns?: number;
  heading?: (text: string) => string;
}

const GAP = "  ";
const NARROWEST = 8;

/** A table printed by page. Columns never get narrower on later pages. */
export interface Table {
  page(rows: readonly (readonly string[])[]): string[];
  readonly dropped: readonly string[];
}

export function createTable(
  titles: readonly (Column | string)[],
  options: TableOptions = {},
): Table {
  const columns = titles.map((title): Column => typeof title === "string" ? { title } : title);
  const { columns: lineWidth = Infinity, heading = (text) => text } = options;
  const widest = columns.map((column) => displayWidth(column.title));
  let shown = columns.map((_, index) => index);
  let isFirst = true;
  const line = (cells: readonly string[], widths: readonly number[]) =>
    shown.map((i) => padded(cut(cells[i], widths[i]), widths[i], columns[i].align)).join(GAP)
      .trimEnd();
  return {
    get dropped() {
      return columns.flatMap(({ title }, i) => shown.includes(i) ? [] : [title]);
    },
    page(rows) {
      const clean = rows.map((row) => row.map(printable));
      for (const row of clean) {
        row.forEach((cell, i) => widest[i] = Math.max(widest[i], displayWidth(cell)));
      }
      if (isFirst) shown = withRoom(widest, columns, lineWidth);
      const widths = fitted(widest, { columns, shown }, lineWidth);
      const lines = clean.map((row) => line(row, widths));
      if (isFirst) lines.unshift(heading(line(columns.map((column) => column.title), widths)));
      isFirst = false;
      return lines;
    },
  };
}

function widthOf(shown: readonly number[], widths: readonly number[]): number {
  return shown.reduce((sum, i) => sum + widths[i], GAP.length * (shown.length - 1));
}

/** Chooses the columns to show. Columns are omitted before any is cut. */
function withRoom(
  widest: readonly number[],
  columns: readonly Column[],
  lineWidth: number,
): number[] {
  const leaving = columns.flatMap(({ drops }, i) => drops === undefined ? [] : [{ drops, i }])
    .sort((a, b) => b.drops - a.drops);
  let shown = columns.map((_, index) => index);
  for (const { i } of leaving) {
    if (widthOf(shown, widest) <= lineWidth) break;
    shown = shown.filter((index) => index !== i);
  }
  return shown;
}

/** Narrows the columns that may shrink until the line fits, the widest first. */
function fitted(
  widest: readonly number[],
  { columns, shown }: { columns: readonly Column[]; shown: readonly number[] },
  lineWidth: number,
): number[] {
  const widths = [...widest];
  for (let excess = widthOf(shown, widths) - lineWidth; excess > 0; excess--) {
    const candidates = widths.map((width, i) =>
      shown.includes(i) && columns[i].shrinks && width > NARROWEST ? width : 0
    );
    const most = Math.max(...candidates);
    if (most === 0) break;
    widths[candidates.indexOf(most)]--;
  }
  return widths;
}

/** Cuts a string in the middle: the ends distinguish names and paths. */
export function cut(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  const chars = [...text];
  while (displayWidth(chars.join("")) > width - 1) chars.splice(Math.floor(chars.length / 2), 1);
  chars.splice(Math.ceil(chars.length / 2), 0, "…");
  return chars.join("");
}

function padded(text: string, width: number, align: Column["align"] = "left"): string {
  const space = " ".repeat(Math.max(0, width - displayWidth(text)));
  return align === "right" ? space + text : text + space;
}

/** Escapes control characters, which could control the terminal. */
export function printable(text: string): string {
  return text.replace(
    /\p{Cc}/gu,
    (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

/** Returns the columns of a string: East Asian wide characters and emoji take two, marks none. */
export function displayWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const char of text) {
    if (!/\p{Mark}|\u200d/u.test(char)) width += WIDE.test(char) ? 2 : 1;
  }
  return width;
}

const WIDE = new RegExp(
  "[\\u1100-\\u115f\\u2e80-\\ua4cf\\uac00-\\ud7a3\\uf900-\\ufaff\\ufe30-\\ufe6f" +
    "\\uff00-\\uff60\\uffe0-\\uffe6]|\\p{Emoji_Presentation}",
  "u",
);

/** Cuts a string at its end. */
export function cutEnd(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let cut = "";
  let used = 0;
  for (const char of text) {
    used += displayWidth(char);
    if (used > width - 1) break;
    cut += char;
  }
  return `${cut}…`;
}
