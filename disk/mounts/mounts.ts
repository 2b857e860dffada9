// Mounts below a folder: no rename crosses them, and nothing replaces or removes their points.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { mayRead } from "../../core/may_read.ts";
import type { FileInfo } from "../../core/record.ts";
import { lookAt } from "../target.ts";

const MOUNTS = "/proc/self/mountinfo";
/** The index of the mount point in {@linkcode mountLines}. */
const POINT = 4;

/** Returns the paths where something is mounted; none where the system does not show them. */
export function mountPoints(): ReadonlySet<string> {
  const points = new Set<string>();
  for (const fields of mountLines()) points.add(unescaped(fields[POINT] ?? ""));
  return points;
}

/** Returns the fields of the lines of `/proc/self/mountinfo`. Deno shows it only with `-A`. */
function mountLines(): string[][] {
  if (!mayRead(MOUNTS)) return [];
  try {
    return readFileSync(MOUNTS, "utf8").split("\n").filter((line) => line !== "")
      .map((line) => line.split(" "));
  } catch {
    return []; // another system
  }
}

/** Spaces and backslashes are octal numbers there. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits) => String.fromCharCode(parseInt(digits, 8)));
}

/** Files of one mount, and a folder in it for temporary files. */
interface MountPart<F> {
  stageIn: string;
  files: F[];
}

/** Groups the files of an existing folder by the mount that contains their place. */
export function partsByMount<F extends { info: FileInfo }>(
  root: string,
  files: readonly F[],
  points: ReadonlySet<string> = mountPoints(),
): MountPart<F>[] {
  const parts = new Map<string, MountPart<F>>();
  const known = new Map<string, KnownFolder>();
  known.set(".", { mount: root, dev: lookAt(root)?.dev });
  for (const file of files) {
    const { path, mode } = file.info;
    const stageIn = folderAt(mode === "folder" ? path : dirname(path)).mount;
    const part = parts.get(stageIn) ?? { stageIn, files: [] };
    part.files.push(file);
    parts.set(stageIn, part);
  }
  return [...parts.values()];

  function folderAt(folder: string): KnownFolder {
    const already = known.get(folder);
    if (already !== undefined) return already;
    const above = folderAt(dirname(folder));
    const path = join(root, folder);
    const stats = above.dev === undefined ? undefined : lookAt(path);
    const dev = stats?.isDirectory() ? stats.dev : undefined;
    // A subvolume is like a mount: it has another device.
    const isOther = dev !== undefined && (points.has(path) || dev !== above.dev);
    const folderHere = { mount: isOther ? path : above.mount, dev };
    known.set(folder, folderHere);
    return folderHere;
  }
}

interface KnownFolder {
  /** The highest folder on the same mount, the root for its own. */
  mount: string;
  /** The device; undefined if it is not a folder yet. */
  dev?: number;
}
