import { execFile } from "node:child_process";
import fs from "node:fs";
import { createServer } from "node:net";
import process from "node:process";
import { promisify } from "node:util";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { createLocalBackend } from "../../../backends/local.ts";
import type { Backend } from "../../../core/backend.ts";
import { RegistryError } from "../../../core/errors.ts";
import { openRegistry } from "../../../mod.ts";
import { assertHolds, listed, putAll, text } from "../../conformance/backend/samples.ts";
import { keyFile } from "./key_file.ts";
import { type TempRoot, testInRoot } from "../../support/temp_root.ts";
import { LOCKINGS } from "./lockings.ts";

const run = promisify(execFile);

function test(name: string, body: (root: TempRoot) => Promise<void>): void {
  if (process.platform !== "win32") testInRoot(name, body);
}

/** Entries that no store makes, by the key of the object at that path. */
async function strangeFiles(root: TempRoot): Promise<{ keys: string[]; close(): Promise<void> }> {
  await run("mkfifo", [root.join("store", "a", "pipe")]);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(root.join("store", "a", "socket"), resolve));
  return {
    keys: ["a/pipe", "a/socket"],
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

async function assertCorrupt(call: () => Promise<unknown>): Promise<void> {
  const error = await assertRejects(call, RegistryError);
  assertEquals(error.code, "Corrupt", error.message);
  assert(error.hint?.startsWith("Remove it"), error.hint);
}

for (const locking of LOCKINGS) {
  const durability = locking === "link" ? "disk" : "os";
  test(`a pipe or a socket is Corrupt for every method (${locking})`, async (root) => {
    const backend = createLocalBackend({ path: root.join("store"), durability, locking });
    await putAll(backend, ["a/b", "b"]);
    const { keys, close } = await strangeFiles(root);
    try {
      for (const key of keys) {
        await assertCorrupt(() => backend.head(key));
        await assertCorrupt(() => backend.get(key));
        await assertCorrupt(() => backend.put(key, text("x")));
        await assertCorrupt(() => backend.put(key, text("x"), { mode: "create" }));
        await assertCorrupt(() => backend.delete(key));
        if (backend.sync !== undefined) await assertCorrupt(() => backend.sync!([key]));
      }
      assertEquals(await listed(backend, "a/", { limit: 1 }), ["a/b"]);
      await assertCorrupt(() => listed(backend, "a/"));
      assertEquals(await listed(backend, "", { delimiter: "/" }), ["a/", "b"]);
      await assertHolds(backend, "a/b", text("a/b"));
      assertEquals(fs.readdirSync(root.join("store", "a")).sort(), ["b", "pipe", "socket"]);
    } finally {
      await close();
    }
  });
}

test("a pipe in place of a large object does not block", async (root) => {
  const backend = createLocalBackend({ path: root.join("store"), durability: "os" });
  await backend.put("a/large", new Uint8Array(3_000_000));
  const object = (await backend.get("a/large"))!;
  fs.unlinkSync(root.join("store", "a", "large"));
  await run("mkfifo", [root.join("store", "a", "large")]);
  await assertCorrupt(() => object.bytes());
});

test("a lock that is a pipe does not block", async (root) => {
  if (!LOCKINGS.includes("file")) return;
  const backend: Backend = createLocalBackend({
    path: root.join("store"),
    durability: "os",
    locking: "file",
  });
  fs.mkdirSync(root.join("store"));
  await run("mkfifo", [root.join("store", ".lock")]);
  await assertCorrupt(() => backend.put("a", text("x"), { mode: "create" }));
  assertEquals(fs.readdirSync(root.join("store", ".stage")), []);
});

test("a pipe in the stage is not swept", async (root) => {
  const backend = createLocalBackend({ path: root.join("store"), durability: "os" });
  await putAll(backend, ["a"]);
  await run("mkfifo", [root.join("store", ".stage", "01951e2f-6c00-7abc-8def-0123456789ab")]);
  assertEquals(await Array.fromAsync(backend.sweepUploads!({ olderThan: Infinity })), []);
});

test("records that are pipes or links are errors without content", async (root) => {
  const path = root.join("store");
  const registry = await openRegistry(path, { durability: "os" });
  await registry.save("piped", "one");
  await registry.save("linked", "one");
  const recordOf = (name: string) =>
    keyFile(path, `names/${name}/versions/final/p8p9p9/9007199254740990.rec`);
  fs.unlinkSync(recordOf("piped"));
  await run("mkfifo", [recordOf("piped")]);
  const secret = root.join("secret");
  fs.writeFileSync(secret, "root:hidden:0:0\n");
  fs.unlinkSync(recordOf("linked"));
  fs.symlinkSync(secret, recordOf("linked"));
  for (const [name, code] of [["piped", "Corrupt"], ["linked", "Denied"]]) {
    const error = await assertRejects(() => registry.load(name), RegistryError);
    assertEquals(error.code, code);
    let told = "";
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
      told += `${cause.message} ${cause.stack}`;
    }
    assert(!told.includes("hidden"), told);
  }
});
