import fs from "node:fs";
import { assertEquals, assertRejects } from "@std/assert";
import { createLocalBackend } from "../../../backends/local.ts";
import { RegistryError } from "../../../core/errors.ts";
import { assertHolds, listed, putAll, text } from "../../conformance/backend/samples.ts";
import { testInRoot } from "../../support/temp_root.ts";
testInRoot("a folder that became a link is refused", async (root) => {
  const backend = createLocalBackend({ path: root.join("store"), durability: "os" });
  await putAll(backend, ["a/b/1"]);
  await putAll(createLocalBackend({ path: root.join("strangers"), durability: "os" }), ["1"]);
  fs.renameSync(root.join("store", "a", "b"), root.join("moved"));
  fs.symlinkSync(root.join("strangers"), root.join("store", "a", "b"));
  const denied = async (call: () => Promise<unknown>) => {
    const error = await assertRejects(call, RegistryError);
    assertEquals(error.code, "Denied", error.message);
  };
  await denied(() => backend.delete("a/b/1"));
  await denied(() => listed(backend, "a/b/"));
  await denied(() => backend.get("a/b/1"));
  await denied(() => backend.head("a/b/1"));
  await denied(() => backend.getFirst!("a/b/"));
  for (const mode of ["create", "overwrite"] as const) {
    await denied(() => backend.put("a/b/2", text("x"), { mode }));
  }
  assertEquals(fs.readdirSync(root.join("strangers")).sort(), [".stage", "1"]);
});

testInRoot("no folder is created behind a link", async (root) => {
  const backend = createLocalBackend({ path: root.join("store"), durability: "os" });
  await putAll(backend, ["a/b/1", "a/b/2"]);
  fs.mkdirSync(root.join("strangers"));
  fs.renameSync(root.join("store", "a", "b"), root.join("moved"));
  fs.symlinkSync(root.join("strangers"), root.join("store", "a", "b"));
  const error = await assertRejects(
    () => backend.put("a/b/new/1", text("x"), { mode: "create" }),
    RegistryError,
  );
  assertEquals([error.code, fs.readdirSync(root.join("strangers"))], ["Denied", []]);
});
testInRoot("folders that another program removed are created again", async (root) => {
  const backend = createLocalBackend({
    path: root.join("store"),
    durability: "os",
  });
  await putAll(backend, ["a/b/1", "a/c"]);
  for (const gone of ["store/a/b", "store/a"]) {
    for (const mode of ["create", "overwrite"] as const) {
      fs.rmSync(root.join(gone), { recursive: true });
      assertEquals([await backend.get("a/b/1"), await backend.head("a/b/1")], [
        undefined,
        undefined,
      ], gone);
      assertEquals([await backend.getFirst!("a/b/"), await listed(backend, "a/b/")], [
        undefined,
        [],
      ], gone);
      await backend.put("a/b/1", text(mode), { mode });
      await assertHolds(backend, "a/b/1", text(mode));
    }
  }
  fs.rmSync(root.join("store", ".stage"), { recursive: true });
  await backend.put("a/b/1", text("again"));
  await assertHolds(backend, "a/b/1", text("again"));
});

testInRoot("a broken path is an error, not a missing folder", async (root) => {
  fs.writeFileSync(root.join("file"), "");
  fs.symlinkSync("loop", root.join("loop"));
  const open = (path: string) => createLocalBackend({ path, durability: "os" });
  const told = async (path: string, code: string) => {
    const backend = open(path);
    const calls = [
      () => backend.head("1"),
      () => backend.get("1"),
      () => backend.getFirst!(""),
      () => listed(backend, ""),
    ];
    for (const call of [...calls, () => listed(backend, "", { limit: 1 })]) {
      assertEquals((await assertRejects(call, RegistryError)).code, code, `${path}: ${call}`);
    }
  };
  await told(root.join("file", "store"), "Invalid");
  await told(root.join("loop", "store"), "Denied");
  const backend = open(root.join("store"));
  await putAll(backend, ["a/1"]);
  fs.symlinkSync("loop", root.join("store", "a", "loop"));
  assertEquals((await assertRejects(() => backend.get("a/loop/1"), RegistryError)).code, "Denied");
  fs.rmSync(root.join("store"), { recursive: true });
  fs.writeFileSync(root.join("store"), "");
  for (const key of ["a/1", "a/b/1"]) {
    assertEquals(
      (await assertRejects(() => backend.head(key), RegistryError)).code,
      "Invalid",
      key,
    );
  }
});

testInRoot("no object is replaced behind a new link", async (root) => {
  const backend = createLocalBackend({
    path: root.join("store"),
    durability: "os",
  });
  await putAll(backend, ["a/b/1", "a/2"]);
  await backend.head("a/b/1");
  const strangers = createLocalBackend({ path: root.join("strangers"), durability: "os" });
  await putAll(strangers, ["1"]);
  fs.renameSync(root.join("store", "a", "b"), root.join("moved"));
  fs.symlinkSync(root.join("strangers"), root.join("store", "a", "b"));
  for (
    const call of [() => backend.put("a/b/1", text("x")), () => backend.copy!("a/2", "a/b/1")]
  ) {
    assertEquals((await assertRejects(call, RegistryError)).code, "Denied", `${call}`);
  }
  await assertHolds(strangers, "1", text("1"));
});
