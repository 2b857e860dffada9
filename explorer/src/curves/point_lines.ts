// Points as lines of JSON: the numbers of each, by name.
import { isJsonObject, parsedJson } from "../../../core/text/json_text.ts";
import { axesOf } from "./axes.ts";

/** Names that have a column, and more of those that count steps. */
export const MOST_COLUMNS = 1_000, MOST_AXES = 10;
/** Objects in objects that have values. */
const MOST_DEPTH = 5;

/** The columns of lines that are read so far. Each name has one, up to a limit. */
export class PointLines {
  readonly columns: { name: string; type: "number" }[] = [];
  /** Names without a column, up to {@linkcode MOST_COLUMNS}. */
  readonly leftOut: Set<string> = new Set();
  readonly #places = new Map<string, number>();

  /** Returns the rows of lines that have numbers. */
  rowsOf(lines: readonly string[]): number[][] {
    return lines.map((line) => this.#rowOf(line)).filter(({ length }) => length > 0);
  }

  #rowOf(line: string): number[] {
    const row: number[] = [];
    this.#addTo(row, parseLine(line), "", 1);
    return row;
  }

  /** Adds the numbers of an object, and of objects in it: `test.loss`. */
  #addTo(row: number[], values: Values, prefix: string, depth: number): void {
    for (const name in values) { // as parsed, without inherited members
      const value: unknown = values[name];
      const number = typeof value === "number"
        ? value
        : typeof value === "string" && NOT_FINITE.test(value)
        ? Number(value)
        : undefined;
      if (number !== undefined) {
        const full = prefix + name;
        const place = this.#places.get(full) ?? this.#placeOf(full);
        if (place !== undefined) row[place] = number;
      } else if (isJsonObject(value) && depth < MOST_DEPTH) {
        this.#addTo(row, value, `${prefix}${name}.`, depth + 1);
      }
    }
  }

  #placeOf(name: string): number | undefined {
    const more = axesOf([name]).length > 0 ? MOST_AXES : 0;
    if (this.columns.length >= MOST_COLUMNS + more) {
      if (this.leftOut.size < MOST_COLUMNS) this.leftOut.add(name);
      return undefined;
    }
    const place = this.columns.push({ name, type: "number" }) - 1;
    this.#places.set(name, place);
    return place;
  }
}

const NOT_FINITE = /^(?:NaN|-?Infinity)$/;

type Values = Readonly<Record<string, unknown>>;

/** Parses an object, also with NaN and infinities as Python writes them. */
function parseLine(line: string): Values {
  return parsed(line) ??
    parsed(line.replaceAll(WRITTEN, (_, text, number) => text ?? `"${number}"`)) ??
    {}; // a program that is killed leaves half a line
}

function parsed(line: string): Values | undefined {
  const value = parsedJson(line);
  return value === undefined || isJsonObject(value) ? value : {};
}

/** A string, or a number that JSON lacks. */
const WRITTEN = /("(?:[^"\\]|\\.)*")|(NaN|-?Infinity)\b/g;
