// What is known of one thing, a line for each fact.
import type { CommandContext } from "../program/command.ts";
import { knownColumns } from "./cli_io.ts";
import { printable } from "./table.ts";
import { wrapped } from "./wrap.ts";

/** What something is called, and what it is; undefined is left out. */
export type Fact = readonly [what: string, says: string | undefined];

/** The facts as lines: their names in a column, what they say behind. */
export function factsText(
  facts: readonly Fact[],
  { io, colors }: Pick<CommandContext, "io" | "colors">,
): string {
  const known = facts.filter(([, says]) => says !== undefined);
  const indent = Math.max(...known.map(([what]) => what.length)) + 2;
  const columns = knownColumns(io.stdout);
  return known.map(([what, says]) =>
    colors.bold(what.padEnd(indent)) + wrapped(printable(says!), { indent, columns })
  ).join("\n");
}
