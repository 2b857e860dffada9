// Renaming names by their prefix: `--rename old=new`.
import { invalid } from "../terminal/hints.ts";

/** Replaces the prefix `from` of names with `to`. */
interface Renaming {
  from: string;
  to: string;
  /** True if it renamed a name. */
  used?: boolean;
}

export function parseRenaming(text: string): Renaming {
  const at = text.indexOf("=");
  if (at >= 0) return { from: text.slice(0, at), to: text.slice(at + 1) };
  const hint = "Write the old prefix, =, and the new prefix: --rename my:=their:";
  throw invalid(`rename by ${JSON.stringify(text)}`, "it has no =", hint);
}

export function renamed(name: string, renamings: readonly Renaming[]): string {
  const renaming = renamings.find(({ from }) => name.startsWith(from));
  if (renaming === undefined) return name;
  renaming.used = true;
  return renaming.to + name.slice(renaming.from.length);
}

/** Prints a note for each renaming that changed no name. */
export async function noteUnused(all: readonly Renaming[], note: (text: string) => Promise<void>) {
  for (const { from, used } of all) {
    if (!used) await note(`No name to rename begins with ${JSON.stringify(from)}`);
  }
}
