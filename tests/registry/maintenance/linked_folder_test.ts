import fs from "node:fs";
import { dirname } from "node:path";
import { assert, assertEquals } from "@std/assert";
import { createLocalBackend } from "../../../backends/local.ts";
import { isRegistryError } from "../../../core/errors.ts";
import { realSystem } from "../../../core/system.ts";
import { collectGarbage, openRegistry } from "../../../mod.ts";
import { keyFile } from "../../backends/local/key_file.ts";
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
async function folders(
  root: TempRoot,
): Promise<{ path: string; strangers: string; names: string[] }> {
  const path = root.join("store");
  const strangers = root.join("strangers");
  const registry = await openRegistry(path, { durability: "os" });
  await registry.save("a", noise(300_000));
  await registry.save("a", noise(300_000, 2), { version: "12" });
  await registry.save("m1234", noise(300_000, 3));
  const names = ["notes.txt", "0", realSystem.id(), ".alive"];
  fs.mkdirSync(strangers);
  for (const name of names) fs.writeFileSync(`${strangers}/${name}`, "of a stranger");
  return { path, strangers, names: names.sort() };
}

const ANYWHERE = ["scratch", "uploads", "uploads/x", ".stage"];
const COMMIT = "01951e2f-6c00-7abc-8def-0123456789ab";
const LINKS = [
  ...ANYWHERE,
  "objects/z",
  "objects/z12+",
  `objects/a/p8p9p9,${COMMIT},1+`,
  "objects/a/n+",
];

for (const link of LINKS) {
  testInRoot(
    `collectGarbage() removes nothing behind a link at ${link}`,
    async (root) => {
      const { path, strangers, names } = await folders(root);
      fs.mkdirSync(dirname(root.join("store", link)), { recursive: true });
      fs.rmSync(root.join("store", link), { recursive: true, force: true });
      fs.symlinkSync(strangers, root.join("store", link));
      const outcome = await collect(path);
      assert(!(outcome instanceof Error) || isRegistryError(outcome, "Denied"), String(outcome));
      assertEquals(fs.readdirSync(strangers).sort(), names);
      assertEquals(fs.readlinkSync(root.join("store", link)), strangers);
    },
  );
}

const MOVED = [
  "names/a",
  "names/m12+",
  dirname(keyFile("", "names/a/versions/final/o87p9p9/9007199254740990.rec")),
];

for (const moved of MOVED) {
  testInRoot(
    `collectGarbage() keeps the payload of versions that somebody moved and linked, ${moved}`,
    async (root) => {
      const { path } = await folders(root);
      const backend = createLocalBackend({ path });
      const payload = await keysOf(backend, "objects/");
      fs.renameSync(root.join("store", moved), root.join("moved"));
      fs.symlinkSync(root.join("moved"), root.join("store", moved));
      await collect(path);
      assertEquals(await keysOf(backend, "objects/"), payload);
    },
  );
}
