// Listings, a table for people or one JSON object per line, and facts about one thing.
import type { CommandContext } from "./command.ts";
import type { TextNumbers } from "../../metadata_text.ts";
import { knownColumns, wrapped } from "../terminal/cli_io.ts";
import { type Column, createTable, printable, printableJson } from "../terminal/table.ts";

/** A row of a listing, as JSON and as a line of a table. */
export interface Row {
  json: unknown;
  cells: readonly string[];
}

const PAGE_ROWS = 100;

/** Prints a listing and returns the number of rows. Without columns it prints only the cells. */
export async function printTable(
  context: CommandContext,
  columns: readonly (Column | string)[] | undefined,
  rows: Iterable<Row> | AsyncIterable<Row>,
): Promise<number> {
  const { io, colors, shared } = context;
  const table = columns && createTable(columns, {
    columns: shared.wide ? undefined : knownColumns(io.stdout),
    heading: colors.bold,
  });
  const toLines = (page: readonly Row[]) => {
    if (shared.json) return page.map((row) => printableJson(row.json));
    if (table !== undefined) return table.page(page.map((row) => row.cells));
    const shown = io.stdout.isTerminal ? printable : (cell: string) => cell;
    return page.map(({ cells }) => cells.map(shown).join("\t"));
  };
  let page: Row[] = [];
  let count = 0;
  const flush = async () => {
    if (page.length > 0) await io.stdout.write(`${toLines(page).join("\n")}\n`);
    page = [];
  };
  for await (const row of rows) {
    count++;
    if (page.push(row) >= PAGE_ROWS) await flush();
  }
  await flush();
  const dropped = shared.json ? [] : table?.dropped ?? [];
  if (dropped.length > 0) {
    await context.note(`Columns that did not fit: ${dropped.join(", ")} (--wide shows all)`);
  }
  return count;
}

/** Notes which numbers that were compared are text. */
export async function noteTextNumbers(
  context: CommandContext,
  { notes }: TextNumbers,
): Promise<void> {
  for (const note of notes) {
    await context.note(`${note}, compared as a number (key:=10 saves a number)`);
  }
}

/** Sorts items for people, `run-2` before `run-10`. Programs get the documented order. */
export function inOrder<T>(items: Iterable<T>, textOf: (item: T) => string): T[] {
  const order = new Intl.Collator("en", { numeric: true });
  return [...items].sort((a, b) => order.compare(textOf(a), textOf(b)));
}

/** A label and a value. Undefined values are omitted. */
export type Fact = readonly [label: string, value: string | undefined];

/** Formats facts, one a line, with their labels in a column. */
export function factsText(
  facts: readonly Fact[],
  { io, colors }: Pick<CommandContext, "io" | "colors">,
): string {
  const known = facts.filter(([, value]) => value !== undefined);
  const indent = Math.max(...known.map(([label]) => printable(label).length)) + 2;
  const columns = knownColumns(io.stdout);
  return known.map(([label, value]) =>
    colors.bold(printable(label).padEnd(indent)) + wrapped(printable(value!), { indent, columns })
  ).join("\n");
}
