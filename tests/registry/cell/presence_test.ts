import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fs from "node:fs";
import { createMemoryBackend } from "../../../backends/memory.ts";
import { createLocalBackend, localPath, openRegistry } from "../../../mod.ts";
import { type Registry, saveMany } from "../../../mod.ts";
import { annotate } from "../../../registry/mod.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { createBatch } from "../../../workers/mod.ts";
import { canMount, smallDisk } from "../../support/small_disk.ts";
import { type TempRoot, testInRoot } from "../../support/temp_root.ts";
import { noise } from "../registries.ts";
import { rejected } from "../rejected.ts";
import { createScriptedBackend, doing } from "../scripted_backend.ts";
import { GRACE_MS, testProtocol } from "../protocol_world.ts";

/** Everything that writes. Each must fail, and leave nothing, if the registry is gone. */
const WRITES: Record<string, (registry: Registry, root: TempRoot) => Promise<unknown>> = {
  "a small value": (registry) => registry.save("a", "x"),
  "a chosen version": (registry) => registry.save("a", "x", { version: "7.0.0" }),
  "a first version": (registry) => registry.save("new", "x"),
  "a large value": (registry) => registry.save("a", noise(300_000)),
  "with a key": (registry) => registry.save("a", "x", { idempotencyKey: "k" }),
  "an overwrite": (registry) =>
    registry.save("a", "x", { version: "1.0.0", onConflict: "overwrite" }),
  "many values": (registry) => saveMany(registry, [{ name: "n", value: 1 }]).then(firstError),
  "a folder": (registry, root) => registry.save("f", localPath(root.join("input"))),
  "an alias": (registry) => registry.setAlias("a", "live", "1.0.0"),
  "notes": (registry) => annotate(registry, "a", { notes: "n" }),
  "a copy": (registry) => registry.copy("a", "b"),
  "a deletion": (registry) => registry.delete("a@1.0.0"),
  "a draft": async (registry) => {
    await (await registry.openDraft("d", { id: "d" })).addFile("part", Uint8Array.of(1));
  },
  "a collection": (registry) => collectGarbage(registry),
  "a batch": async (registry) => {
    const batch = createBatch(registry, { workers: 1 });
    const result = await batch.saveMany([{ name: "w", value: noise(300_000) }]);
    await batch.close();
    firstError(result);
  },
};

function firstError({ errors }: { errors: ReadonlyMap<number, Error> }): void {
  for (const error of errors.values()) throw error;
}

/** The ways in which the folder of a registry goes away, and comes back. */
const WAYS: Record<string, { go(path: string): void | Promise<void>; back(path: string): void }> = {
  "was renamed": {
    go: (path) => fs.renameSync(path, `${path}.away`),
    back: (path) => fs.renameSync(`${path}.away`, path),
  },
  "is an empty mount point": {
    go(path) {
      fs.renameSync(path, `${path}.away`);
      fs.mkdirSync(path);
    },
    back(path) {
      fs.rmdirSync(path);
      fs.renameSync(`${path}.away`, path);
    },
  },
  "was emptied but for its hidden files": {
    go(path) {
      fs.cpSync(path, `${path}.copy`, { recursive: true });
      for (const name of fs.readdirSync(path)) {
        if (!name.startsWith(".")) fs.rmSync(`${path}/${name}`, { recursive: true });
      }
    },
    back: (path) => fs.cpSync(`${path}.copy`, path, { recursive: true }),
  },
  "is another registry": {
    async go(path) {
      fs.renameSync(path, `${path}.away`);
      const other = await openRegistry(path, { mutable: true });
      await other.save("a", "of the other one");
    },
    back(path) {
      fs.rmSync(path, { recursive: true });
      fs.renameSync(`${path}.away`, path);
    },
  },
};

function filesBelow(path: string): string[] {
  if (!fs.existsSync(path)) return ["gone"];
  return (fs.readdirSync(path, { recursive: true }) as string[])
    .filter((name) => !name.startsWith(".stage/")).sort();
}

for (const [way, { go, back }] of Object.entries(WAYS)) {
  testInRoot(
    `nothing is written while the folder ${way}, and it goes on afterwards`,
    async (root) => {
      const path = root.join("registry");
      fs.mkdirSync(root.join("input"));
      fs.writeFileSync(root.join("input/a.txt"), "a");
      const registry = await openRegistry(path, { mutable: true, durability: "os" });
      await registry.save("a", "first");
      await go(path);
      const before = filesBelow(path);
      for (const [what, write] of Object.entries(WRITES)) {
        const error = await rejected("Unavailable", write(registry, root));
        assert(/gone|in its place/.test(error.message), `${what}: ${error.message}`);
        assertEquals(filesBelow(path), before, what);
      }
      if (way !== "is another registry") {
        await rejected("Unavailable", Array.fromAsync(registry.names()));
        await rejected("Unavailable", registry.load("a"));
      }
      back(path);
      assertEquals((await registry.save("a", "second")).version, "2.0.0");
      assertEquals(await registry.load("a@1.0.0"), "first");
    },
  );
}

testInRoot("a folder that was copied without its hidden files is written to", async (root) => {
  const path = root.join("registry");
  await (await openRegistry(root.join("first"))).save("a", "x");
  fs.cpSync(root.join("first"), path, {
    recursive: true,
    filter: (name) => !name.endsWith(".stage"),
  });
  const registry = await openRegistry(path);
  assertEquals((await registry.save("a", "y")).version, "2.0.0");
});

testInRoot("a large save whose folder goes away meanwhile is not acknowledged", async (root) => {
  const path = root.join("registry");
  const registry = await openRegistry(path, { durability: "os" });
  await registry.save("a", "first");
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(noise(1 << 20));
      fs.renameSync(path, `${path}.away`);
      fs.mkdirSync(path);
      controller.close();
    },
  }, { highWaterMark: 0 });
  await rejected("Unavailable", registry.save("a", body));
  assertEquals(filesBelow(path), []);
});

testInRoot("a store creates its folder once", async (root) => {
  const path = root.join("store"), bytes = Uint8Array.of(1);
  const first = createLocalBackend({ path, durability: "os" });
  await first.put("a", bytes);
  const second = createLocalBackend({ path, durability: "os" });
  assert(await second.head("a"));
  fs.rmSync(path, { recursive: true });
  const never = createLocalBackend({ path, durability: "os", create: false });
  for (const backend of [first, second, never]) {
    for (const isEmpty of [false, true]) {
      if (isEmpty) fs.mkdirSync(path);
      const error = await rejected("Unavailable", backend.put("a", bytes));
      assertStringIncludes(error.message, "the folder is gone");
      assertEquals(filesBelow(path), isEmpty ? [] : ["gone"]);
      if (isEmpty) fs.rmdirSync(path);
    }
  }
  await createLocalBackend({ path, durability: "os" }).put("a", bytes);
});

Deno.test({
  name: "nothing is written to a mount point whose disk is not mounted",
  ignore: !canMount,
  async fn() {
    const disk = await smallDisk(20_000_000);
    const mount = (...args: string[]) => new Deno.Command("mount", { args }).output();
    const path = disk.join("mounted"), below = disk.join("below");
    fs.mkdirSync(path);
    fs.mkdirSync(below);
    await mount("--bind", below, path);
    const registry = await openRegistry(path);
    try {
      await registry.save("a", "first");
      await new Deno.Command("umount", { args: ["--lazy", path] }).output();
      await rejected("Unavailable", registry.save("a", "lost"));
      await rejected("Unavailable", registry.save("b", noise(300_000)));
      await rejected("Unavailable", Array.fromAsync(registry.names()));
      assertEquals(filesBelow(path), []);
      await mount("--bind", below, path);
      assertEquals((await registry.save("a", "second")).version, "2.0.0");
    } finally {
      await registry.close();
      await new Deno.Command("umount", { args: ["--lazy", path] }).output();
      await disk.remove();
    }
  },
});

for (const clock of ["monotonic", "wall"] as const) {
  testProtocol(`nothing is sent after a process slept in the check (${clock})`, async (world) => {
    const { registry, backend, advance } = world;
    await registry.save("a", "first");
    advance(5000);
    backend.answer({ verb: "get", key: /^settings/ }, doing(() => advance(GRACE_MS / 4, clock)));
    const error = await rejected("Unavailable", registry.save("a", "late"));
    assertEquals(error.maybeWritten, undefined);
    assertEquals(await Array.fromAsync(registry.versions("a"), ({ version }) => version), [
      "1.0.0",
    ]);
  });
}

testProtocol("a bucket is asked for its registry every five seconds", async (world) => {
  const { registry, backend, store } = world;
  const asked = () => backend.asked({ verb: "get", key: /^settings/ }).length;
  for (let i = 0; i < 100; i++) await registry.save("a", i);
  assertEquals(asked(), 0);
  world.advance(5000);
  await Promise.all([registry.save("a", 1), registry.save("b", 1), registry.has("none")]);
  await registry.save("a", 1);
  assertEquals(asked(), 1);
  for (const key of await world.keys()) await store.delete(key);
  world.advance(5000);
  for (let i = 0; i < 2; i++) {
    await rejected("Unavailable", registry.save("a", "lost", { version: "7" }));
    await rejected("Unavailable", registry.save("b", noise(300_000)));
    await rejected("Unavailable", registry.load("a"));
    assertEquals(await world.keys(), []);
  }
  const other = await openRegistry(createScriptedBackend(store), { system: world.system });
  const error = await rejected("Unavailable", registry.save("a", "lost"));
  assertStringIncludes(error.message, "another registry is in its place");
  assertEquals(await Array.fromAsync(other.names()), []);
});

testProtocol("a registry whose settings were restored goes on", async (world) => {
  const { registry, store } = world;
  await registry.save("a", 1);
  const kept = new Map<string, Uint8Array>();
  for (const key of await world.keys()) kept.set(key, await (await store.get(key))!.bytes());
  for (const key of kept.keys()) await store.delete(key);
  world.advance(5000);
  await rejected("Unavailable", registry.save("a", 2));
  for (const [key, bytes] of kept) await store.put(key, bytes);
  assertEquals((await registry.save("a", 2)).version, "2.0.0");
});

testInRoot("a cache whose folder is gone is not written to, and loads go on", async (root) => {
  const path = root.join("cache");
  const backend = createMemoryBackend();
  const cache = { backend: createLocalBackend({ path, durability: "os" }) };
  for (const isGone of [false, true]) {
    if (isGone) fs.renameSync(path, `${path}.away`);
    const registry = await openRegistry(backend, { cache });
    await registry.save("a", noise(300_000));
    assertEquals(await registry.load("a"), noise(300_000));
    await registry.close();
    assertEquals(fs.existsSync(path), !isGone);
  }
});
