// Damage of every object of a registry, repaired from its mirror, and the other way round.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Backend } from "../../../core/backend.ts";
import { decodeName } from "../../../core/naming/names.ts";
import type { StoredRegistry } from "../../../core/registry.ts";
import { publish } from "../../../mod.ts";
import { annotate } from "../../../registry/mod.ts";
import { mirrorRegistry, verifyRegistry } from "../../../registry/maintenance.ts";
import { withoutStore } from "../contract/without_store.ts";
import { contents, fill, testMirror, testMirrorOnEach } from "../mirror/mirror_world.ts";
import { fileSet } from "../protocol_world.ts";
import { keysOf, noise } from "../registries.ts";
import { rejected } from "../rejected.ts";

/** Adds versions that share bytes, lists of chunks, notes, labels and a release. */
async function fillMore(registry: StoredRegistry): Promise<void> {
  await fill(registry);
  const large = noise(3_000_000);
  for (let n = 0; n < 4; n++) {
    large.set(noise(1_000, n + 5), n * 700_000);
    await registry.save("changed", { large: large.slice(), small: noise(9_000, n) }, {
      materializer: fileSet,
    });
  }
  await registry.delete("changed@1"); // others need its bytes
  await annotate(registry, "inline@1.1", { notes: "checked", labels: { stage: "ok" } });
  await annotate(registry, "inline", { labels: { owner: "ann" } });
  await registry.setAlias("inline", "production", "1.0");
  await publish(registry, "release", { model: "inline@1.1" });
}

type Damage = (bytes: Uint8Array) => Uint8Array | undefined;

const DAMAGES: Record<string, Damage> = {
  changed: (bytes) => {
    const at = Math.floor(bytes.byteLength / 2);
    return bytes.with(at, bytes[at]! ^ 1);
  },
  cut: (bytes) => bytes.slice(0, Math.floor(bytes.byteLength * 0.7)),
  missing: () => undefined,
};

async function damage(backend: Backend, key: string, change: Damage): Promise<void> {
  const bytes = change((await (await backend.get(key))!.bytes()).slice());
  if (bytes === undefined) await backend.delete(key);
  else await backend.put(key, bytes);
}

/** Damages each object, repairs it from the copy, and compares the contents. */
async function assertRepairs(
  registry: StoredRegistry,
  copy: StoredRegistry,
  change: Damage,
  step = 1,
): Promise<void> {
  const { backend } = registry;
  const before = await contents(registry);
  const isPayload = (key: string) => key.startsWith("objects/");
  let repaired = 0;
  for (const [at, key] of (await keysOf(backend)).entries()) {
    if (at % step > 0) continue;
    const isRecord = key.startsWith("names/") && !key.endsWith("/mark");
    if (!isPayload(key) && (!isRecord || change === DAMAGES.missing)) continue;
    const kept = (await (await backend.get(key))!.bytes()).slice();
    await damage(backend, key, change);
    const names = [decodeName(key.split("/")[1]!)!];
    if ((await verifyRegistry(registry, { names })).ok) continue; // nothing needs these bytes
    const report = await verifyRegistry(registry, { names, repairFrom: copy });
    if (isMirrored(key, await keysOf(backend))) {
      assertEquals([report.problems, report.ok], [[], true], key);
      assert(report.repaired!.length > 0);
      repaired++;
    } else {
      assertEquals(report.problems.map((problem) => problem.key), [key]);
      assert(report.problems[0].reason !== undefined);
      await backend.put(key, kept);
    }
  }
  assertEquals(await contents(registry), before);
  assert(repaired > 10 / step, `${repaired}`);
  assertEquals((await verifyRegistry(registry)).problems, []);
}

/** False for idempotency keys, and for records of versions below another one. */
function isMirrored(key: string, keys: readonly string[]): boolean {
  if (key.includes("/keys/")) return false;
  const cell = key.slice(0, key.lastIndexOf("/") + 1);
  return !key.includes("/versions/") || keys.find((other) => other.startsWith(cell)) === key;
}

for (const [kind, change] of Object.entries(DAMAGES)) {
  for (const side of ["original", "mirror"] as const) {
    testMirror(`each ${kind} object of the ${side} is repaired`, async ({ from, to }) => {
      await fillMore(from);
      await mirrorRegistry(from, to);
      const [registry, copy] = side === "original" ? [from, to] : [to, from];
      await assertRepairs(registry, copy, change);
      assertEquals((await mirrorRegistry(from, to)).failures, []);
      assertEquals(await contents(to), await contents(from));
    });
  }
}

testMirrorOnEach("changed objects of both sides are repaired", async ({ from, to }) => {
  await fillMore(from);
  await mirrorRegistry(from, to);
  await assertRepairs(from, to, DAMAGES.changed, 7);
  await assertRepairs(to, from, DAMAGES.changed, 7);
});

testMirror("all objects of a name are repaired at once", async ({ from, to }) => {
  await fillMore(from);
  await mirrorRegistry(from, to);
  const before = await contents(from);
  for (const key of await keysOf(from.backend, "objects/")) {
    await damage(from.backend, key, DAMAGES[key.length % 2 ? "changed" : "missing"]);
  }
  const { backend } = from;
  for (const key of await keysOf(backend, "names/changed/versions/")) {
    if (isMirrored(key, await keysOf(backend))) await damage(backend, key, DAMAGES.cut);
  }
  const { problems } = await verifyRegistry(from);
  assert(problems.filter(({ path }) => path !== undefined).length > 10, "every file is listed");
  const report = await verifyRegistry(from, { repairFrom: to });
  assertEquals(report.problems, []);
  assertEquals(report.repaired!.length, problems.length);
  assertEquals(await contents(from), before);
});

testMirror("verifyRegistry() lists all damaged files of one version", async ({ from }) => {
  const save = (n: number) =>
    from.save("a", { x: noise(300_000, n), y: noise(400_000, n), z: noise(10) }, {
      materializer: fileSet,
    });
  await save(1);
  const { commit } = await save(2);
  await from.setAlias("a", "best", "2");
  const keys = await keysOf(from.backend, "objects/a/");
  for (const key of keys) await damage(from.backend, key, DAMAGES.changed);
  for (const ref of ["a@2", "a@best", "a@latest"]) {
    const { versions, files, bytes, problems, unseen } = await verifyRegistry(from, {
      names: [ref],
    });
    assertEquals([versions, files, bytes, unseen.names], [1, 0, 0, 1]);
    assertEquals(problems.map(({ ref, path }) => [ref, path]), [
      ["a@2.0.0", "x"],
      ["a@2.0.0", "y"],
      ["a@2.0.0", "z"],
    ]);
    assertEquals(problems.filter(({ key }) => key.includes(commit)).length, 2); // "z" is shared
  }
  await rejected("NotFound", verifyRegistry(from, { names: ["a@7"] }));
});

testMirror("another value, and a copy that is damaged too, repair nothing", async (world) => {
  const { from, to } = world;
  await from.save("a", noise(300_000));
  await from.save("b", noise(300_000));
  await from.setAlias("b", "best", "1");
  await to.save("a", noise(300_000, 2));
  await mirrorRegistry(from, to, { names: ["b"] });
  const [aliasKey] = await keysOf(from.backend, "names/b/aliases/");
  for (const { backend } of [from, to]) {
    for (const key of await keysOf(backend, "objects/")) {
      await damage(backend, key, DAMAGES.changed);
    }
    await damage(backend, aliasKey, DAMAGES.changed);
  }
  const before = await keysOf(from.backend);
  const { problems, repaired } = await verifyRegistry(from, { repairFrom: to });
  assertEquals([problems.map(({ ref }) => ref), repaired], [["a@1.0.0", "b@best", "b@1.0.0"], []]);
  assertStringIncludes(problems[0].reason!, "the copy has no such file");
  assertEquals(await keysOf(from.backend), before);
  for (const key of await keysOf(from.backend, "names/a/versions/")) {
    await damage(from.backend, key, (bytes) => bytes.with(3, 0));
  }
  const again = await verifyRegistry(from, { repairFrom: to });
  assertStringIncludes(again.problems[0].reason!, "the copy may have another value");
  const closed = await world.open("from", { readOnly: true });
  await rejected("Denied", verifyRegistry(closed, { repairFrom: to }));
  await rejected("Unsupported", verifyRegistry(from, { repairFrom: withoutStore(to) }));
});
