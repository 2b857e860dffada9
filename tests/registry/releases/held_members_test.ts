import { assert, assertEquals } from "@std/assert";
import { createLocalBackend, createMemoryBackend, deleteMany, openRegistry } from "../../../mod.ts";
import type { Backend, Registry } from "../../../mod.ts";
import { publish, resolveRelease } from "../../../registry/mod.ts";
import {
  collectGarbage,
  mirrorRegistry,
  prune,
  rebuildLineage,
} from "../../../registry/maintenance.ts";
import { verifyRegistry } from "../../../registry/maintenance.ts";
import { releasedMark } from "../../../registry/format/layout.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { rejected } from "../rejected.ts";

async function published(backend: Backend): Promise<Registry> {
  const registry = await openRegistry(backend);
  for (let n = 1; n <= 4; n++) await registry.save("net", `net ${n}`);
  await registry.save("bpe", "bpe");
  await publish(registry, "serving", { model: "net@2", tokenizer: "bpe" });
  return registry;
}

Deno.test("delete and prune keep the members of a release", async () => {
  await using root = await tempRoot();
  for (const backend of [createMemoryBackend(), createLocalBackend({ path: root.path })]) {
    await using registry = await published(backend);
    const { message } = await rejected("Conflict", registry.delete("net@2"));
    assert(message.includes('the release "serving@1.0.0" names it'), message);
    await rejected("Conflict", registry.delete("net", { allVersions: true }));
    const { failed } = await deleteMany(registry, ["net@1", "net@2"]);
    assertEquals(failed, [1]);
    const { deleted } = await prune(registry, { keepLast: 1 });
    assertEquals(deleted.map(({ version }) => version), ["3.0.0"]);
    await collectGarbage(registry);
    assertEquals((await verifyRegistry(registry)).problems, []);
    assertEquals(await registry.load("serving@1/model"), "net 2");

    await registry.delete("serving@1");
    assertEquals(await registry.delete("net@2"), true);
  }
});

Deno.test("prune keeps no member for a release without keepAliased", async () => {
  await using registry = await published(createMemoryBackend());
  const { deleted } = await prune(registry, { keepLast: 1, keepAliased: false });
  assertEquals(deleted.length, 3);
});

Deno.test("a file of another program does not hide that a name has releases", async () => {
  await using root = await tempRoot();
  await using registry = await published(createLocalBackend({ path: root.path }));
  await Deno.writeTextFile(root.join("names/net/aliases/.DS_Store"), "x");
  await rejected("Conflict", registry.delete("net@2"));
});

Deno.test("a registry without releases is asked no more than before", async () => {
  const calls: string[] = [];
  const inner = createMemoryBackend();
  const counting = new Proxy(inner, {
    get(target, name) {
      const value = Reflect.get(target, name);
      if (typeof value !== "function" || typeof name !== "string") return value;
      return (...args: unknown[]) => {
        calls.push(`${name} ${args[0]}`);
        return value.apply(target, args);
      };
    },
  });
  await using registry = await openRegistry(counting);
  for (let n = 1; n <= 3; n++) await registry.save("net", n);
  calls.length = 0;
  await registry.delete("net@1");
  await prune(registry, { keepLast: 1 });
  assertEquals(calls.filter((call) => call.includes("lineage")), []);
});

Deno.test("a mirror of a release brings its members and holds them", async () => {
  await using from = await published(createMemoryBackend());
  await using to = await openRegistry(createMemoryBackend());
  const report = await mirrorRegistry(from, to, { names: ["serving"] });
  assertEquals(report.copied, 3);
  assertEquals(await to.load("serving@1/model"), "net 2");
  assertEquals(await Array.fromAsync(to.versions("net"), ({ version }) => version), ["2.0.0"]);
  await rejected("Conflict", to.delete("net@2"));
  assertEquals((await resolveRelease(to, "serving")).members.model?.state, "present");
});

Deno.test("rebuildLineage marks the members of releases again", async () => {
  const backend = createMemoryBackend();
  await using registry = await published(backend);
  await backend.delete(releasedMark("net"));
  await rebuildLineage(registry);
  await rejected("Conflict", registry.delete("net@2"));
});
