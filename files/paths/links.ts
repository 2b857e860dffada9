// Targets of links in file stores.
import { folderOf, parsePath } from "../../core/naming/paths.ts";

/** Returns the relative text of a link at `path` that leads to `target`. */
export function relativeTarget(path: string, target: string): string {
  const from = path.split("/").slice(0, -1);
  const to = target === "" ? [] : target.split("/");
  let shared = 0;
  while (shared < from.length && from[shared] === to[shared]) shared++;
  return [...from.slice(shared).map(() => ".."), ...to.slice(shared)].join("/") || ".";
}

/** Returns the text of a link moved from one path to another, with the same target. */
export function movedText(text: string, from: string, to: string): string {
  if (text.startsWith("/")) return text;
  const target = targetOf(from, text);
  return target === undefined
    ? `${relativeTarget(to, folderOf(from))}/${text}`
    : relativeTarget(to, target);
}

/** Returns the target path of a link with this text, or undefined if it is outside of the store. */
export function targetOf(path: string, text: string): string | undefined {
  if (text.startsWith("/")) return undefined;
  const segments = path.split("/").slice(0, -1);
  for (const step of text.split("/")) {
    if (step === "" || step === ".") continue;
    if (step !== "..") segments.push(step);
    else if (segments.pop() === undefined) return undefined;
  }
  try {
    return parsePath(segments.join("/"));
  } catch {
    return undefined; // an invalid name
  }
}
