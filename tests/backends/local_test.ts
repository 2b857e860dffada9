import { existsSync } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { createLocalBackend, type LocalBackendOptions } from "../../backends/local.ts";
import { isRegistryError, RegistryError } from "../../core/errors.ts";
import { listed, putAll, text } from "../conformance/backend/samples.ts";
import { testBackend } from "../conformance/mod.ts";
import { type TempRoot, testInRoot } from "../support/temp_root.ts";

let root: TempRoot;

function test(name: string, run: () => Promise<void>): void {
  testInRoot(name, (own) => {
    root = own;
    return run();
  });
}

function open(options: Partial<LocalBackendOptions> = {}) {
  return createLocalBackend({ path: root.join("store"), durability: "os", ...options });
}

testBackend(test, () => Promise.resolve(open()), {
  name: "local with links",
  capabilities: ["sweepUploads", "getFirst", "reserve", "copy"],
});
test("createLocalBackend() and reads create nothing", async () => {
  const backend = open();
  assertEquals(await backend.get("a/b"), undefined);
  assertEquals(await listed(backend, ""), []);
  await backend.delete("a/b");
  assertEquals(await readdir(root.path), []);
});

test("paths and file: URLs open the same folder", async () => {
  const path = root.join("a b", "ü%");
  const url = pathToFileURL(path);
  await createLocalBackend({ path }).put("a/b", text("x"));
  for (const location of [path, `${path}/`, `${path}/../ü%`, url, url.href]) {
    const backend = createLocalBackend({ path: location });
    assertEquals(backend.location, url.href);
    assertEquals(await listed(backend, ""), ["a/b"]);
  }
});

test("an invalid path is Invalid", async () => {
  await Promise.resolve();
  for (
    const path of [
      "",
      "a\0b",
      new URL("https://example.org/a"),
      "file:",
      "file://",
      "file:models",
      "file:./models",
    ]
  ) {
    const error = assertThrows(
      () => createLocalBackend({ path }),
      RegistryError,
      "invalid folder path",
    );
    assertEquals(error.code, "Invalid");
  }
});

test("a folder that cannot be created is an error", async () => {
  if (!existsSync("/proc/self")) return; // elsewhere it would be made
  const backend = createLocalBackend({ path: "/proc/holdfast/store" });
  const error = await assertRejects(() => backend.put("a/b", text("x")), RegistryError);
  assertEquals(error.code, "Unavailable");
});

test("`reopen` describes how to open the same store", async () => {
  const backend = open();
  await backend.put("a/b", text("x"));
  const { module, name, options } = JSON.parse(JSON.stringify(backend.reopen));
  assertMatch(module, /^file:.*local\.ts$|^file:/);
  assertEquals(name, "createLocalBackend");
  const again = createLocalBackend(options);
  assertEquals([again.location, again.disk?.locking], [backend.location, "link"]);
  assertEquals(await listed(again, ""), ["a/b"]);
});

test("only objects are left in the folder", async () => {
  const backend = open();
  await putAll(backend, ["a/b", "a/c/d"]);
  await backend.put("a/b", text("lost"), { mode: "create" });
  await assertRejects(() => backend.put("a/e", text("x"), { size: 2 }));
  await backend.delete("a/c/d");
  assertEquals((await readdir(root.join("store"), { recursive: true })).sort(), [
    ".stage",
    "a",
    "a/b",
  ]);
});

test("delete() removes empty folders of a dead process", async () => {
  const backend = open();
  await putAll(backend, ["a/b"]);
  await mkdir(root.join("store", "c", "d"), { recursive: true });
  await backend.delete("c/d/e/f");
  assertEquals((await readdir(root.join("store"))).sort(), [".stage", "a"]);
});

test("a root that is a file is Invalid for every method", async () => {
  await createLocalBackend({ path: root.path }).put("store", text("a file"));
  const backend = open();
  const calls = [
    () => backend.head("a/b"),
    () => backend.get("a"),
    () => backend.put("a", text("x")),
    () => backend.put("a/b", text("x"), { mode: "create" }),
    () => backend.delete("a/b"),
    () => listed(backend, ""),
    () => listed(backend, "a/"),
  ];
  for (const call of calls) {
    const error = await assertRejects(call, RegistryError);
    assertEquals(error.code, "Invalid", error.message);
    assert(error.hint !== undefined && error.backend === backend.location);
  }
});

test("file locking needs file locks only for writes", async () => {
  await putAll(open(), ["a/b"]);
  const backend = open({ locking: "file" });
  assertEquals(await listed(backend, ""), ["a/b"]);
  const outcome = await backend.put("a/c", text("x")).catch((error) => error);
  if ("Deno" in globalThis) assertEquals(outcome.written, true);
  else assert(isRegistryError(outcome, "Unsupported") && outcome.hint !== undefined);
});
