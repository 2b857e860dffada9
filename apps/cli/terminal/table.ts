// Tables of text, aligned and no wider than the terminal.
import { printable, printableJson } from "../../../core/naming/printable.ts";

export { printable, printableJson };

/** A column of a table. */
export interface Column {
  title: string;
  /** @default "left" */
  align?: "left" | "right";
  /** May be cut in the middle on a narrow terminal. @default false */
  shrinks?: boolean;
  /** Omitted on a narrow terminal, the highest number first. @default it stays */
  drops?: number;
}

interface TableOptions {
  /** Characters per line. @default unlimited */
  columns?: number;
  heading?: (text: string) => string;
}

interface SizedColumn extends Column {
  readonly index: number;
  width: number;
}

const GAP = "  ";
const NARROWEST = 8;

/** A table printed by page. Columns never get narrower on later pages. */
interface Table {
  page(rows: readonly (readonly string[])[]): string[];
  readonly dropped: readonly string[];
}

export function createTable(
  titles: readonly (Column | string)[],
  options: TableOptions = {},
): Table {
  const columns = titles.map((title, index): SizedColumn => {
    const column: Column = typeof title === "string" ? { title } : title;
    const shown = printable(column.title);
    return { ...column, title: shown, index, width: displayWidth(shown) };
  });
  const { columns: lineWidth = Infinity, heading = (text) => text } = options;
  let shown: readonly SizedColumn[] = columns;
  let isFirst = true;
  return {
    get dropped() {
      return columns.flatMap((column) => shown.includes(column) ? [] : [column.title]);
    },
    page(rows) {
      const clean = rows.map((row) => row.map(printable));
      for (const column of columns) {
        const cells = clean.map((row) => displayWidth(row[column.index] ?? ""));
        column.width = cells.reduce((most, cell) => Math.max(most, cell), column.width);
      }
      if (isFirst) shown = withRoom(columns, lineWidth);
      const sized = fitted(shown, lineWidth);
      const line = (cells: readonly string[]) =>
        sized.map(({ index, width, align }) => padded(cut(cells[index] ?? "", width), width, align))
          .join(GAP).trimEnd();
      const lines = clean.map(line);
      if (isFirst) lines.unshift(heading(line(columns.map((column) => column.title))));
      isFirst = false;
      return lines;
    },
  };
}

function widthOf(columns: readonly SizedColumn[]): number {
  return columns.reduce((sum, { width }) => sum + width, GAP.length * (columns.length - 1));
}

/** Chooses the columns to show. Columns are omitted before any is cut. */
function withRoom(columns: readonly SizedColumn[], lineWidth: number): readonly SizedColumn[] {
  const leaving = columns.filter(({ drops }) => drops !== undefined)
    .sort((a, b) => b.drops! - a.drops!);
  let shown = columns;
  for (const column of leaving) {
    if (widthOf(shown) <= lineWidth) break;
    shown = shown.filter((other) => other !== column);
  }
  return shown;
}

/** Narrows the columns that may shrink until the line fits, the widest first. */
function fitted(shown: readonly SizedColumn[], lineWidth: number): SizedColumn[] {
  const columns = shown.map((column) => ({ ...column }));
  for (let excess = widthOf(columns) - lineWidth; excess > 0; excess--) {
    const [widest] = columns.filter(({ shrinks, width }) => shrinks && width > NARROWEST)
      .sort((a, b) => b.width - a.width);
    if (widest === undefined) break;
    widest.width--;
  }
  return columns;
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

/** Like `printable`, but keeps ends of lines. */
export function printableLines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}

/** Like `printable`, but keeps colors, tabs and ends of lines. */
export function printableText(text: string): string {
  // deno-lint-ignore no-control-regex
  const parts = text.split(/(\x1b\[\d+m|[\t\n])/);
  return parts.map((part, i) => i % 2 === 1 ? part : printable(part)).join("");
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
