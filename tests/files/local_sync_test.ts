import { assert, assertEquals, assertRejects } from "@std/assert";
import { isRegistryError } from "../../core/errors.ts";
import type { FileStore } from "../../core/file_store.ts";
import { createLocalFiles } from "../../files/local.ts";
import { syncedFolders } from "../backends/patched_fs.ts";
import { type TempRoot, tempRoot } from "../support/temp_root.ts";

function test(name: string, run: (files: FileStore, root: TempRoot) => Promise<void>): void {
  Deno.test(name, async () => {
    const root = await tempRoot();
    try {
      await run(createLocalFiles({ root: root.join("store"), durability: "disk" }), root);
    } finally {
      await root.remove();
    }
  });
}

/** The folders whose names were brought to the disk, each once. */
async function synced(
  root: TempRoot,
  run: () => Promise<unknown>,
  refuse?: string,
): Promise<string[]> {
  return [...new Set(await syncedFolders(root.path, run, refuse))].sort();
}

test(
  "a write brings the names of the folders that it made to the disk, and later ones only the file's",
  async (files, root) => {
    const write = (path: string) => synced(root, () => files.write(path, Uint8Array.of(1)));
    assertEquals(await write("a/b/c"), [".", "store", "store/a", "store/a/b"]);
    assertEquals(await write("a/b/d"), ["store/a/b"]);
    assertEquals(await write("a/e/f"), ["store/a", "store/a/e"]);
  },
);

test(
  "folders, links, moves and removals are on the disk before they are done",
  async (files, root) => {
    await files.write("a/b", Uint8Array.of(1));
    assertEquals(await synced(root, () => files.createFolder("c/d")), [
      "store",
      "store/c",
      "store/c/d",
    ]);
    assertEquals(await synced(root, () => files.createLink("c/link", "a/b")), ["store/c"]);
    assertEquals(await synced(root, () => files.move("a/b", "c/b")), ["store/a", "store/c"]);
    assertEquals(await synced(root, () => files.move("c", "moved")), ["store"]);
    assertEquals(await synced(root, () => files.remove("moved/b")), ["store", "store/moved"]); // its own name is new
    assertEquals(await synced(root, () => files.remove("moved/d")), ["store/moved"]);
  },
);

test("what the disk refuses is not acknowledged", async (files, root) => {
  await files.write("a/b", Uint8Array.of(1));
  await synced(root, async () => {
    await assertRejects(() => files.write("a/c", Uint8Array.of(1)), Error, "Cannot write");
    await assertRejects(() => files.remove("a/b"), Error, "Cannot remove");
  }, "store/a");
});

test(
  "what the disk refuses to keep after it was done says that it may be done",
  async (files, root) => {
    await files.write("a/b", Uint8Array.of(1));
    const errors: unknown[] = [];
    await synced(root, async () => {
      for (
        const act of [
          () => files.write("a/c", Uint8Array.of(1)),
          () => files.write("a/d", Uint8Array.of(1), { mode: "create" }),
          () => files.createFolder("a/e"),
          () => files.createLink("a/f", "a/b"),
          () => files.move("a/b", "a/g"),
          () => files.remove("a/c"),
        ]
      ) await act().catch((error) => errors.push(error));
    }, "store/a");
    for (const error of errors) {
      assert(isRegistryError(error, "Unavailable"), String(error));
      assertEquals([error.maybeWritten, error.retry], [true, "unknown"], error.message);
    }
    assertEquals(errors.length, 6);
  },
);

test("with durability os nothing waits for the disk", async (_, root) => {
  const files = createLocalFiles({ root: root.join("fast") });
  assertEquals(await synced(root, () => files.write("a/b", Uint8Array.of(1))), []);
});
