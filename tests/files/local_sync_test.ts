import { assertEquals } from "@std/assert";
import type { FileStore } from "../../core/file_store.ts";
import { createLocalFiles } from "../../files/local.ts";
import { syncedFolders } from "../backends/patched_fs.ts";
import { refused } from "../support/refused.ts";
import { type TempRoot, testInRoot } from "../support/temp_root.ts";

function test(name: string, run: (files: FileStore, root: TempRoot) => Promise<void>): void {
  testInRoot(
    name,
    (root) => run(createLocalFiles({ root: root.join("store"), durability: "disk" }), root),
  );
}

/** Returns the folders that a call synced, each once. */
async function synced(root: TempRoot, run: () => Promise<unknown>, refuse?: string) {
  return [...new Set(await syncedFolders(root.path, run, refuse))].sort();
}

test("a write syncs the names of the folders it creates", async (files, root) => {
  const write = (path: string) => synced(root, () => files.write(path, Uint8Array.of(1)));
  assertEquals(await write("a/b/c"), [".", "store", "store/a", "store/a/b"]);
  assertEquals(await write("a/b/d"), ["store/a/b"]);
  assertEquals(await write("a/e/f"), ["store/a", "store/a/e"]);
});

test("every change is durable before it returns", async (files, root) => {
  await files.write("a/b", Uint8Array.of(1));
  const created = await synced(root, () => files.createFolder("c/d"));
  assertEquals(created, ["store", "store/c", "store/c/d"]);
  assertEquals(await synced(root, () => files.createLink("c/link", "a/b")), ["store/c"]);
  assertEquals(await synced(root, () => files.move("a/b", "c/b")), ["store/a", "store/c"]);
  assertEquals(await synced(root, () => files.move("c", "moved")), ["store"]);
  // The name of the folder is new.
  assertEquals(await synced(root, () => files.remove("moved/b")), ["store", "store/moved"]);
  assertEquals(await synced(root, () => files.remove("moved/d")), ["store/moved"]);
});

test("a change that cannot be synced fails as maybe written", async (files, root) => {
  await files.write("a/b", Uint8Array.of(1));
  const changes = [
    () => files.write("a/c", Uint8Array.of(1)),
    () => files.write("a/d", Uint8Array.of(1), { mode: "create" }),
    () => files.createFolder("a/e"),
    () => files.createLink("a/f", "a/b"),
    () => files.move("a/b", "a/g"),
    () => files.remove("a/c"),
  ];
  await synced(root, async () => {
    for (const change of changes) {
      const { maybeWritten, retry, message } = await refused("Unavailable", change);
      assertEquals([maybeWritten, retry], [true, "unknown"], message);
    }
  }, "store/a");
  assertEquals(await files.stat("a/g"), undefined, "the move is undone");
  assertEquals((await files.stat("a/b"))?.kind, "file");
});

test("durability os syncs nothing", async (_, root) => {
  const files = createLocalFiles({ root: root.join("fast") });
  assertEquals(await synced(root, () => files.write("a/b", Uint8Array.of(1))), []);
});
