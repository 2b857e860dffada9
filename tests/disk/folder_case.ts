// Tests in a temporary folder, artifacts to write there, and its content.
import { assertEquals } from "@std/assert";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { Artifact } from "../../core/artifact.ts";
import { pathsBelow } from "../../disk/paths_below.ts";
import type { FileMode } from "../../core/record.ts";
import { writeFiles } from "../../disk/write_files.ts";
import { fails, fakeArtifact } from "../materializers/fake_artifact.ts";
import { testInRoot } from "../support/temp_root.ts";

/** Registers a test in a folder, and checks that nothing temporary is left in it. */
export function inFolder(
  name: string,
  test: (root: string) => Promise<void>,
  options?: { ignore?: boolean },
): void {
  testInRoot(name, async (root) => {
    await test(root.path);
    assertEquals(
      (await Array.fromAsync(pathsBelow(root.path))).filter((path) => path.includes(".holdfast-")),
      [],
    );
  }, options);
}

/** Creates an artifact of files `path` or `path -> mode`. */
export function artifactOf(files: Record<string, string | Uint8Array>, id = "folder"): Artifact {
  const list = Object.entries(files).map(([key, content]) => {
    const [path, mode] = key.split(" -> ");
    return { path, content, ...(mode === undefined ? {} : { mode: mode as FileMode }) };
  });
  return fakeArtifact(list, { id });
}

/** Lists a folder: `path/`, `path -> target`, `path: content`. */
export function tree(root: string, below = ""): string[] {
  return readdirSync(join(root, below)).sort().flatMap((name) => {
    const path = join(below, name);
    const stats = lstatSync(join(root, path));
    if (stats.isSymbolicLink()) return [`${path} -> ${readlinkSync(join(root, path))}`];
    return stats.isDirectory()
      ? [`${path}/`, ...tree(root, path)]
      : [`${path}: ${readFileSync(join(root, path), "utf8")}`];
  });
}

/** Asserts that `writeFiles` fails with a code; returns the error. */
export function refused(
  code: Parameters<typeof fails>[0],
  ...args: Parameters<typeof writeFiles>
): ReturnType<typeof fails> {
  return fails(code, () => writeFiles(...args));
}
