import fs from "node:fs";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { createLocalBackend } from "../../../backends/local.ts";
import { detectLocking } from "../../../backends/local/lock.ts";
import type { LocalBackendOptions } from "../../../backends/local.ts";
import { RegistryError } from "../../../core/errors.ts";
import { realSystem } from "../../../core/system.ts";
import { assertHolds, listed, putAll, text } from "../../conformance/backend/samples.ts";
import { type TempRoot, testInRoot } from "../../support/temp_root.ts";
import { LOCKINGS } from "./lockings.ts";

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

/** Files of another program, and a check that the store left them unchanged. */
async function strangersFolder(): Promise<{ path: string; assertUntouched(): Promise<void> }> {
  const path = root.join("strangers");
  const keys = ["1", "deep/2", `${realSystem.id()}`];
  await putAll(createLocalBackend({ path, durability: "os" }), keys);
  fs.rmdirSync(root.join("strangers", ".stage"));
  fs.mkdirSync(root.join("strangers", "empty"));
  const names = () => fs.readdirSync(path, { recursive: true }).sort();
  const before = names();
  return {
    path,
    async assertUntouched() {
      assertEquals(names(), before);
      for (const key of keys) assertEquals(fs.readFileSync(`${path}/${key}`, "utf8"), key);
      await Promise.resolve();
    },
  };
}

async function assertDenied(call: () => Promise<unknown>): Promise<void> {
  const error = await assertRejects(call, RegistryError);
  assertEquals(error.code, "Denied", error.message);
  assert(error.hint?.startsWith("Replace the link"), error.hint);
}

const everyVerb = (backend: ReturnType<typeof open>, key: string) => [
  () => backend.head(key),
  () => backend.get(key),
  () => backend.put(key, text("x")),
  () => backend.put(key, text("x"), { mode: "create" }),
  () => backend.delete(key),
];

for (const locking of LOCKINGS) {
  test(`every method denies an object behind a link (${locking})`, async () => {
    const strangers = await strangersFolder();
    const backend = open({ locking });
    await putAll(backend, ["a/b"]);
    fs.symlinkSync(strangers.path, root.join("store", "out"));
    fs.symlinkSync("../../strangers", root.join("store", "a", "out"));
    for (const folder of ["out", "a/out"]) {
      for (
        const key of [`${folder}/1`, `${folder}/new`, `${folder}/deep/2`, `${folder}/deep/new`]
      ) {
        for (const call of everyVerb(backend, key)) await assertDenied(call);
      }
      for (const key of [`${folder}/a/new`, `${folder}/empty/x/new`]) {
        for (const mode of ["create", "overwrite"] as const) {
          await assertDenied(() => backend.put(key, text("x"), { mode }));
        }
        await backend.delete(key);
      }
    }
    await strangers.assertUntouched();
    await assertHolds(backend, "a/b", text("a/b"));
  });

  test(`every method denies an object that is a link (${locking})`, async () => {
    const strangers = await strangersFolder();
    const backend = open({ locking });
    await putAll(backend, ["a/b"]);
    const targets = {
      "a/file": `${strangers.path}/1`,
      "a/inside": root.join("store", "a", "b"),
      "a/folder": strangers.path,
    };
    for (const [key, target] of Object.entries(targets)) {
      fs.symlinkSync(target, root.join("store", key));
      for (const call of everyVerb(backend, key)) await assertDenied(call);
      assertEquals(fs.readlinkSync(root.join("store", key)), target);
    }
    await strangers.assertUntouched();
  });

  test(`a dangling link is not written to (${locking})`, async () => {
    const backend = open({ locking });
    await putAll(backend, ["a/b"]);
    fs.symlinkSync(root.join("nowhere"), root.join("store", "a", "dangling"));
    for (const key of ["a/dangling", "a/dangling/deep/x"]) {
      for (const mode of ["create", "overwrite"] as const) {
        await assertDenied(() => backend.put(key, text("x"), { mode }));
      }
    }
    assert(!fs.existsSync(root.join("nowhere")));
    assertEquals(fs.readlinkSync(root.join("store", "a", "dangling")), root.join("nowhere"));
  });

  test(`nothing is written below a link to a file (${locking})`, async () => {
    const backend = open({ locking });
    await putAll(backend, ["a/b"]);
    fs.symlinkSync("b", root.join("store", "a", "file"));
    fs.symlinkSync("loop", root.join("store", "a", "loop"));
    for (const key of ["a/file/deep/x", "a/loop/x", "a/loop/deep/x"]) {
      for (const mode of ["create", "overwrite"] as const) {
        const error = await assertRejects(
          () => backend.put(key, text("x"), { mode }),
          RegistryError,
        );
        assertEquals([error.code, error.key], ["Denied", key.slice(0, 6)], error.message);
      }
    }
  });
}

test("a listing denies links instead of skipping them", async () => {
  const strangers = await strangersFolder();
  const backend = open();
  await putAll(backend, ["a/1", "a/3/x", "b"]);
  fs.symlinkSync(strangers.path, root.join("store", "a", "2"));
  fs.symlinkSync(root.join("nowhere"), root.join("store", "c"));
  assertEquals(await listed(backend, "a/", { limit: 1 }), ["a/1"]);
  assertEquals(await listed(backend, "a/3/"), ["a/3/x"]);
  assertEquals(await listed(backend, "a/", { after: "a/20" }), ["a/3/x"]);
  for (const prefix of ["", "a/", "a/2", "a/2/", "a/2/deep/", "c"]) {
    await assertDenied(() => listed(backend, prefix));
  }
  assertEquals(await listed(backend, "a/", { delimiter: "/" }), ["a/1", "a/2/", "a/3/"]);
  assertEquals(await listed(backend, "", { delimiter: "/" }), ["a/", "b", "c/"]);
});

test("a stage folder that is a link is not used", async () => {
  const strangers = await strangersFolder();
  fs.mkdirSync(root.join("store"));
  fs.symlinkSync(strangers.path, root.join("store", ".stage"));
  for (const locking of LOCKINGS) {
    const backend = open({ locking });
    await assertDenied(() => Array.fromAsync(backend.sweepUploads!({ olderThan: Infinity })));
    await assertDenied(() => backend.put("a/b", text("x")));
    await assertDenied(() => backend.put("a/b", text("x"), { mode: "create" }));
  }
  await assertDenied(() => detectLocking(root.join("store")));
  for (const delimiter of [undefined, "/" as const]) {
    assertEquals(await listed(open(), "", { delimiter }), []);
  }
  await strangers.assertUntouched();
});

test("a link in the stage folder is not swept", async () => {
  const strangers = await strangersFolder();
  const backend = open();
  await putAll(backend, ["a"]);
  for (const target of [strangers.path, `${strangers.path}/1`]) {
    fs.symlinkSync(target, root.join("store", ".stage", realSystem.id()));
  }
  assertEquals(await Array.fromAsync(backend.sweepUploads!({ olderThan: Infinity })), []);
  assertEquals(fs.readdirSync(root.join("store", ".stage")).length, 2);
  await strangers.assertUntouched();
});

test("a lock that is a link is not opened", async () => {
  if (!LOCKINGS.includes("file")) return;
  fs.mkdirSync(root.join("store"));
  fs.symlinkSync(root.join("elsewhere"), root.join("store", ".lock"));
  await assertDenied(() => open({ locking: "file" }).put("a", text("x"), { mode: "create" }));
  assert(!fs.existsSync(root.join("elsewhere")));
});

test("sync() follows no link", async () => {
  const strangers = await strangersFolder();
  const backend = open({ durability: "disk" });
  await putAll(backend, ["a/b"]);
  fs.symlinkSync(strangers.path, root.join("store", "out"));
  fs.symlinkSync(`${strangers.path}/1`, root.join("store", "a", "file"));
  for (const key of ["out/1", "a/file"]) await assertDenied(() => backend.sync!([key]));
});

test("the root and its parents may be links and may move", async () => {
  fs.mkdirSync(root.join("real", "disk"), { recursive: true });
  fs.symlinkSync(root.join("real"), root.join("above"));
  fs.symlinkSync(root.join("above", "disk"), root.join("store"));
  for (const durability of ["disk", "os"] as const) {
    const backend = open({ durability });
    await backend.put("a/b", text("x"));
    await backend.put(`a/${durability}`, text("x"), { mode: "create" });
    await assertHolds(backend, "a/b", text("x"));
    assertEquals((await listed(backend, "a/")).includes("a/b"), true);
    fs.renameSync(root.join("real"), root.join(`moved-${durability}`));
    fs.unlinkSync(root.join("above"));
    fs.symlinkSync(root.join(`moved-${durability}`), root.join("above"));
    await assertHolds(backend, "a/b", text("x"));
    await backend.delete(`a/${durability}`);
    fs.renameSync(root.join(`moved-${durability}`), root.join("real"));
    fs.unlinkSync(root.join("above"));
    fs.symlinkSync(root.join("real"), root.join("above"));
  }
});
