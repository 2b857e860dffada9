// Releases in a mirror: every release and alias of the target names versions that it has, at every
// moment.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Registry, StoredRegistry } from "../../../../core/registry.ts";
import {
  createMemoryBackend,
  openRegistry,
  publishRelease,
  resolveRelease,
} from "../../../../mod.ts";
import { mirrorRegistry } from "../../../../extensions/mirrors/mod.ts";
import { mirrorReasons } from "../../../../extensions/mirrors/words/reasons.ts";
import { withoutStore } from "../../../registry/contract/without_store.ts";
import { keysOf, noise } from "../../../registry/registries.ts";
import { withHooks } from "../../../registry/with_hooks.ts";
import { counts, testMirror } from "../mirror_world.ts";

/** A release `app` of `kit`, a release of `net` and `bpe`. Its name comes before its members'. */
async function publishFirst(from: Registry): Promise<void> {
  await from.save("net", "net 1");
  await from.save("net", "other");
  await from.save("bpe", noise(100_000));
  await publishRelease(from, "kit", { model: "net@1", tokens: "bpe@1" });
  await publishRelease(from, "app", { kit: "kit@1" });
  await from.setAlias("net", "best", "1");
  for (const name of ["kit", "app"]) await from.setAlias(name, "production", "1");
}

/** Publishes a second release, and deletes the first with its members. */
async function publishSecond(from: Registry): Promise<void> {
  await from.save("net", "net 3");
  await from.save("bpe", noise(100_000, 2));
  await publishRelease(from, "kit", { model: "net@3", tokens: "bpe@2" });
  await publishRelease(from, "app", { kit: "kit@2" });
  await from.setAlias("net", "best", "3");
  for (const name of ["kit", "app"]) await from.setAlias(name, "production", "2");
  for (const ref of ["app@1", "kit@1", "net@1", "bpe@1"]) await from.delete(ref);
}

/** Fails if an alias or release of a registry names a version that it lacks. */
async function assertWhole(registry: StoredRegistry): Promise<void> {
  for await (const name of registry.names()) {
    for await (const { alias } of registry.aliases(name)) await registry.load(`${name}@${alias}`);
    if (!["app", "kit"].includes(name)) continue;
    for await (const { version } of registry.versions(name)) {
      await resolveRelease(registry, `${name}@${version}`);
    }
  }
}

for (const concurrency of [1, 8]) {
  Deno.test(`a mirror is whole after each write (${concurrency} at once)`, async () => {
    const from = await openRegistry("memory:");
    const store = createMemoryBackend();
    const reader = await openRegistry(store);
    let writes = 0;
    const after = async ({ verb, key }: { verb: string; key: string }) => {
      if (verb !== "put" || !key.startsWith("names/")) return;
      writes++;
      await assertWhole(reader);
    };
    const to = await openRegistry(withHooks(store, { after }));
    for (const change of [publishFirst, publishSecond]) {
      await change(from);
      assertEquals((await mirrorRegistry(from, to, { concurrency })).failures, []);
    }
    assert(writes > 15, `${writes}`);
    assertEquals((await resolveRelease(to, "app@production")).members.kit?.ref, "kit@2.0.0");
    assertEquals(await Array.fromAsync(to.versions("net"), ({ version }) => version), [
      "3.0.0",
      "2.0.0",
    ]);
  });
}

testMirror("a release whose member failed is not copied", async ({ from, to }) => {
  await publishFirst(from);
  await mirrorRegistry(from, to);
  await publishSecond(from);
  const { commit } = await from.info("bpe@2");
  for (const key of await keysOf(from.backend)) {
    if (key.includes(commit) && key.startsWith("objects/")) await from.backend.delete(key);
  }
  const { failures } = await mirrorRegistry(from, to);
  assertEquals(failures.map(({ name, version, error }) => [name, version, error.code]).sort(), [
    ["app", "2.0.0", "Conflict"],
    ["bpe", "2.0.0", "Corrupt"],
    ["kit", "2.0.0", "Conflict"],
  ]);
  const kit = failures.find(({ name }) => name === "kit")!.error;
  assertStringIncludes(kit.message, 'its member "bpe@2.0.0" is not in the target');
  assertEquals(kit.reason, mirrorReasons.of("mirror_member_missing", { name: "bpe" }));
  assertEquals(await to.info("kit@2", {}).catch(({ code }) => code), "NotFound");
});

const doors = [["stores", (same: Registry) => same], ["methods", withoutStore]] as const;
for (const [door, wrap] of doors) {
  testMirror(
    `a mirror of one release brings its members of all levels (by ${door})`,
    async ({ from, to }) => {
      await publishFirst(from);
      const options = { names: ["app"] };
      const dry = await mirrorRegistry(wrap(from), wrap(to), { ...options, dryRun: true });
      const { failures, ...report } = await mirrorRegistry(wrap(from), wrap(to), options);
      assertEquals(failures, []);
      assertEquals([report.copied, report.names], [4, 4]);
      assertEquals(counts(dry), counts({ failures, ...report }));
      assertEquals(await to.load("kit@production/model"), "net 1");
      assertEquals((await resolveRelease(to, "app@production")).members.kit?.state, "present");
      assertEquals(await Array.fromAsync(to.versions("net"), ({ version }) => version), ["1.0.0"]);
    },
  );

  testMirror(
    `members outside the range of a mirror come with their release (by ${door})`,
    async ({ from, to }) => {
      await publishFirst(from);
      await publishRelease(from, "kit", { model: "net@1" });
      const { failures } = await mirrorRegistry(wrap(from), wrap(to), { range: "^2" });
      assertEquals(failures, []);
      assertEquals(await to.load("kit@2/model"), "net 1");
    },
  );

  testMirror(
    `a release is not copied beside members with other names (by ${door})`,
    async ({ from, to }) => {
      await publishFirst(from);
      const rename = (name: string) => `team/${name}`;
      const { failures, copied } = await mirrorRegistry(wrap(from), wrap(to), { rename });
      assertEquals(failures.map(({ name }) => name).sort(), ["app", "kit"]);
      assertEquals(copied, 3);
      await mirrorRegistry(wrap(from), wrap(to), { prefix: "net" });
      const bpe = { rename: (name: string) => name === "net" ? "team/net" : name };
      assertEquals((await mirrorRegistry(wrap(from), wrap(to), bpe)).failures, []);
    },
  );
}

testMirror("a release that lost members in the source is copied as it is", async ({ from, to }) => {
  await publishFirst(from);
  await from.delete("net@1", { force: true });
  assertEquals((await mirrorRegistry(from, to)).failures, []);
  const { members } = await resolveRelease(to, "kit@1", { partial: true });
  assertEquals(members.model?.state, "missing");
});
