// Renaming names by their prefix: `--rename old=new`.
import { invalid } from "../terminal/hints.ts";

/** Replaces the prefix `from` of names with `to`. */
export interface Renaming {
  from: string;
  to: string;
}

export function parseRenaming(text: string): Renaming {
  const at = text.indexOf("=");
  if (at >= 0) return { from: text.slice(0, at), to: text.slice(at + 1) };
  const hint = "Write the old prefix, =, and the new prefix: --rename my:=their:";
  throw invalid(`rename by ${JSON.stringify(text)}`, "it has no =", hint);
}

export function renamed(name: string, renamings: readonly Renaming[]): string {
  const found = renamings.find(({ from }) => name.startsWith(from));
  return found === undefined ? name : found.to + name.slice(found.from.length);
}
