// The groups of commands in the help.
import { wrapped } from "../terminal/cli_io.ts";
import type { Command } from "./command.ts";

export interface CommandGroup {
  /** One word, as in `holdfast help data`; not the name of a command. */
  name: string;
  title: string;
  words: readonly string[];
}

export function groupLines(groups: readonly CommandGroup[]): string {
  return groups.map(({ name, words }) => `  ${name.padEnd(10)}  ${words.join(", ")}`).join("\n");
}

export function groupHelp(
  { title, words }: CommandGroup,
  commands: readonly Command[],
  columns: number,
): string {
  const rows = words.flatMap((word) =>
    commands.filter(({ name }) => name.split(" ")[0] === word).map(({ name, args, summary }) => ({
      usage: [name, ...args.map(({ usage }) => usage)].join(" "),
      summary,
    }))
  );
  const width = Math.max(...rows.map(({ usage }) => usage.length));
  const lines = rows.map(({ usage, summary }) =>
    `  ${usage.padEnd(width)}  ${wrapped(summary, { indent: width + 4, columns })}`
  );
  return [`${title}:`, ...lines, "", 'See "holdfast help COMMAND".'].join("\n");
}
