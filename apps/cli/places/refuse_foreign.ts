// Folders that a registry is not created in.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { DEFAULT_FOLDER } from "../../../registry/places/mod.ts";
import { fault } from "../../../core/errors.ts";
import { shellWord } from "../program/hints.ts";

/** What a run that was stopped leaves of a registry, and what a fresh disk has. */
const HARMLESS = [".stage", ".lock", "settings", "lost+found"];

/** A registry wants a folder of its own: a wrong one would be filled with what is not easily told from the rest. */
export async function refuseForeign(path: string): Promise<void> {
  const entries = await readdir(path).catch((error) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  if (entries.every((name) => HARMLESS.includes(name))) return;
  const inside = join(path, DEFAULT_FOLDER);
  throw fault({
    code: "AlreadyExists",
    action: "create a registry in",
    subject: path,
    state: "the folder holds other files and no registry",
    hint: `Name a new folder (${
      shellWord(inside)
    }), or create it there nevertheless: holdfast init ${shellWord(path)} --force`,
  });
}
