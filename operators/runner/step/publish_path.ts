// Letting an output appear at a path, at once and whole.
import { cpSync, lstatSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join, relative } from "@std/path";
import { errorCode, onDisk } from "../../../core/disk/file_errors.ts";
import { fault, type RegistryError } from "../../../core/errors.ts";
import { shown } from "../../../core/naming/names.ts";

/** Options of {@linkcode publishPath}. */
export interface PublishPathOptions {
  id: string;
  root: string;
  /** Whether what stands at the target is of this step, so that nobody misses it. */
  isOwn: boolean;
}

/**
 * Moves what a step wrote to its place. What stood there is replaced; where it is not the step's own it is kept beside,
 * as `NAME.before-<id>`.
 *
 * A file is replaced at once. A folder is exchanged by two renames: between them nothing is at the place.
 *
 * @param from what was written; it is gone afterwards
 * @param to where it goes, absolute
 * @returns where it is
 */
export function publishPath(
  from: string,
  to: string,
  { id, root, isOwn }: PublishPathOptions,
): string {
  const inner = relative(to, root);
  if (inner === "" || !inner.startsWith("..")) throw refused(to);
  return onDisk("write", to, () => {
    const name = `.${basename(to)}.holdfast-${id}`;
    mkdirSync(dirname(to), { recursive: true });
    const staged = join(dirname(to), name);
    move(from, staged);
    const before = lstatSync(to, { throwIfNoEntry: false });
    if (before !== undefined && (before.isDirectory() || !isOwn)) {
      const aside = isOwn ? `${staged}-before` : `${to}.before-${id}`;
      renameSync(to, aside);
      renameSync(staged, to);
      if (isOwn) rmSync(aside, { recursive: true, force: true });
    } else {
      renameSync(staged, to);
    }
    return to;
  });
}

function move(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (errorCode(error) !== "EXDEV") throw error;
    cpSync(from, to, { recursive: true, verbatimSymlinks: true });
    rmSync(from, { recursive: true, force: true });
  }
}

function refused(to: string): RegistryError {
  return fault({
    code: "Invalid",
    action: "write an output to",
    subject: shown(to),
    state: "the pipeline's own folder is in it",
    hint: "Name a folder of its own for each output, such as ./out/clean.",
  });
}
