// Walks of levels, of lists in pages and of others.
import { assertEquals, assertGreater } from "@std/assert";
import { walkFiles, type WalkOptions } from "../../../../apps/server/files/walk_files.ts";
import { compareUtf8, sortedByPath } from "../../../../core/bytes/bytes.ts";
import type { FileInfo } from "../../../../core/record.ts";
import { openRegistry, type Registry } from "../../../../mod.ts";
import { openPages } from "../../../../registry/mod.ts";
import { createRandom } from "../../../simulate/random.ts";
import { SMALL_PAGES, withoutWholeLists, withSmallPages } from "../../../simulate/small_pages.ts";

const isLink = ({ mode }: Pick<FileInfo, "mode">) => mode === "link";

/** Files in folders of very different sizes. */
function someFiles(random: { next(): number }) {
  const pick = (most: number) => Math.floor(random.next() * most);
  const parts = ["a", "a-", "a0", "b", "é", "\u{1f600}", "\uff5e"];
  const files = new Map<
    string,
    { path: string; mode?: "link"; content: Uint8Array<ArrayBuffer> }
  >();
  for (let n = 5 + pick(120); n >= 0; n--) {
    const path = [
      ...Array.from({ length: pick(3) }, () => parts[pick(pick(2) === 0 ? 2 : parts.length)]),
      `${pick(60)}`,
    ].join("/");
    const content = new TextEncoder().encode("x");
    files.set(path, { path, content, ...pick(8) === 0 && { mode: "link" } });
  }
  return [...files.values()];
}

async function saved(registry: Registry, files: ReturnType<typeof someFiles>) {
  await registry.save("m", 0, {
    as: { id: "folder", formatVersion: 1, load: () => 0, save: () => files },
  });
  return registry;
}

/** Returns what a walk yields, from all paths. */
function expectedOf(
  files: readonly { path: string; mode?: FileInfo["mode"] }[],
  { prefix = "", delimiter = "", after = "", isShown = () => true }: WalkOptions,
): string[] {
  const found = new Set<string>();
  const end = delimiter === "" ? -1 : after.indexOf(delimiter, prefix.length);
  const isFolder = end >= 0 && end + delimiter.length === after.length;
  for (const file of sortedByPath(files)) {
    const { path } = file;
    if (!path.startsWith(prefix) || !isShown(file as FileInfo)) continue;
    if (compareUtf8(path, after) <= 0 || isFolder && path.startsWith(after)) continue;
    const end = delimiter === "" ? -1 : path.indexOf(delimiter, prefix.length);
    found.add(end < 0 ? path : path.slice(0, end + delimiter.length));
  }
  return [...found];
}

Deno.test("a walk yields what the paths have, whether or not the list is in pages", async () => {
  let found = 0;
  for (let seed = 1; seed <= 15; seed++) {
    const random = createRandom(seed);
    const files = someFiles(random);
    const plain = await saved(await openRegistry("memory:"), files);
    const paged = withSmallPages(await openRegistry("memory:"));
    withoutWholeLists(await saved(paged, files));
    const [one, many] = [await openPages(plain, "m"), await openPages(paged, "m")];
    const paths = files.map(({ path }) => path);
    const pick = (from: readonly string[]) => from[Math.floor(random.next() * from.length)]!;
    for (let n = 0; n < 25; n++) {
      const prefix = pick(["", "", "a/", "a", "b/", pick(paths), "zz"]);
      const delimiter = pick(["", "/", "/", "a"]);
      const after = pick(["", pick(paths), "a/", "a/a/", "é/", prefix, pick(paths).slice(0, -1)]);
      const options = { prefix, delimiter, after };
      const walked = (version: typeof one, more: WalkOptions = {}) =>
        Array.fromAsync(walkFiles(version, { ...options, ...more }), ({ path }) => path);
      const expected = expectedOf(files, options);
      const message = JSON.stringify([seed, options]);
      assertEquals(await walked(one), expected, message);
      assertEquals(await walked(many), expected, message);
      found += expected.length;
      // Folders whose files are links may be among the others.
      const isShown = (file: FileInfo) => !isLink(file);
      const shown = expectedOf(files, { ...options, isShown });
      assertEquals(await walked(one, { isShown }), shown, message);
      const all = new Set(await walked(many, { isShown }));
      assertEquals(shown.filter((path) => !all.has(path)), [], message);
      assertEquals([...all].filter((path) => !expected.includes(path)), [], message);
    }
  }
  assertGreater(found, 2000);
});

Deno.test("a walk that begins within a folder lists it for a file in any page", async () => {
  const oneLevel = { ...SMALL_PAGES, files: 4, indexBytes: 20_000 };
  const registry = withSmallPages(await openRegistry("memory:"), oneLevel);
  const content = new TextEncoder().encode("1000");
  const files = Array.from({ length: 100 }, (_, n) => ({
    path: `a/${1000 + n}`,
    content,
    ...n !== 0 && n !== 50 && { mode: "link" as const },
  }));
  withoutWholeLists(await saved(registry, [...files, { path: "a0", content }]));
  const version = await openPages(registry, "m");
  const last = (await Array.fromAsync(version.pages())).at(-1)!.files();
  assertEquals(last.map(({ info }) => info.path).slice(-2), ["a/1099", "a0"]);
  const isShown = (file: FileInfo) => !isLink(file);
  const walk = walkFiles(version, { delimiter: "/", after: "a/1000", isShown });
  assertEquals(await Array.fromAsync(walk, ({ path }) => path), ["a/", "a0"]);
});

Deno.test("folders that fill pages cost the pages at their ends", async () => {
  const registry = withSmallPages(await openRegistry("memory:"));
  const content = new Uint8Array(1);
  const files = ["a", "b", "c"].flatMap((folder) =>
    Array.from({ length: 300 }, (_, n) => ({ path: `${folder}/${1000 + n}`, content }))
  );
  withoutWholeLists(await saved(registry, files));
  const version = await openPages(registry, "m");
  let pages = 0, skipped = 0;
  const counted: typeof version = {
    ...version,
    async *pages({ skip, ...options } = {}) {
      const counting = (place: Parameters<NonNullable<typeof skip>>[0]) => {
        const isSkipped = skip?.(place) ?? false;
        if (isSkipped) skipped++;
        return isSkipped;
      };
      for await (const page of version.pages({ ...options, skip: counting })) {
        pages++;
        yield page;
      }
    },
  };
  const found = await Array.fromAsync(walkFiles(counted, { delimiter: "/" }), ({ path }) => path);
  assertEquals(found, ["a/", "b/", "c/"]);
  assertGreater(skipped, 20);
  assertGreater(200, pages);
});
