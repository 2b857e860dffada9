// CSV cells as values of the column's type, without loss.
import { shown } from "../../core/naming/names.ts";
import type { Cell, Column, Row } from "../tables/table.ts";
import { exactNumber } from "../../core/text/exact_number.ts";

/** The reason why a string is not a valid cell of its column. */
export class CellProblem {
  /** For a message: `"abc" is not a number`. */
  readonly state: string;
  /** True if the text is of the type, but its value would lose digits. */
  readonly isInexact: boolean;

  constructor(text: string, state: string, isInexact = false) {
    this.state = `${shown(text)} ${state}`;
    this.isInexact = isInexact;
  }
}

/** Returns the value of a cell, or its problem. An empty cell of a nullable column is null. */
export function readCell({ type, nullable }: Column, text: string): Cell | CellProblem {
  if (nullable && text === "") return null;
  switch (type) {
    case "string":
      return text;
    case "number": {
      const number = exactNumber(text);
      if (number === undefined) return new CellProblem(text, "is not a number");
      return number === "inexact" ? new CellProblem(text, "exceeds a 64-bit number", true) : number;
    }
    case "int64":
      return readInt64(text);
    case "boolean":
      if (/^(?:true|True|TRUE)$/.test(text)) return true;
      return /^(?:false|False|FALSE)$/.test(text)
        ? false
        : new CellProblem(text, "is neither true nor false");
    case "date":
      return readDate(text);
  }
}

function readInt64(text: string): bigint | CellProblem {
  if (!/^[+-]?\d+$/.test(text)) return new CellProblem(text, "is not a whole number");
  const digits = text.replace(/^[+-]?0*(?=\d)/, "");
  const integer = digits.length > 19
    ? undefined
    : BigInt(text.startsWith("-") ? `-${digits}` : digits);
  if (integer !== undefined && BigInt.asIntN(64, integer) === integer) return integer;
  return new CellProblem(text, "exceeds 64 bits", true);
}

const DAY = /^([+-]\d{6}|\d{4})-(\d\d)-(\d\d)/;
const TIME = /(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,3})(\d*))?)?(?:Z|([+-])(\d\d):?(\d\d)))?$/;
const DATE = new RegExp(DAY.source + TIME.source);

/** Parses an ISO 8601 day, or a time with its offset from UTC. A local time is ambiguous. */
function readDate(text: string): Date | CellProblem {
  const match = DATE.exec(text);
  if (match === null) return new CellProblem(text, "is not a day or a time with its time zone");
  const number = (text: string | undefined) => Number(text ?? 0);
  const [, year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.map(number);
  const [hoursAway, minutesAway] = [number(match[10]), number(match[11])];
  const offset = (match[9] === "-" ? -1 : 1) * (hoursAway * 60 + minutesAway);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const isDay = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  const isTime = hour < 24 && minute < 60 && second < 60 && hoursAway < 24 && minutesAway < 60;
  date.setUTCHours(hour, minute - offset, second, Number((match[7] ?? "").padEnd(3, "0")));
  if (!isDay || !isTime || Number.isNaN(date.getTime())) {
    return new CellProblem(text, "is not a valid date");
  }
  return /[1-9]/.test(match[8] ?? "")
    ? new CellProblem(text, "has fractions of a millisecond", true)
    : date;
}

interface RowWriter {
  texts(texts: readonly string[]): string;
  /** Returns the line of a row, or why a cell cannot be read back exactly. */
  row(columns: readonly Column[], row: Row): { line: string } | { problem: string };
}

export function createRowWriter(delimiter: string): RowWriter {
  // At the start of a file, a mark or a separator would be none of its text.
  const special = new RegExp(`["\r\n${delimiter}]|^\ufeff|^sep=.?$`, "i");
  const quoted = (text: string) => special.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

  function texts(texts: readonly string[]): string {
    if (texts.length === 1 && texts[0] === "") return '""\n'; // an empty line is skipped
    return `${texts.map(quoted).join(delimiter)}\n`;
  }

  function row(columns: readonly Column[], row: Row): { line: string } | { problem: string } {
    const cells: string[] = [];
    for (const { name, nullable } of columns) {
      const cell = row[name] as Cell;
      const problem = cellProblem(cell, nullable);
      if (problem !== undefined) return { problem: `its ${shown(name)} ${problem}` };
      cells.push(cellText(cell));
    }
    return { line: texts(cells) };
  }

  return { texts, row };
}

function cellProblem(cell: Cell, nullable: boolean | undefined): string | undefined {
  if (cell === "" && nullable) return "is an empty string, which is read back as null";
  if (typeof cell === "number" && !Number.isFinite(cell)) {
    return `is ${cell}, which programs write in different ways`;
  }
}

function cellText(cell: Cell): string {
  if (cell === null) return "";
  if (cell instanceof Date) return cell.toISOString();
  return Object.is(cell, -0) ? "-0" : String(cell);
}
