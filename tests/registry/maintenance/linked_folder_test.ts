import fs from "node:fs";
import { dirname } from "node:path";
import { assert, assertEquals } from "@std/assert";
import { createLocalBackend } from "../../../backends/local.ts";
import type { Layout } from "../../../core/backend.ts";
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
async function collect(path: string, layout: Layout): Promise<unknown> {
  const old = withAge(createLocalBackend({ path, durability: "os", layout }), 10 * DAY_MS);
  const registry = await openRegistry(old);
  return await collectGarbage(registry).catch((error) => error);
}

/** A registry with one name, and files of somebody else. */
async function folders(
  root: TempRoot,
  layout: Layout,
): Promise<{ path: string; strangers: string; names: string[] }> {
  const path = root.join("store");
  const strangers = root.join("strangers");
  const registry = await openRegistry(path, { durability: "os", layout });
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
const LINKS: [Layout, string[]][] = [
  ["plain", [...ANYWHERE, `objects/a/p8p9p9/${COMMIT}`]],
  ["folded", [
    ...ANYWHERE,
    "objects/z",
    "objects/z12+",
    `objects/a/p8p9p9,${COMMIT},1+`,
    "objects/a/n+",
  ]],
];

for (
  const [link, layout] of LINKS.flatMap(([layout, links]) =>
    links.map((link) => [link, layout] as const)
  )
) {
  testInRoot(
    `collectGarbage() removes nothing behind a link at ${link} (${layout})`,
    async (root) => {
      const { path, strangers, names } = await folders(root, layout);
      fs.mkdirSync(dirname(root.join("store", link)), { recursive: true });
      fs.rmSync(root.join("store", link), { recursive: true, force: true });
      fs.symlinkSync(strangers, root.join("store", link));
      const outcome = await collect(path, layout);
      assert(!(outcome instanceof Error) || isRegistryError(outcome, "Denied"), String(outcome));
      assertEquals(fs.readdirSync(strangers).sort(), names);
      assertEquals(fs.readlinkSync(root.join("store", link)), strangers);
    },
  );
}

const MOVED: [Layout, string[]][] = [
  ["plain", ["names/a", "names/a/versions/final", "names/a/versions/final/p8p9p9"]],
  ["folded", [
    "names/a",
    "names/m12+",
    dirname(keyFile("", "names/a/versions/final/o87p9p9/9007199254740990.rec")),
  ]],
];

for (
  const [moved, layout] of MOVED.flatMap(([layout, places]) =>
    places.map((place) => [place, layout] as const)
  )
) {
  testInRoot(
    `collectGarbage() keeps the payload of versions that somebody moved and linked, ${moved} (${layout})`,
    async (root) => {
      const { path } = await folders(root, layout);
      const backend = createLocalBackend({ path, layout });
      const payload = await keysOf(backend, "objects/");
      fs.renameSync(root.join("store", moved), root.join("moved"));
      fs.symlinkSync(root.join("moved"), root.join("store", moved));
      await collect(path, layout);
      assertEquals(await keysOf(backend, "objects/"), payload);
    },
  );
}
