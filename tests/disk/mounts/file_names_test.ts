import { assertEquals, assertRejects } from "@std/assert";
import { readdirSync } from "node:fs";
import fc from "fast-check";
import { RegistryError } from "../../../core/errors.ts";
import { foldersOf } from "../../../core/naming/file_paths.ts";
import { checkNames } from "../../../disk/mounts/file_names.ts";
import { writeFiles } from "../../../disk/write_files.ts";
import { fsError, withPatchedFs } from "../../backends/patched_fs.ts";
import { judgeTest } from "../../judges/judge_test_case.ts";
import { artifactOf, inFolder, refused, tree } from "../folder_case.ts";
import { exfatProblem, withExfat } from "./exfat_disk.ts";

interface Disk {
  /** Returns what is the same for the names of one entry, undefined for a refused name. */
  key(name: string): string | undefined;
  /** Returns the name that it lists. @default the same */
  listed?(name: string): string;
}

const WINDOWS = /[<>:"|?*]/;
const withoutEnd = (name: string) => name.replace(/[. ]+$/, "");
const DISKS: Record<string, Disk> = {
  "ext4": { key: (name) => name },
  "exFAT": { key: (name) => WINDOWS.test(name) ? undefined : name.toUpperCase() },
  "a share of Windows": {
    key: (name) => WINDOWS.test(name) ? undefined : withoutEnd(name).toUpperCase(),
    listed: withoutEnd,
  },
  "a folder of APFS": { key: (name) => name.normalize("NFD").toLowerCase() },
  "Unicode alone": { key: (name) => name.normalize("NFC") },
};

/** Returns the message of `checkNames` for paths on a disk, undefined if it passes. */
async function refusal(
  { key, listed = (name) => name }: Disk,
  paths: string[],
): Promise<string | undefined> {
  const held = new Map<string, string>();
  const nameOf = (path: string) => path.slice("/trial/".length);
  const keyOf = (path: string) => {
    const found = key(nameOf(path));
    if (found === undefined) throw fsError("EINVAL");
    return found;
  };
  const patch = () => ({
    rmSync: () => held.clear(),
    mkdirSync: (path: string) => path === "/trial" || held.set(keyOf(path), listed(nameOf(path))),
    rmdirSync: (path: string) => held.delete(keyOf(path)),
    existsSync: (path: string) => held.has(keyOf(path)),
    readdirSync: () => [...held.values()],
  });
  try {
    await withPatchedFs(patch, async () => await checkNames(paths, "/trial"));
  } catch (error) {
    if (error instanceof RegistryError) return error.message;
    throw error;
  }
}

/** Returns true if a disk stores all files and their folders, each under its own name. */
function storesAll({ key, listed = (name) => name }: Disk, paths: string[]): boolean {
  const entries = new Set([...paths, ...foldersOf(paths)]);
  const names = [...entries].flatMap((path) => path.split("/"));
  const keys = Array.from(entries, (path) => path.split("/").map(key).join("/"));
  return names.every((name) => key(name) !== undefined && listed(name) === name) &&
    new Set(keys).size === keys.length;
}

Deno.test("exactly the names that a disk stores each under its own are accepted", async () => {
  const word = fc.constantFrom("a", "A", "b", "é", "e\u0301", "É", "a?", "a:b", "x.", "con");
  const path = fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => words.join("/"));
  await fc.assert(fc.asyncProperty(
    fc.constantFrom(...Object.values(DISKS)),
    fc.uniqueArray(path, { maxLength: 6 }),
    async (disk, paths) => {
      assertEquals(await refusal(disk, paths) === undefined, storesAll(disk, paths));
    },
  ));
});

Deno.test("an error names both paths, or the one that a disk cannot store", async () => {
  const exfat = DISKS["exFAT"]!;
  assertEquals(
    await refusal(exfat, ["Data/a", "data/b"]),
    'Cannot write file "data": its disk does not distinguish it from "Data"',
  );
  assertEquals(
    await refusal(exfat, ["sub/a?b.txt"]),
    'Cannot write file "sub/a?b.txt": its disk cannot store this name',
  );
});

inFolder("names that only other disks refuse are written here", async (root) => {
  const files = { "Data/a": "1", "data/b": "2", "a?b": "3", "dot.": "4" };
  await writeFiles(artifactOf(files), `${root}/out`);
  assertEquals(tree(`${root}/out`).length, 6);
});

judgeTest(
  "downloads to exFAT are exact, or refused before the first byte",
  exfatProblem(),
  () =>
    withExfat(async (folder) => {
      await refused("Invalid", artifactOf({ README: "1", readme: "2" }), `${folder}/out`);
      await refused("Invalid", artifactOf({ "Data/a": "1", "data/b": "2" }), `${folder}/out`);
      await refused("Invalid", artifactOf({ "a?b": "1" }), `${folder}/out`);
      await assertRejects(
        () => writeFiles(artifactOf({ a: "1", "b -> link": "a" }), `${folder}/out`),
        RegistryError,
        'Cannot write link "b": its disk has no symbolic links',
      );
      assertEquals(readdirSync(folder), []);
      const artifact = artifactOf({ "a/b": "1", "c -> executable": "2" });
      await writeFiles(artifact, `${folder}/out`);
      assertEquals((await writeFiles(artifact, `${folder}/out`)).changes, []);
      const next = artifactOf({ "a/b": "3", "c -> executable": "2" });
      assertEquals((await writeFiles(next, `${folder}/out`, { overwrite: true })).written, 1);
      assertEquals(tree(folder), ["out/", "out/a/", "out/a/b: 3", "out/c: 2"]);
    }),
);
