// What is refused as it is typed, before the registry is asked.
import { statSync } from "node:fs";
import { checkAlias } from "../../../mod.ts";
import { fault } from "../../../core/errors.ts";
import type { Command } from "./command.ts";
import { shellWord } from "./hints.ts";

/** Refuses `name@`, which is a ref that somebody did not finish. */
export function refuseHalfRef(ref: string): void {
  if (!ref.endsWith("@")) return;
  const name = ref.replace(/@+$/, "");
  throw fault({
    code: "Invalid",
    action: "read ref",
    subject: JSON.stringify(ref),
    state: "nothing stands behind the @",
    hint: `Write ${shellWord(name)} for the latest version, or one of: holdfast versions ${
      shellWord(name)
    }`,
  });
}

/** {@linkcode refuseHalfRef} for each argument of a command that is a name or a ref. */
export function refuseHalfRefs(command: Command, args: readonly unknown[]): void {
  for (const [i, { completes }] of command.args.entries()) {
    if (completes !== "name" && completes !== "ref") continue;
    for (const text of [args[i]].flat()) if (typeof text === "string") refuseHalfRef(text);
  }
}

/** Refuses a ref where all versions of a name are meant. */
export function refuseRef(text: string, action: string, command: string): void {
  const at = text.indexOf("@");
  if (at < 0) return;
  const name = shellWord(text.slice(0, at));
  const forOne = command === "verify"
    ? `echo ${shellWord(JSON.stringify({ ref: text }))} | holdfast batch verify -`
    : `holdfast info ${shellWord(text)}`;
  throw fault({
    code: "Invalid",
    action,
    subject: JSON.stringify(text),
    state: "a bare name is expected",
    hint: `Write: holdfast ${command} ${name}. For one version: ${forOne}`,
  });
}

/** Refuses what cannot be an alias. One of several words would be taken for a range. */
export function refuseOddAlias(alias: string): void {
  if (!/\S\s+\S/.test(alias)) return checkAlias(alias);
  throw fault({
    code: "Invalid",
    action: "use",
    subject: `${JSON.stringify(alias)} as alias`,
    state: "it has a blank in it",
    hint: `An alias is one word: ${shellWord(alias.trim().replace(/\s+/g, "-"))}`,
  });
}

/** Refuses a place where a registry cannot be, since a file is there; undefined is a place elsewhere. */
export function refuseFile(path: string | undefined, action: "open" | "create"): void {
  if (path === undefined || !isFile(path)) return;
  throw fault({
    code: "Invalid",
    action,
    subject: `a registry at ${path}`,
    state: "it is a file, or one is above it",
    hint: "A registry is a folder: name that one.",
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
