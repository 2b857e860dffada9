import fs from "node:fs";
import { relative } from "node:path";
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Backend, Layout } from "../../../core/backend.ts";
import type { StoredRegistry } from "../../../core/registry.ts";
import {
  collectGarbage,
  createLocalBackend,
  createMemoryBackend,
  mirrorRegistry,
  openRegistry,
  prune,
  verifyRegistry,
} from "../../../mod.ts";
import type { LocalBackendOptions, OpenRegistryOptions } from "../../../mod.ts";
import { testInRoot } from "../../support/temp_root.ts";
import { collect, rejected } from "../rejected.ts";
import { keysOf, noise } from "../registries.ts";
import { withAge } from "../with_age.ts";

const WEEK_MS = 7 * 24 * 3_600_000;
const LAYOUTS: readonly Layout[] = ["folded", "plain"];
const otherThan = (layout: Layout): Layout => layout === "plain" ? "folded" : "plain";

/** A registry with something of every kind. */
async function filled(path: string, layout: Layout): Promise<StoredRegistry> {
  const registry = await openRegistry(path, { layout, durability: "os" });
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
    found[name] = await registry.aliases(name);
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

for (const layout of LAYOUTS) {
  testInRoot(
    `a ${layout} registry opens by its path, whatever a new one would be`,
    async (root) => {
      const path = root.join("registry");
      const before = await described(await filled(path, layout));
      for (const options of [{}, { layout }, { readOnly: true }, { create: false }]) {
        const registry = await openRegistry(path, options);
        assertEquals([registry.backend.layout, registry.settings.layout ?? "plain"], [
          layout,
          layout,
        ]);
        assertEquals(await described(registry), before);
      }
    },
  );

  testInRoot(
    `a ${layout} registry is Invalid to who would look for its files elsewhere, and stays as it is`,
    async (root) => {
      const path = root.join("registry");
      const own = await filled(path, layout);
      const before = await described(own);
      const files = fs.readdirSync(path, { recursive: true }).sort();
      const other = otherThan(layout);
      const attempts = [
        () => openRegistry(path, { layout: other }),
        () => openRegistry(createLocalBackend({ path, layout: other })),
        () => openRegistry(createLocalBackend({ path, layout: other }), { readOnly: true }),
      ];
      for (const attempt of attempts) {
        const error = await rejected("Invalid", attempt());
        assertMatch(
          error.message,
          new RegExp(`its layout is "${layout}", that of this backend "${other}"`),
        );
        assertMatch(
          error.hint!,
          new RegExp(`layout: "${layout}", or leave it out and give openRegistry the path`),
        );
      }
      assertEquals(fs.readdirSync(path, { recursive: true }).sort(), files);
      assertEquals(await described(own), before);
    },
  );

  testInRoot(
    `a ${layout} registry is pruned, collected, verified, and mirrored into the other layout`,
    async (root) => {
      const path = root.join("registry");
      const registry = await filled(path, layout);
      const { deleted } = await prune(registry, { keepLast: 3, names: ["many"] });
      assertEquals(deleted.length, 7);
      const left = await described(registry);
      const before = (await keysOf(registry.backend, "objects/")).length;
      const old = await openRegistry(withAge(registry.backend, WEEK_MS));
      assertEquals((await collectGarbage(old)).failures, []);
      assert((await keysOf(registry.backend, "objects/")).length < before);
      assertEquals([(await verifyRegistry(registry)).problems, await described(registry)], [
        [],
        left,
      ]);
      const target = await openRegistry(root.join("target"), {
        layout: otherThan(layout),
        durability: "os",
      });
      assertEquals((await mirrorRegistry(registry, target)).failures, []);
      assertEquals([(await verifyRegistry(target)).problems, await described(target)], [[], left]);
      const { skipped } = await registry.save("large/run 2026-11-21", "again", {
        idempotencyKey: "key",
      });
      assertEquals(skipped, true);
    },
  );
}

testInRoot(
  "files of a folded registry that were copied into another kind of store are Invalid, with a way out",
  async (root) => {
    const path = root.join("registry");
    await filled(path, "folded");
    const bucket = createMemoryBackend();
    await copyFiles(path, bucket);
    const keys = await keysOf(bucket);
    const error = await rejected("Invalid", openRegistry(bucket));
    assertMatch(error.message, /its layout is "folded"/);
    assertMatch(error.hint!, /mirror it/);
    assertEquals(await keysOf(bucket), keys);
  },
);

testInRoot("files of a plain registry are a registry wherever they are copied", async (root) => {
  const path = root.join("registry");
  const before = await described(await filled(path, "plain"));
  const bucket = createMemoryBackend();
  await copyFiles(path, bucket);
  assertEquals(await described(await openRegistry(bucket)), before);
});

testInRoot(
  "a folder without a registry is asked for one in neither layout by reading",
  async (root) => {
    for (const layout of LAYOUTS) {
      await rejected(
        "NotFound",
        openRegistry(root.join("none"), { layout, create: false }),
      );
    }
    assertEquals(fs.existsSync(root.join("none")), false);
  },
);

testInRoot("a store on a disk whose wrapper hides the layout creates no registry", async (root) => {
  const { layout: _, ...hiding } = createLocalBackend({
    path: root.join("store"),
    durability: "os",
  });
  const error = await rejected("Invalid", openRegistry(hiding));
  assertMatch(error.hint!, /layout/);
  assertEquals(await collect(hiding.list("")), []);
});

for (const name of ["layout", "locking", "durability"] as const) {
  testInRoot(`a misspelt ${name} is Invalid, and makes nothing`, async (root) => {
    const path = root.join("none");
    const options: OpenRegistryOptions = { [name]: "foldd" };
    const attempts: (() => unknown)[] = [
      () => openRegistry(path, options),
      () => createLocalBackend({ path, ...options } as LocalBackendOptions),
    ];
    for (const attempt of attempts) {
      const error = await rejected("Invalid", (async () => await attempt())());
      assertMatch(error.message, new RegExp(`with ${name}: "foldd"`));
    }
    assertEquals(fs.existsSync(path), false);
    await filled(path, "folded");
    assertMatch(
      (await rejected("Invalid", openRegistry(path, options))).message,
      new RegExp(`with ${name}: "foldd"`),
    );
  });
}
