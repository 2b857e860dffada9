// Checks of arguments before the registry is opened.
import { statSync } from "node:fs";
import { fault } from "../../../core/errors.ts";
import { checkNewName } from "../../../core/naming/names.ts";
import { checkAlias } from "../../../core/naming/refs.ts";
import { isUrl } from "../../../core/urls/local_path.ts";
import type { Registry } from "../../../mod.ts";
import type { Command } from "./command.ts";
import { invalid, shellWord } from "../terminal/hints.ts";
import { commandReasons } from "../terminal/reasons.ts";

/** Refuses `name@`, an unfinished ref. */
export function refuseHalfRef(ref: string): void {
  if (!ref.endsWith("@")) return;
  const name = shellWord(ref.replace(/@+$/, ""));
  const hint = `Write ${name} for the latest version, or pick one: holdfast versions ${name}`;
  throw invalid(`read ref ${JSON.stringify(ref)}`, "no version or alias after @", hint);
}

/** Applies {@linkcode refuseHalfRef} to each argument that is a name or a ref. */
export function refuseHalfRefs(command: Command, args: readonly unknown[]): void {
  for (const [i, { completes }] of command.args.entries()) {
    if (completes !== "name" && completes !== "ref") continue;
    for (const text of [args[i]].flat()) if (typeof text === "string") refuseHalfRef(text);
  }
}

/** Refuses a ref for a command that takes bare names. */
export function refuseRef(text: string, action: string, command: string): void {
  const at = text.indexOf("@");
  if (at < 0) return;
  const name = shellWord(text.slice(0, at));
  const forOne = `holdfast info ${shellWord(text)}`;
  throw invalid(
    `${action} ${JSON.stringify(text)}`,
    "expected a name without a version",
    `Write: holdfast ${command} ${name}. For one version: ${forOne}`,
  );
}

/** Refuses one registry as the source and the target of a command: a backup of itself saves nothing. */
export function refuseItself(
  action: string,
  one: Pick<Registry, "id" | "location">,
  other: Pick<Registry, "id" | "location">,
  hint: string,
): void {
  if (one.id !== other.id || one.location !== other.location) return;
  throw invalid(action, `both registries are ${one.location}`, hint);
}

/** Refuses an invalid alias. Several words would parse as a range. */
export function refuseOddAlias(alias: string): void {
  if (!/\S\s+\S/.test(alias)) return checkAlias(alias);
  const hint = `An alias is one word: ${shellWord(alias.trim().replace(/\s+/g, "-"))}`;
  throw invalid(`use ${JSON.stringify(alias)} as alias`, "it contains a space", hint);
}

/** Refuses what cannot become an alias. */
export function checkNewAlias(alias: string): void {
  refuseOddAlias(alias);
  checkNewName(alias, "alias");
}

/** Refuses a path of a registry that is a file, or is inside one. */
export function refuseFile(path: string | undefined, action: "open" | "create"): void {
  if (path === undefined || !isFile(path)) return;
  const hint = "A registry is a folder: pass its path.";
  throw invalid(`${action} a registry at ${path}`, "the path, or a parent of it, is a file", hint);
}

/** Refuses a URL where files are written: it would be a folder of this machine. */
export function refuseUrlTarget(to: string | undefined, action: string): void {
  if (to === undefined || !isUrl(to)) return;
  const subject = shellWord(to.replace(/:.*/s, "://…"));
  throw fault({
    code: "Invalid",
    action: `${action} to ${subject}`,
    state: "it is a URL",
    hint: "Write to a folder, and copy that with the tool of the store.",
    reason: commandReasons.of("target_is_url"),
  });
}

function isFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOTDIR") return true;
    throw error;
  }
}
