// Temporary folders of downloads, beside or inside the target. The next download to the same target
// takes over the one of a killed download, or removes it.
// The files are in `files/`, and those that killed downloads left in `left-…/`.
import { lstatSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync } from "node:fs";
import type { Stats } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { sha256 } from "../../core/bytes/digest.ts";
import { isGranted, realSystem } from "../../core/system.ts";
import { isStageName, STAGE_NAME, STAGE_PREFIX } from "../../core/naming/registry_folder.ts";
import { mayRead } from "../../core/may_read.ts";
import { pathsBelow } from "../paths_below.ts";
import { isProcessGone, noProcess, thisProcess } from "./process.ts";

/** A folder untouched for this long has no owner, milliseconds. */
const FORGOTTEN_MS = 24 * 60 * 60 * 1000;

const LEFT = "left-";

export interface StageFolder {
  readonly files: string;
  /** A free path beside it, on the same disk. */
  readonly trial: string;
  /** Folders of files that killed downloads left, which may be anything. */
  readonly left: readonly string[];
  remove(): void;
  leave(): void;
}

interface StageFolderOptions {
  target: string;
  stageIn: string;
}

/** Creates a folder, or takes one over for the same target. Removes others beside it. */
export async function openStageFolder(
  { target, stageIn }: StageFolderOptions,
): Promise<StageFolder> {
  mkdirSync(stageIn, { recursive: true });
  const of = (owner: string) =>
    join(stageIn, `${STAGE_PREFIX}${targetId(target)}-${owner}-${realSystem.id()}`);
  const path = of(thisProcess());
  mkdirSync(path, { mode: 0o700 });
  const files = join(path, "files");
  const left = await takeOver(target, stageIn, path) ? leftIn(path) : [];
  mkdirSync(files);
  return {
    files,
    trial: join(path, "trial"),
    left,
    remove: () => removeFolder(path),
    leave() {
      if ([files, ...left].every((folder) => listed(folder).length === 0)) removeFolder(path);
      else renameSync(path, of(noProcess()));
    },
  };
}

/** Puts the files of the folder that was taken over aside, and returns all that are. */
function leftIn(path: string): string[] {
  const files = join(path, "files");
  if (lstatSync(files, { throwIfNoEntry: false })?.isDirectory()) {
    renameSync(files, join(path, `${LEFT}${realSystem.id()}`));
  } else rmSync(files, { force: true });
  return listed(path).filter((name) => name.startsWith(LEFT)).map((name) => join(path, name))
    .filter((folder) => lstatSync(folder).isDirectory());
}

/** Removes the remains of killed downloads. Ignores folders that it cannot remove. */
export async function removeLeftFolders({ target, stageIn }: StageFolderOptions): Promise<void> {
  try {
    const isLeft = [...placesOf({ target, stageIn })].some((place) =>
      listed(place).some(isStageName)
    );
    if (isLeft) (await openStageFolder({ target, stageIn })).remove();
  } catch {
    // the folder may belong to another user
  }
}

/** Returns the parents of such folders: the target, or the folder beside it. */
function placesOf({ target, stageIn }: StageFolderOptions): Set<string> {
  return new Set([stageIn, dirname(target)]);
}

/** Takes over the first abandoned folder for this target, and removes the others. */
async function takeOver(target: string, stageIn: string, path: string): Promise<boolean> {
  let isUsed = false;
  for (
    const { abandoned, owner, isSame } of stagesIn(placesOf({ target, stageIn }), target, path)
  ) {
    const isGone = isProcessGone(owner);
    if (isGone === false || !(isGone && isSame) && !await isUntouched(abandoned)) continue;
    if (!isSame || isUsed) removeFolder(abandoned);
    else isUsed = renamed(abandoned, path);
  }
  return isUsed;
}

/** Lists the temporary folders of this user, for this target and for others. */
function* stagesIn(
  places: Iterable<string>,
  target: string,
  path: string,
): Generator<{ abandoned: string; owner: string; isSame: boolean }> {
  const own = lstatSync(path); // Deno requires a permission to return the current user
  for (const folder of places) {
    for (const name of listed(folder)) {
      const [isStage, id, owner = ""] = STAGE_NAME.exec(name) ?? [];
      const stage = join(folder, name);
      if (isStage !== undefined && isOwn(stage, own)) {
        yield { abandoned: stage, owner, isSame: id === targetId(target) };
      }
    }
  }
}

function targetId(target: string): string {
  return sha256(target).slice(0, 8);
}

/**
 * True for a private folder of the same user, in which nobody else could put files. Where modes
 * mean nothing, a new folder is not private either.
 */
function isOwn(path: string, own: Pick<Stats, "uid" | "mode">): boolean {
  try {
    const stats = lstatSync(path);
    if (!stats.isDirectory()) return false;
    if (process.platform === "win32") return true;
    return stats.uid === own.uid && (stats.mode & 0o077 & ~own.mode) === 0;
  } catch {
    return false;
  }
}

async function isUntouched(path: string): Promise<boolean> {
  try {
    let newest = lstatSync(path).mtimeMs;
    for await (const inside of pathsBelow(path)) {
      newest = Math.max(newest, lstatSync(join(path, inside)).mtimeMs);
    }
    return realSystem.now() - newest > FORGOTTEN_MS;
  } catch {
    return false; // just removed
  }
}

function listed(folder: string): string[] {
  try {
    return mayRead(folder) && isGranted({ name: "write", path: folder })
      ? readdirSync(folder).sort()
      : [];
  } catch {
    return [];
  }
}

function renamed(from: string, to: string): boolean {
  rmdirSync(to);
  try {
    renameSync(from, to);
    return true;
  } catch {
    mkdirSync(to, { mode: 0o700 });
    return false; // another download took it, or it is on another disk
  }
}

/** Removes a folder. The next download tries again what fails. */
function removeFolder(path: string): void {
  try {
    for (const name of readdirSync(path)) {
      rmSync(join(path, name), { recursive: true, force: true });
    }
    rmdirSync(path); // without its content: another download may have taken it over by now
  } catch {
    // see above
  }
}
