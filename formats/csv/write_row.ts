// Rows of CSV as text (RFC 4180): a cell with a delimiter, a quote or a line break stands in
// quotes.
import { shown } from "../../core/naming/names.ts";
import type { Cell, Column, Row } from "../../core/table.ts";

export interface RowWriter {
  texts(texts: readonly string[]): string;
  /** The line of a row, or what keeps a cell from coming back as it is. */
  row(columns: readonly Column[], row: Row): { line: string } | { problem: string };
}

export function createRowWriter(delimiter: string): RowWriter {
  const special = new RegExp(`["\r\n${delimiter}]|^\ufeff`); // a mark would be taken for that of the file
  const quoted = (text: string) => special.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

  function texts(texts: readonly string[]): string {
    if (texts.length === 1 && texts[0] === "") return '""\n'; // an empty line is no row
    return `${texts.map(quoted).join(delimiter)}\n`;
  }

  function row(columns: readonly Column[], row: Row): { line: string } | { problem: string } {
    const cells: string[] = [];
    for (const { name, nullable } of columns) {
      const cell = row[name];
      const problem = cellProblem(cell, nullable);
      if (problem !== undefined) return { problem: `its ${shown(name)} ${problem}` };
      cells.push(cellText(cell));
    }
    return { line: texts(cells) };
  }

  return { texts, row };
}

function cellProblem(cell: Cell, nullable: boolean | undefined): string | undefined {
  if (cell === "" && nullable) return "is an empty text, and an empty cell is read as null";
  if (typeof cell === "number" && !Number.isFinite(cell)) {
    return `is ${cell}, which programs write in different ways`;
  }
}

function cellText(cell: Cell): string {
  if (cell === null) return "";
  if (cell instanceof Date) return cell.toISOString();
  return Object.is(cell, -0) ? "-0" : String(cell);
}
