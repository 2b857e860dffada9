import fs from "node:fs";
import { assertEquals, assertRejects } from "@std/assert";
import { createLocalBackend } from "../../../backends/local.ts";
import { RegistryError } from "../../../core/errors.ts";
import { openRegistry } from "../../../mod.ts";
import { text } from "../../conformance/backend/samples.ts";
import { type TempRoot, testInRoot } from "../../support/temp_root.ts";
import { syncedFolders } from "../patched_fs.ts";

/** The synced folders of a test, in order. The disk fails to sync `refuse`. */
const synced = (root: TempRoot, run: () => Promise<unknown>, refuse?: string) =>
  syncedFolders(root.path, run, refuse);

testInRoot("openRegistry() syncs all folders that it creates", async (root) => {
  const events = await synced(
    root,
    async () => await (await openRegistry(root.join("new", "deep", "reg")))[Symbol.asyncDispose](),
  );
  for (const folder of [".", "new", "new/deep", "new/deep/reg", "new/deep/reg/settings"]) {
    assertEquals(events.includes(folder), true, `${folder} of ${events}`);
  }
});

testInRoot("unsynced folders of another process are synced once", async (root) => {
  await createLocalBackend({ path: root.join("new", "reg"), durability: "os" }).put(
    "a/b",
    text("x"),
  );
  const backend = createLocalBackend({ path: root.join("new", "reg") });
  assertEquals(await synced(root, () => backend.put("c", text("x"))), ["new", ".", "new/reg"]);
  assertEquals(await synced(root, () => backend.put("d", text("x"))), ["new/reg"]);
  const reader = createLocalBackend({ path: root.join("new", "reg") });
  assertEquals((await synced(root, () => reader.sync!(["c"]))).slice(0, 3), [
    "new/reg/c",
    "new",
    ".",
  ]);
});

testInRoot("nothing is written before the root is synced", async (root) => {
  const backend = createLocalBackend({ path: root.join("new", "reg") });
  const put = () => backend.put("a", text("x"), { mode: "create" });
  for (const refuse of [".", "new", "."]) {
    await synced(root, async () => {
      const error = await assertRejects(put, RegistryError);
      assertEquals([error.code, error.maybeWritten], ["Unavailable", undefined]);
    }, refuse);
  }
  assertEquals(fs.readdirSync(root.join("new", "reg")), [".stage"]);
  assertEquals(await synced(root, put), ["new", ".", "new/reg"]);
});
