// Downloads of versions whose lists are in pages: memory never holds the list.
import { assert, assertEquals, assertGreater, assertLess, assertMatch } from "@std/assert";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FileToSave } from "../../../core/materializer.ts";
import { createMemoryBackend, openRegistry, type Registry } from "../../../mod.ts";
import { listKeys, withoutWholeLists, withSmallPages } from "../../simulate/small_pages.ts";
import { testInRoot } from "../../support/temp_root.ts";
import { fileSet } from "../protocol_world.ts";
import { rejected } from "../rejected.ts";
import {
  createScriptedBackend,
  damaged,
  nothing,
  type ScriptedBackend,
} from "../scripted_backend.ts";

const AS = { as: { ...fileSet, id: "folder" } };
const path = (n: number) => `${n % 5}/${String(n).padStart(3, "0")}`;
const FILES: Record<string, string> = Object.fromEntries(
  Array.from({ length: 120 }, (_, n) => [path(n), `content ${n}`]),
);

type Files = Record<string, string> | (Omit<FileToSave, "content"> & { content: string })[];

/** A registry with the version `m` in pages, which nobody can read whole any more. */
async function pagedRegistry(
  files: Files = FILES,
): Promise<{ registry: Registry; backend: ScriptedBackend; pages: string[] }> {
  const backend = createScriptedBackend(createMemoryBackend());
  const registry = withSmallPages(await openRegistry(backend));
  const listed = Array.isArray(files)
    ? files
    : Object.entries(files).map(([path, content]) => ({ path, content }));
  async function* toSave(): AsyncGenerator<FileToSave> {
    const encoder = new TextEncoder();
    for (const { content, ...file } of await Promise.resolve(listed)) {
      yield { ...file, content: encoder.encode(content) };
    }
  }
  await registry.save("m", toSave, AS);
  const pages = await listKeys(registry, "m");
  backend.forget();
  return { registry: withoutWholeLists(registry), backend, pages };
}

function treeOf(root: string): Record<string, string> {
  const paths = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)).sort();
  return Object.fromEntries(
    paths.map((path) => [path.slice(root.length + 1), readFileSync(path, "utf8")]),
  );
}

testInRoot("a download reads a few pages ahead of the files that it writes", async (root) => {
  const all = Object.fromEntries(
    Array.from({ length: 400 }, (_, n) => [`${String(n).padStart(3, "0")}`, "10 bytes ."]),
  );
  const { registry, backend, pages } = await pagedRegistry(all);
  const to = root.join("new");
  const reads: string[] = [];
  let moved = 0, most = 0;
  backend.answerAll({ verb: "get" }, (act, { key }) => {
    reads.push(key);
    return act();
  });
  const onProgress = ({ bytes }: { bytes: number }) => {
    assertGreater(bytes, moved);
    moved = bytes;
    const read = reads.slice(reads.lastIndexOf(pages[0]!)).filter((key) => pages.includes(key));
    most = Math.max(most, read.length - moved / 20);
  };
  const result = await registry.download("m", { to, onProgress });
  assertEquals(treeOf(to), all);
  assertEquals([result.files, result.written, result.info.files], [400, 400, undefined]);
  assertEquals([result.changes.length, result.moreChanges], [400, 0]);
  assertEquals(moved, result.size);
  assertGreater(pages.length, 200);
  assertLess(most, 60, "pages that were read long before their files");
});

testInRoot("an existing folder gets what differs, and loses what is not there", async (root) => {
  const { registry } = await pagedRegistry();
  const to = root.join("there");
  mkdirSync(join(to, "0"), { recursive: true });
  writeFileSync(join(to, path(5)), FILES[path(5)]!);
  writeFileSync(join(to, path(10)), "other");
  writeFileSync(join(to, "0/005x"), "surplus");
  const error = await rejected("AlreadyExists", registry.download("m", { to }));
  assertMatch(error.message, /1 file differs/);
  assertEquals(Object.keys(treeOf(to)).length, 3, "nothing was changed");
  const options = { to, overwrite: true, delete: true };
  const planned = await registry.download("m", { ...options, dryRun: true });
  assertEquals(Object.keys(treeOf(to)).length, 3, "nothing was changed");
  const { written, left, deleted, changes } = await registry.download("m", options);
  assertEquals([written, left, deleted], [119, 1, 1]);
  assertEquals(changes, planned.changes);
  assertEquals(treeOf(to), FILES);
  assertEquals((await registry.download("m", options)).changes, []);
});

for (
  const [what, answer, code] of [["damaged", damaged, "Corrupt"], [
    "missing",
    nothing,
    "Corrupt",
  ]] as const
) {
  testInRoot(`a ${what} page in the middle ends the download, and names the page`, async (root) => {
    const { registry, backend, pages } = await pagedRegistry();
    const page = pages[Math.floor(pages.length / 2)]!;
    for (const later of [false, true]) {
      backend.heal();
      let reads = 0;
      backend.answerAll(
        { key: new RegExp(page) },
        (act, call) => later && reads++ === 0 ? act() : answer(act, call),
      );
      const to = root.join(`${what} ${later}`);
      const error = await rejected(code, registry.download("m", { to }));
      assertEquals(error.key, page);
      assertEquals(readdirSync(root.path), [], "nothing is reported or left");
    }
  });
}

testInRoot("an aborted download is resumed, also twice, without strange files", async (root) => {
  const { registry, backend } = await pagedRegistry();
  const to = root.join("new");
  const names = () => readdirSync(root.path).filter((name) => name.startsWith(".holdfast-"));
  for (const part of [0.3, 0.7]) {
    const stop = new AbortController();
    const onProgress = ({ bytes, totalBytes }: { bytes: number; totalBytes?: number }) => {
      if (bytes > totalBytes! * part) stop.abort(new Error("stopped"));
    };
    let failure: unknown;
    await registry.download("m", { to, onProgress, signal: stop.signal }).catch((error) =>
      failure = error
    );
    assertEquals((failure as Error).message, "stopped");
    const [left, ...others] = names();
    assertEquals(others, []);
    const files = root.join(left!, "files");
    writeFileSync(join(files, "strange"), "of another program");
    mkdirSync(join(files, "strange folder"));
    writeFileSync(join(files, path(0)), "damaged");
    symlinkSync("/etc", join(files, `link${part}`));
  }
  backend.forget();
  await registry.download("m", { to });
  assertEquals(treeOf(to), FILES);
  assertEquals(readdirSync(to).sort(), ["0", "1", "2", "3", "4"]);
  assertEquals(names(), []);
});

testInRoot("two downloads to one new folder leave it whole", async (root) => {
  const { registry } = await pagedRegistry();
  const to = root.join("new");
  const both = await Promise.all([1, 2].map(() => registry.download("m", { to })));
  assert(both.every(({ files }) => files === 120));
  assertEquals(treeOf(to), FILES);
  assertEquals(readdirSync(root.path), ["new"]);
});
