import fs from "node:fs";
import { dirname } from "node:path";
import { assert, assertEquals } from "@std/assert";
import { ownCalls } from "../../disk/disk_calls.ts";
import { openRegistry } from "../../mod.ts";
import { createLocalBackend } from "../../backends/local.ts";
import type { Backend } from "../../core/backend.ts";
import { realSystem } from "../../core/system.ts";
import { listed, putAll, text } from "../conformance/backend/samples.ts";
import { type TempRoot, testInRoot } from "../support/temp_root.ts";
function test(name: string, run: (backend: Backend, root: TempRoot) => Promise<void>): void {
  testInRoot(name, (root) => run(createLocalBackend({ path: root.path, durability: "os" }), root));
}
test("list() skips what vanished since its folder was read", async (backend, root) => {
  await putAll(backend, ["a/1", "a/2", "a/3/x", "a/4"]);
  const found: string[] = [];
  for await (const entry of backend.list("a/")) {
    found.push("key" in entry ? entry.key : entry.prefix);
    fs.rmSync(root.join("a", "2"), { force: true });
    fs.rmSync(root.join("a", "3"), { recursive: true, force: true });
  }
  assertEquals(found, ["a/1", "a/4"]);
});
test("list() sorts large folders as small ones, by whole keys", async (backend, root) => {
  const keys = Array.from({ length: 4000 }, (_, i) => {
    const name = (i * 7919 % 4000).toString(4).replaceAll(/[0-3]/g, (digit) => "a-z_"[+digit]!);
    return i % 3 === 0 ? `x/${name}/1` : `x/${name}.b`;
  });
  for (const key of keys) {
    fs.mkdirSync(dirname(root.join(key)), { recursive: true });
    fs.writeFileSync(root.join(key), "");
  }
  const sorted = [...new Set(keys)].sort();
  assertEquals(await listed(backend, "x/"), sorted);
  assertEquals(await listed(backend, "x/", { after: sorted[2000] }), sorted.slice(2001));
});

test("calls let timers run, so that aborts arrive", async (_, root) => {
  let now = 0;
  const system = { ...realSystem, monotonic: () => now += 20 };
  const backend = createLocalBackend({ path: root.path, durability: "os", system });
  await putAll(backend, Array.from({ length: 500 }, (_, i) => `a/${i}`));
  const rows = [
    () => backend.put("a/1", text("x"), { mode: "create" }),
    () => backend.get("a/1"),
    () => backend.head("a/1"),
    () => backend.delete("a/missing"),
    () => listed(backend, "a/"),
  ];
  for (const call of rows) {
    const signal = AbortSignal.timeout(1);
    for (let i = 0; i < 20_000 && !signal.aborted; i++) await call();
    assert(signal.aborted);
  }
});

test("folders are those of a list with a delimiter", async (backend) => {
  const keys = ["a/1", "names/run-12345/x", "names/run-12399/x", "names/run-1/x", "names/run/y"];
  await putAll(backend, keys);
  for (let n = 0; n < 100; n++) await putAll(backend, [`names/${"ab"[n % 2]}${n}/x`]);
  for (const [prefix, after] of [["names/"], ["names/run-1", "names/run-123450"], ["", "a0"]]) {
    const folders: string[] = [];
    for await (const some of backend.disk!.folders!.list(prefix!, { after })) {
      folders.push(...some.map(({ prefix }) => prefix));
    }
    assertEquals(folders, await listed(backend, prefix!, { delimiter: "/", after }));
  }
});

test("names are listed without a look at their further versions", async (backend) => {
  const registry = await openRegistry(backend);
  for (const name of ["a", "b", "c"]) {
    for (let value = 0; value < 20; value++) await registry.save(name, value);
  }
  await registry.delete("b@20");
  const { deno } = ownCalls;
  let looks = 0;
  const counted = (path: string) => {
    looks++;
    return deno!.lstatSync(path);
  };
  ownCalls.deno = deno && {
    ...deno,
    readDir: deno.readDir,
    readDirSync: deno.readDirSync,
    statSync: deno.statSync,
    openSync: deno.openSync,
    lstatSync: counted,
  };
  try {
    assertEquals(await Array.fromAsync(registry.names()), ["a", "b", "c"]);
  } finally {
    ownCalls.deno = deno;
    await registry.close();
  }
  assert(looks < 12, `${looks} records were looked at`);
});
