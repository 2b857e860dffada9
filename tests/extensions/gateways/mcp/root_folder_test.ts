// A client saves files below the root folder, whatever other programs replace meanwhile.
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { mkdir, readdir, realpath, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { lstatSync } from "node:fs";
import { pathBelow } from "../../../../extensions/gateways/mcp/root_folder.ts";
import { DiskContent, stateOf } from "../../../../disk/disk_file.ts";
import { localPath, openRegistry, RegistryError } from "../../../../mod.ts";
import { tempRoot } from "../../../support/temp_root.ts";

async function workspace() {
  const root = await tempRoot();
  const [work, outside] = [root.join("work"), root.join("outside")];
  for (const folder of [work, outside]) {
    await mkdir(join(folder, "deep/empty"), { recursive: true });
    await writeFile(join(folder, "f.txt"), folder === work ? "inside" : "private");
    await writeFile(join(folder, "deep/f.txt"), folder === work ? "inside" : "private");
  }
  await mkdir(join(work, "a"));
  await rename(join(work, "deep"), join(work, "a/deep"));
  await rename(join(work, "f.txt"), join(work, "a/f.txt"));
  const dispose = () => root[Symbol.asyncDispose]();
  return { work: await realpath(work), outside, [Symbol.asyncDispose]: dispose };
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1));
}

Deno.test("nothing of a registry is a file to save, by whatever path", async () => {
  await using space = await workspace();
  const { work } = space;
  await using registry = await openRegistry(join(work, ".holdfast"));
  await registry.save("secret", "hidden text");
  await symlink(join(work, ".holdfast"), join(work, "link"));
  const inside = (await filesIn(join(work, ".holdfast"))).map((path) => join(".holdfast", path));
  const paths = [".holdfast", "link", ".holdfast/../.holdfast/.", join(work, ".holdfast")];
  for (const path of [...paths, ...inside, join("link", inside[0]!.slice(10))]) {
    const { message, code } = await assertRejects(() => pathBelow(work, path), RegistryError);
    assertMatch(message, /part of a registry/, path);
    assertEquals(code, "Denied");
  }
  const { message } = await assertRejects(
    () => pathBelow(join(work, ".holdfast/names"), "."), // the root is in a registry
    RegistryError,
  );
  assertMatch(message, /part of a registry/);
  await using other = await openRegistry("memory:");
  await other.save("all", await pathBelow(work, "."));
  const { files } = await other.info("all");
  assertEquals(files.map(({ path }) => path), ["a/deep/empty", "a/deep/f.txt", "a/f.txt", "link"]);
});

Deno.test("a folder with nothing to save is refused", async () => {
  await using space = await workspace();
  await mkdir(join(space.work, "mount"));
  await using registry = await openRegistry("memory:");
  const folder = await pathBelow(space.work, "mount");
  const { code, message } = await assertRejects(() => registry.save("a", folder), RegistryError);
  assertEquals(code, "Invalid");
  assertMatch(message, /there is nothing to save in it/);
});

Deno.test("nor is anything of the cache, which has files of other names", async () => {
  await using space = await workspace();
  const { work } = space;
  const cache = join(work, "my [cache]!/holdfast");
  await mkdir(join(cache, "files"), { recursive: true });
  await writeFile(join(cache, "files/x"), "hidden text");
  for (const path of ["my [cache]!/holdfast", "my [cache]!/holdfast/files/x"]) {
    await assertRejects(() => pathBelow(work, path, cache), RegistryError, "or of the cache");
  }
  await using registry = await openRegistry("memory:");
  await registry.save("all", await pathBelow(work, ".", cache));
  const { files } = await registry.info("all");
  assertEquals(files.map(({ path }) => path), [
    "a/deep/empty",
    "a/deep/f.txt",
    "a/f.txt",
    "my [cache]!",
  ]);
});

/** Replaces a folder of the workspace by a link that leads out. */
async function replaceFolder({ work, outside }: { work: string; outside: string }): Promise<void> {
  await rename(join(work, "a"), join(work, "moved"));
  await symlink(outside, join(work, "a"));
}

Deno.test("a folder that is replaced after the check leads to no file outside", async () => {
  for (const path of ["a/f.txt", "a/deep/f.txt", "a/deep", "a"]) {
    await using space = await workspace();
    await using registry = await openRegistry("memory:");
    const checked = await pathBelow(space.work, path);
    await replaceFolder(space);
    const { code } = await assertRejects(() => registry.save("x", checked), RegistryError);
    assertEquals([code === "Conflict" || code === "Unsupported", path], [true, path]);
    assertEquals(await registry.has("x"), false);
  }
});

/** Runs without the permission to ask the system where an open file is. */
async function withoutPermissions(run: () => Promise<void>): Promise<void> {
  const { querySync } = Deno.permissions;
  const isAsked = { value: false };
  Deno.permissions.querySync = (descriptor) => {
    if (descriptor.name !== "ffi") return querySync.call(Deno.permissions, descriptor);
    isAsked.value = true;
    return { state: "prompt" } as Deno.PermissionStatus;
  };
  try {
    await run();
  } finally {
    Deno.permissions.querySync = querySync;
  }
  assertEquals(isAsked.value, true);
}

Deno.test("a file is checked by the place that it has once it is open", async () => {
  await using space = await workspace();
  const { work } = space;
  const allows = (place: string) => place.startsWith(`${work}/`);
  const path = join(work, "a/f.txt");
  const readings: Record<string, (content: DiskContent) => unknown> = {
    bytes: (content) => content.bytes(),
    chunks: (content) => Array.fromAsync(content.chunks()),
    stream: (content) => new Response(content.stream()).text(),
    range: (content) => Array.fromAsync(content.chunks({ range: { offset: 0, length: 1 } })),
  };
  const read = async (kind: string) => {
    const state = stateOf(lstatSync(path)); // of the file that is then opened
    await readings[kind]!(new DiskContent({ path, state }, { allows }));
  };
  for (const kind of Object.keys(readings)) {
    await read(kind);
    await withoutPermissions(() => read(kind));
  }
  await replaceFolder(space);
  for (const kind of Object.keys(readings)) {
    await assertRejects(() => read(kind), RegistryError, "changed while it was read");
    await withoutPermissions(async () => {
      await assertRejects(() => read(kind), RegistryError, "changed while it was read");
    });
  }
});

Deno.test("localPath() saves only files that `allows` returns true for", async () => {
  await using space = await workspace();
  await using registry = await openRegistry("memory:");
  const places: string[] = [];
  const folder = join(space.work, "a");
  const allows = (place: string) => places.push(place.slice(folder.length)) > 0;
  await registry.save("x", localPath(folder, { allows }));
  assertEquals([...new Set(places)].sort(), ["", "/deep", "/deep/empty", "/deep/f.txt", "/f.txt"]);
  const none = localPath(join(folder, "f.txt"), { allows: () => false });
  const { code } = await assertRejects(() => registry.save("y", none), RegistryError);
  assertEquals(code, "Conflict");
});
