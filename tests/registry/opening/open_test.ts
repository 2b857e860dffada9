import { openFolder } from "../create_registry.ts";
import process from "node:process";
import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { relative } from "node:path";
import { pathToFileURL } from "node:url";
import { createMemoryBackend, openRegistry } from "../../../mod.ts";
import { type TempRoot, tempRoot, testInRoot } from "../../support/temp_root.ts";
import { collect, rejected } from "../rejected.ts";
import { keysOf, noise, testInMemory, testOnEach } from "../registries.ts";
import { setRemote } from "../../../apps/cli/places/set_remote.ts";
import { realSystem } from "../../../core/system.ts";

function testInFolder(sentence: string, body: (root: TempRoot) => Promise<void>): void {
  Deno.test(sentence, async () => {
    const root = await tempRoot();
    try {
      await body(root);
    } finally {
      await root.remove();
    }
  });
}

/** Every file below a folder, with bytes and modification time. */
function snapshot(path: string): string[] {
  const names = readdirSync(path, { recursive: true }) as string[];
  return names.sort().map((name) => {
    const stats = statSync(`${path}/${name}`);
    return `${name} ${stats.mtimeMs} ${
      stats.isFile() ? readFileSync(`${path}/${name}`).toString("hex") : ""
    }`;
  });
}

testInFolder("paths, relative paths and file: URLs are equivalent", async (root) => {
  const path = root.join("new", "registry with space");
  const first = await openRegistry(path);
  await first.save("a", "x");
  const url = pathToFileURL(path);
  for (const target of [url, url.href, relative(process.cwd(), path), `${path}/`]) {
    const registry = await openRegistry(target);
    assertEquals([registry.id, registry.location], [first.id, first.location]);
    assertEquals(await registry.load("a"), "x");
  }
});

testInFolder("memory: creates a new registry; other schemes are refused", async () => {
  const one = await openRegistry("memory:");
  const two = await openRegistry("memory:");
  assertNotEquals(one.id, two.id);
  await rejected("Invalid", openRegistry("c3:x"), /"c3:\/\/bucket\/prefix".*"\.\/c3:…"/);
  for (const target of ["", "a\0b", "file://host/share", "file:///a%2Fb"]) {
    await rejected("Invalid", openRegistry(target));
  }
});

testInFolder("create: false and readOnly leave no trace", async (root) => {
  const path = root.join("none");
  await rejected("NotFound", openRegistry(path, { create: false }), /create: true/);
  await rejected("NotFound", openRegistry(path, { readOnly: true }));
  await rejected("NotFound", openRegistry(root.path, { create: false }));
  assert(!existsSync(path));
  assertEquals(readdirSync(root.path), []);
});

testInFolder("opening a registry that exists writes nothing", async (root) => {
  const path = root.join("registry");
  await (await openRegistry(path)).save("a", noise(400_000));
  const before = snapshot(path);
  for (const options of [{}, { create: false }, { readOnly: true }]) {
    const registry = await openRegistry(path, options);
    assertEquals(await registry.load("a"), noise(400_000));
    assertEquals(await collect(registry.names()), ["a"]);
  }
  assertEquals(snapshot(path), before);
});

testInFolder("a folder keeps its locking", async (root) => {
  for (const locking of ["link", "file"] as const) {
    if (locking === "file" && process.versions.deno === undefined) continue; // file locks
    const path = root.join(locking);
    const first = await openRegistry(path, { locking, durability: "os" });
    assertEquals(first.settings.locking, locking);
    rmSync(`${path}/.lock`, { force: true }); // copies may lack it
    const again = await openRegistry(path);
    assertEquals(again.backend?.disk?.locking, locking);
    await again.save("a", 1);
    const error = await rejected(
      "Invalid",
      openRegistry(path, { locking: locking === "link" ? "file" : "link" }),
    );
    assertMatch(error.message, new RegExp(`uses locking "${locking}"`));
  }
});

testOnEach("concurrent opens create one registry", async ({ root, backend }) => {
  if (backend.kind === "memory") {
    const fresh = createMemoryBackend();
    const ids = await Promise.all(
      Array.from({ length: 8 }, async () => (await openRegistry(fresh)).id),
    );
    assertEquals(new Set(ids).size, 1);
    return;
  }
  const locking = backend.disk?.locking;
  const options = { locking, durability: "os" as const };
  const opened = await Promise.all(
    Array.from({ length: 8 }, () => openFolder(root.join("fresh"), options)),
  );
  assertEquals(new Set(opened.map(({ id }) => id)).size, 1);
  assertEquals((await keysOf(opened[0].backend, "settings/")).length, 1);
});

testInMemory("options of a folder are refused for a backend", async ({ backend }) => {
  await rejected("Invalid", openRegistry(backend, { locking: "file" }));
  await rejected("Invalid", openRegistry(backend, { durability: "os" }));
});

testInMemory("a registry has location, id and settings", async ({ registry, backend, open }) => {
  assertEquals((await open()).location, registry.location);
  assertEquals(registry.location, backend.location);
  assertEquals(registry.backend.location, backend.location);
  assertMatch(registry.id, /^[0-9a-f-]{36}$/);
  assertEquals(registry.settings, {
    versioned: true,
    mutable: false,
    graceMs: 86_400_000,
    leastGraceMs: 3_600_000,
  });
});

Deno.test("errors never show secrets of a URL", async () => {
  const error = await openRegistry("s3://AKIAKEY:SECRETPART@bucket/x").catch((error) => error);
  assertEquals(error.code, "Invalid");
  assertEquals(/AKIAKEY|SECRETPART/.test(`${error.message} ${error.hint} ${error.stack}`), false);
});

Deno.test("an invalid location, or one with ~, is refused", async () => {
  for (const target of [{}, { create: false }, null, 5, ""]) {
    await rejected("Invalid", openRegistry(target as never), /"memory:" or a backend/);
  }
  for (const target of ["~", "~/reg"]) {
    await rejected("Invalid", openRegistry(target), /shell/);
  }
  assert(!existsSync("~"));
});

function withEnv(env: Record<string, string>) {
  return { ...realSystem, env: (name: string) => env[name] };
}

testInRoot("HOLDFAST_REGISTRY is opened, and created only on request", async (root) => {
  const path = root.join("registry");
  const system = withEnv({ HOLDFAST_REGISTRY: path });
  await rejected(
    "NotFound",
    openRegistry(undefined, { system }),
    /\(the location is named by HOLDFAST_REGISTRY in the environment\)$/m,
  );
  assert(!existsSync(path));
  const created = await openRegistry(undefined, { system, create: true });
  assertEquals((await openRegistry(undefined, { system })).id, created.id);
  assertEquals((await openRegistry(path)).id, created.id);
});

testInRoot("openRegistry() opens and creates named registries", async (root) => {
  const system = withEnv({ XDG_CONFIG_HOME: root.join("config") });
  await rejected("NotFound", openRegistry("@team", { system }));
  setRemote("team", { location: root.join("registry") }, { system });
  const created = await openRegistry("@team", { system });
  assertEquals((await openRegistry(root.join("registry"))).id, created.id);
});

testInRoot("a hint names the registry in .holdfast", async (root) => {
  await openRegistry(root.join("project/.holdfast"));
  mkdirSync(root.join("other"));
  setRemote("p", { location: root.join("project") }, {
    system: withEnv({ XDG_CONFIG_HOME: root.path }),
  });
  const options = { create: false, system: withEnv({ XDG_CONFIG_HOME: root.path }) };
  const error = await rejected("NotFound", openRegistry("@p", options));
  assertMatch(error.message, /the location is that of @p\)$/);
  assertMatch(error.hint!, /^Use the registry in ".*project.\.holdfast"/);
});

Deno.test("errors never show secrets of HOLDFAST_REGISTRY", async () => {
  const system = withEnv({ HOLDFAST_REGISTRY: "s3://AKIAKEY:SECRETPART@bucket/x" });
  const error = await rejected("Invalid", openRegistry(undefined, { system }));
  assert(!/AKIAKEY|SECRETPART/.test(`${error.message} ${error.hint}`));
});

Deno.test("options of a folder are refused for a URL", async () => {
  const system = withEnv({ HOLDFAST_REGISTRY: "s3://bucket" });
  await rejected("Invalid", openRegistry(undefined, { system, locking: "link" }));
});
