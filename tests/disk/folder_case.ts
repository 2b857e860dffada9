// A test in a folder of its own, artifacts to write there, and what is in it.
import { assertEquals } from "@std/assert";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { Artifact } from "../../core/artifact.ts";
import { pathsBelow } from "../../disk/paths_below.ts";
import type { FileMode } from "../../core/record.ts";
import { writeFiles } from "../../disk/write_files.ts";
import { fails, fakeArtifact } from "../materializers/fake_artifact.ts";
import { tempRoot } from "../support/temp_root.ts";

/** Runs a test in a folder of its own, and checks that nothing temporary is left in it. */
export function inFolder(name: string, test: (root: string) => Promise<void>): void {
  Deno.test(name, async () => {
    const root = await tempRoot();
    try {
      await test(root.path);
      assertEquals([...pathsBelow(root.path)].filter((path) => path.includes(".holdfast-")), []);
    } finally {
      await root.remove();
    }
  });
}

/** An artifact of files `path` or `path mode`, whose content is their path or what is given. */
export function artifactOf(files: Record<string, string | Uint8Array>, id = "folder"): Artifact {
  const list = Object.entries(files).map(([key, content]) => {
    const [path, mode] = key.split(" -> ");
    return { path, content, ...(mode === undefined ? {} : { mode: mode as FileMode }) };
  });
  return fakeArtifact(list, { id });
}

/** Everything in a folder: `path/`, `path -> target`, `path: content`. */
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

/** Asserts that files cannot be written so; returns the error. */
export function refused(
  code: Parameters<typeof fails>[0],
  ...args: Parameters<typeof writeFiles>
): ReturnType<typeof fails> {
  return fails(code, () => writeFiles(...args));
}
