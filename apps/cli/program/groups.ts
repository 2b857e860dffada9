// The groups of commands in the help.
import { wrapped } from "../terminal/wrap.ts";
import type { Command } from "./command.ts";

export interface CommandGroup {
  /** One word, as in `holdfast help data`; not the name of a command. */
  name: string;
  title: string;
  /** First words of commands. */
  words: readonly string[];
}

export const GROUPS: readonly CommandGroup[] = [
  { name: "start", title: "First commands", words: ["init", "explore", "doctor"] },
  {
    name: "data",
    title: "Save, load and download",
    words: ["save", "load", "download", "cat", "copy", "batch"],
  },
  {
    name: "look",
    title: "List, search and compare",
    words: ["ls", "versions", "info", "log", "diff", "lineage"],
  },
  {
    name: "names",
    title: "Aliases, releases, notes and deletion",
    words: ["alias", "publish", "members", "note", "rm"],
  },
  {
    name: "space",
    title: "Space and safety",
    words: ["du", "prune", "rules", "gc", "verify", "mirror", "settings"],
  },
  {
    name: "share",
    title: "Other registries, programs and places",
    words: ["remote", "export", "import"],
  },
  {
    name: "pipelines",
    title: "Steps that run when their inputs change",
    words: ["pipeline", "operators", "worker"],
  },
  { name: "services", title: "HTTP, tokens and jobs", words: ["serve", "token", "jobs"] },
  {
    name: "machine",
    title: "This machine and its stores",
    words: ["probe", "cache", "completions"],
  },
];

/** Lists the groups, one per line. */
export function groupLines(): string {
  return GROUPS.map(({ name, words }) => `  ${name.padEnd(10)}  ${words.join(", ")}`).join("\n");
}

/** Lists the commands of a group with their purposes. */
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
