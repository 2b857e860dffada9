import fs from "node:fs";
import process from "node:process";
import { assert, assertEquals } from "@std/assert";
import { createLocalBackend } from "../../../backends/local.ts";
import { keyLayout } from "../../../backends/local/layout.ts";
import { isRegistryError, RegistryError } from "../../../core/errors.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { openRegistry } from "../../../mod.ts";
import { keyFile } from "../../backends/local/key_file.ts";
import { type TempRoot, testInRoot } from "../../support/temp_root.ts";
import { GRACE_MS, testProtocol } from "../../registry/protocol_world.ts";
import { keysOf, noise } from "../../registry/registries.ts";
import { rejected } from "../../registry/rejected.ts";
import { withAge } from "../../registry/with_age.ts";
import { dirname } from "node:path";
import { realSystem } from "../../../core/system.ts";

const WEEK_MS = 7 * GRACE_MS;

const ANYWHERE = [
  ...["names/m", "names/b/versions", "names/b/aliases/x", "objects/b", "objects/m"],
  ...["uploads", "uploads/x", "scratch/x", "gc/x", "other"],
];
const LINKS = [
  ...ANYWHERE,
  "names/b/versions,prerelease",
  "names/b/versions,final,o+",
  "objects/b/o+",
];

for (const link of LINKS) {
  testInRoot(`a link at ${link} keeps nobody from maintaining the other names`, async (root) => {
    const path = root.join("store");
    const registry = await openRegistry(path, { durability: "os" });
    for (const name of ["a", "b", "z"]) {
      await registry.save(name, noise(70_000));
      await registry.save(name, "kept");
      await registry.delete(`${name}@1`);
    }
    const place = root.join("store", link);
    fs.mkdirSync(root.join("elsewhere"));
    fs.mkdirSync(place, { recursive: true });
    fs.rmSync(place, { recursive: true });
    fs.symlinkSync(root.join("elsewhere"), place);
    const old = await openRegistry(
      withAge(createLocalBackend({ path, durability: "os" }), WEEK_MS),
    );
    const key = keyLayout("folded").textOf(`${link}/`).replace(/\/$/, "");
    const { removed, failures } = await collectGarbage(old);
    const ofB = /^(names|objects)\/b/.test(link);
    assertEquals(removed.payload.count, ofB ? 2 : 3, link);
    assertEquals(failures.map(({ key }) => key), link === "other" ? [] : [key]);
    const { problems, unseen, versions } = await verifyRegistry(old);
    const isRecord = link.startsWith("names/");
    assertEquals(
      problems.map(({ ref, key, code }) => [ref, key, code]),
      isRecord ? [[link[6], key, "Denied"]] : [],
    );
    assertEquals(unseen.strangers, isRecord ? 0 : 1);
    assert(versions >= 2, `${versions}`);
  });
}

testInRoot(
  "something other than a file in place of a record affects only its name",
  async (root) => {
    if (process.platform === "win32") return;
    const path = root.join("store");
    const registry = await openRegistry(path, { durability: "os" });
    for (const name of ["a", "b", "z"]) await registry.save(name, name);
    const record = keyFile(path, "names/b/versions/final/p8p9p9/9007199254740990.rec");
    fs.unlinkSync(record);
    const { promise, resolve } = Promise.withResolvers<void>();
    const { createServer } = await import("node:net");
    const server = createServer().listen(record, () => resolve());
    await promise;
    const { problems, versions } = await verifyRegistry(registry);
    assertEquals(problems.map(({ ref, code }) => [ref, code]), [["b", "Corrupt"]]);
    assertEquals(versions, 2);
    await new Promise((closed) => server.close(closed));
  },
);

const denied = (key: string) => () => {
  throw new RegistryError({
    code: "Denied",
    message: `Cannot read "${key}": denied`,
    hint: "Ask for permission.",
    key,
  });
};

testProtocol("maintenance continues if a store denies one name", {}, async (world) => {
  const { registry, backend, advance } = world;
  for (const name of ["a", "b", "z"]) {
    await registry.save(name, noise(70_000));
    await registry.save(name, "kept");
    await registry.delete(`${name}@1`);
  }
  advance(WEEK_MS);
  backend.answerAll({ verb: "list", key: /^(names|objects)\/b\// }, denied("names/b/"));
  const { removed, failures } = await collectGarbage(registry);
  assertEquals([removed.payload.count, failures.map(({ key }) => key)], [2, ["names/b/"]]);
  backend.heal();
  backend.answerAll({ verb: "get", key: /^names\/b\// }, denied("names/b/"));
  const { ok, problems, versions } = await verifyRegistry(registry);
  assertEquals([ok, new Set(problems.map(({ code }) => code)), versions], [
    false,
    new Set(["Denied"]),
    3,
  ]);
});

testProtocol("maintenance ends if a store denies everything", {}, async ({ registry, backend }) => {
  await registry.save("a", "x");
  backend.answerAll({ verb: "list" }, denied("names/"));
  await rejected("Denied", collectGarbage(registry));
  await rejected("Denied", verifyRegistry(registry));
});

const DAY_MS = 24 * 60 * 60 * 1000;

/** Collects the garbage of a folder in which everything is old. Returns errors as results. */
async function collect(path: string): Promise<unknown> {
  const old = withAge(createLocalBackend({ path, durability: "os" }), 10 * DAY_MS);
  const registry = await openRegistry(old);
  return await collectGarbage(registry).catch((error) => error);
}

/** A registry with one name, and foreign files. */
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

const COMMIT = "01951e2f-6c00-7abc-8def-0123456789ab";
const STRANGE_LINKS = [
  ...["scratch", "uploads", "uploads/x", ".stage"],
  "objects/z",
  "objects/z12+",
  `objects/a/p8p9p9,${COMMIT},1+`,
  "objects/a/n+",
];

for (const link of STRANGE_LINKS) {
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
