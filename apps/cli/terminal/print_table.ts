// Listings: a table for people, one JSON object per line for programs. Both are written as they
// come.
import type { CommandContext } from "../program/command.ts";
import { knownColumns } from "./cli_io.ts";
import { type Column, createTable } from "./table.ts";

export interface Row {
  /** For `--json`. */
  json: unknown;
  cells: readonly string[];
}

const PAGE_ROWS = 100;

/** Prints a listing and returns the number of its rows. Without columns each row is just its cells. */
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
    if (shared.json) return page.map((row) => JSON.stringify(row.json));
    return table?.page(page.map((row) => row.cells)) ?? page.map((row) => row.cells.join("\t"));
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
    await context.note(`Not shown, for want of room: ${dropped.join(", ")} (--wide shows all)`);
  }
  return count;
}

/**
 * Returns the items in the order that people expect in lists, by a text of each: `run-2` before `run-10`. Programs get
 * what they read in the order that is documented.
 */
export function inOrder<T>(items: Iterable<T>, textOf: (item: T) => string): T[] {
  const order = new Intl.Collator("en", { numeric: true });
  return [...items].sort((a, b) => order.compare(textOf(a), textOf(b)));
}
