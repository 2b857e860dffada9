import { openFolder } from "../create_registry.ts";
import fs from "node:fs";
import { relative } from "node:path";
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Backend } from "../../../core/backend.ts";
import type { StoredRegistry } from "../../../core/registry.ts";
import { prune } from "../../../extensions/maintenance/pruning/mod.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { createLocalBackend, createMemoryBackend, openRegistry } from "../../../mod.ts";
import type { LocalBackendOptions } from "../../../backends/local.ts";
import type { OpenRegistryOptions } from "../../../mod.ts";
import { testInRoot } from "../../support/temp_root.ts";
import { collect, rejected } from "../rejected.ts";
import { keysOf, noise } from "../registries.ts";
import { withAge } from "../with_age.ts";
import { aliasesOf } from "../../conformance/registry/registry_case.ts";

const WEEK_MS = 7 * 24 * 3_600_000;

/** A registry with objects of every kind. */
async function filled(path: string): Promise<StoredRegistry> {
  const registry = await openFolder(path, { durability: "os" });
  for (let i = 1; i <= 12; i++) await registry.save("many", noise(70_000, i));
  await registry.save("large/run 2026-11-21", noise(300_000), {
    version: "1.2.3-rc.10",
    idempotencyKey: "key",
  });
  await registry.setAlias("many", "live", "3");
  await registry.delete("many@2");
  return registry;
}

async function described(registry: StoredRegistry): Promise<unknown> {
  const found: Record<string, unknown> = {};
  for await (const name of registry.names()) {
    for await (const { version } of registry.versions(name)) {
      found[`${name}@${version}`] = await registry.load(name, { version });
    }
    found[name] = await aliasesOf(registry, name);
  }
  return found;
}

/** Puts each file of a folder into a store, under its path as the key. */
async function copyFiles(path: string, store: Backend): Promise<void> {
  for (const entry of fs.readdirSync(path, { recursive: true, withFileTypes: true })) {
    const file = `${entry.parentPath}/${entry.name}`;
    const key = relative(path, file).replaceAll("\\", "/");
    if (entry.isFile() && !key.startsWith(".")) await store.put(key, fs.readFileSync(file));
  }
}

testInRoot("maintenance works on a registry in a folder", async (root) => {
  const registry = await filled(root.join("registry"));
  const { deleted } = await prune(registry, { keepLast: 3, names: ["many"] });
  assertEquals(deleted.length, 7);
  const left = await described(registry);
  const before = (await keysOf(registry.backend, "objects/")).length;
  const old = await openRegistry(withAge(registry.backend, WEEK_MS));
  assertEquals((await collectGarbage(old)).failures, []);
  assert((await keysOf(registry.backend, "objects/")).length < before);
  assertEquals((await verifyRegistry(registry)).problems, []);
  assertEquals(await described(registry), left);
});

testInRoot("a registry in a folder is refused in a plain layout", async (root) => {
  const path = root.join("registry");
  const own = await filled(path);
  const before = await described(own);
  const files = fs.readdirSync(path, { recursive: true }).sort();
  const plain = createLocalBackend({ path, layout: "plain" });
  for (const options of [{}, { readOnly: true }]) {
    await rejected(
      "Invalid",
      openRegistry(plain, options),
      /the layout of this backend is "plain"/,
    );
  }
  assertEquals(fs.readdirSync(path, { recursive: true }).sort(), files);
  assertEquals(await described(own), before);
});

testInRoot("files copied to another kind of store are refused", async (root) => {
  const path = root.join("registry");
  await filled(path);
  const bucket = createMemoryBackend();
  await copyFiles(path, bucket);
  const keys = await keysOf(bucket);
  const error = await rejected("Invalid", openRegistry(bucket));
  assertMatch(error.message, /copied from another kind of store/);
  assertMatch(error.hint!, /mirror it/);
  assertEquals(await keysOf(bucket), keys);
});

testInRoot("no registry is created in a plain or unknown layout", async (root) => {
  const plain = createLocalBackend({ path: root.join("plain"), layout: "plain" });
  const { disk: _, ...hiding } = createLocalBackend({ path: root.join("hidden") });
  for (const backend of [plain, hiding]) {
    await rejected("Invalid", openRegistry(backend), /layout/);
    assertEquals(await collect(backend.list("")), []);
  }
});

for (const name of ["locking", "durability"] as const) {
  testInRoot(`an invalid ${name} is refused and creates nothing`, async (root) => {
    const path = root.join("none");
    const options: OpenRegistryOptions = { [name]: "foldd" };
    const attempts: (() => unknown)[] = [
      () => openRegistry(path, options),
      () => createLocalBackend({ path, ...options } as LocalBackendOptions),
    ];
    for (const attempt of attempts) {
      const error = await rejected("Invalid", (async () => await attempt())());
      assertMatch(error.message, new RegExp(`${name} is "foldd"`));
    }
    assertEquals(fs.existsSync(path), false);
    await filled(path);
    assertMatch(
      (await rejected("Invalid", openRegistry(path, options))).message,
      new RegExp(`${name} is "foldd"`),
    );
  });
}
