import fs from "node:fs";
import { dirname } from "node:path";
import { assert, assertEquals } from "@std/assert";
import { createLocalBackend } from "../../../backends/local.ts";
import { isRegistryError } from "../../../core/errors.ts";
import { realSystem } from "../../../core/system.ts";
import { collectGarbage, openRegistry } from "../../../mod.ts";
import { testInRoot } from "../../support/temp_root.ts";
import type { TempRoot } from "../../support/temp_root.ts";
import { keysOf, noise } from "../registries.ts";
import { withAge } from "../with_age.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

/** Collects the garbage of a folder, all of which is old. What it throws counts as its outcome. */
async function collect(path: string): Promise<unknown> {
  const old = withAge(createLocalBackend({ path, durability: "os" }), 10 * DAY_MS);
  const registry = await openRegistry(old);
  return await collectGarbage(registry).catch((error) => error);
}

/** A registry with one name, and files of somebody else. */
async function folders(root: TempRoot): Promise<{ path: string; strangers: string; names: string[] }> {
  const path = root.join("store");
  const strangers = root.join("strangers");
  const registry = await openRegistry(path, { durability: "os" });
  await registry.save("a", noise(300_000));
  const names = ["notes.txt", "0", realSystem.id(), ".alive"];
  fs.mkdirSync(strangers);
  for (const name of names) fs.writeFileSync(`${strangers}/${name}`, "of a stranger");
  return { path, strangers, names: names.sort() };
}

for (
  const link of ["scratch", "uploads", "uploads/x", "objects/a/p8p9p9/01951e2f-6c00-7abc-8def-0123456789ab", ".stage"]
) {
  testInRoot(`collectGarbage() removes nothing behind a link at ${link}`, async (root) => {
    const { path, strangers, names } = await folders(root);
    fs.mkdirSync(dirname(root.join("store", link)), { recursive: true });
    fs.rmSync(root.join("store", link), { recursive: true, force: true });
    fs.symlinkSync(strangers, root.join("store", link));
    const outcome = await collect(path);
    assert(!(outcome instanceof Error) || isRegistryError(outcome, "Denied"), String(outcome));
    assertEquals(fs.readdirSync(strangers).sort(), names);
    assertEquals(fs.readlinkSync(root.join("store", link)), strangers);
  });
}

for (const moved of ["names/a", "names/a/versions/final", "names/a/versions/final/p8p9p9"]) {
  testInRoot(
    `collectGarbage() keeps the payload of versions that somebody moved and linked, ${moved}`,
    async (root) => {
      const { path } = await folders(root);
      const payload = await keysOf(createLocalBackend({ path }), "objects/");
      fs.renameSync(root.join("store", moved), root.join("moved"));
      fs.symlinkSync(root.join("moved"), root.join("store", moved));
      await collect(path);
      assertEquals(await keysOf(createLocalBackend({ path }), "objects/"), payload);
    },
  );
}
