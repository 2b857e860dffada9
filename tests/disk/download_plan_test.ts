// A dry run of a download reports what the download does, over random folders.
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isRegistryError, localPath, openRegistry } from "../../mod.ts";
import { listFolder } from "../../disk/paths_below.ts";
import { seedRange } from "../support/seeds.ts";
import { tempRoot } from "../support/temp_root.ts";

const part = fc.constantFrom("a", "b", "c", "A", ".git", ".holdfast");
const path = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
const tree = fc.dictionary(path, fc.constantFrom("", "1", "2"), { maxKeys: 7 });
const options = fc.record({
  overwrite: fc.boolean(),
  delete: fc.boolean(),
  exclude: fc.constantFrom(undefined, "a", "b/", "c/*"),
});

/** Writes files; those whose path others have as a folder are left out. */
async function writeTree(root: string, files: Record<string, string>): Promise<void> {
  await mkdir(root, { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    try {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text);
    } catch {
      continue;
    }
  }
}

async function readTree(root: string, below = ""): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const { name, isDirectory } of await listFolder(join(root, below))) {
    const path = below === "" ? name : `${below}/${name}`;
    if (!isDirectory) found[path] = await readFile(join(root, path), "utf8");
    else Object.assign(found, { [`${path}/`]: "" }, await readTree(root, path));
  }
  return found;
}

Deno.test("a dry run of a download reports what the download does", async () => {
  const registry = await openRegistry("memory:");
  const { firstSeed, seeds } = seedRange(60, "HOLDFAST_PLAN_SEEDS");
  const property = fc.asyncProperty(tree, tree, options, async (saved, there, options) => {
    const root = await tempRoot();
    try {
      const to = root.join("to");
      await writeTree(root.join("from"), saved);
      await writeTree(to, there);
      const { version } = await registry.save("a", localPath(root.join("from")));
      const run = async (dryRun: boolean) => {
        try {
          const { info: _, ...result } = await registry.download(`a@${version}`, {
            to,
            ...options,
            dryRun,
          });
          return result;
        } catch (error) {
          if (!isRegistryError(error)) throw error;
          return error.message;
        }
      };
      const before = await readTree(to);
      const planned = await run(true);
      assertEquals(await readTree(to), before);
      assertEquals(await run(false), planned);
      const after = await readTree(to);
      if (typeof planned === "string") return assertEquals(after, before);
      for (const { path, change } of planned.changes) {
        const isThere = path === "./" || path in after;
        const isFolder = change === "add" && `${path}/` in after;
        assertEquals([path, isThere || isFolder], [path, change !== "remove"]);
      }
      const removed = new Set(planned.changes.map(({ path }) => path));
      for (const path of Object.keys(before)) {
        if (!path.endsWith("/") && !removed.has(path)) assertEquals(after[path], before[path]);
      }
    } finally {
      await root.remove();
    }
  });
  await fc.assert(property, { seed: firstSeed, numRuns: seeds });
  await registry.close();
});
