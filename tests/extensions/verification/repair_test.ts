// Damage of every object of a registry, repaired from its mirror, and the other way round.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Backend, Body, ObjectInfo, PutOptions } from "../../../core/backend.ts";
import { decodeName } from "../../../core/naming/names.ts";
import type { StoredRegistry } from "../../../core/registry.ts";
import { publishRelease } from "../../../mod.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { mirrorRegistry } from "../../../extensions/mirrors/mod.ts";
import { withoutStore } from "../../registry/contract/without_store.ts";
import { contents, testMirror, testMirrorOnEach } from "../mirrors/mirror_world.ts";
import { fileSet } from "../../registry/protocol_world.ts";
import { keysOf, noise } from "../../registry/registries.ts";
import { rejected } from "../../registry/rejected.ts";
import { kindsOfShare } from "../../support/seeds.ts";

/** Saves each kind of payload: inline, packed, compressed, shared, with lists of chunks. */
async function fill(registry: StoredRegistry): Promise<void> {
  await registry.save("inline", { depth: 12 }, { idempotencyKey: "k", metadata: { by: "ann" } });
  await publishRelease(registry, "release", { model: "inline@1" });
  const small = Array.from({ length: 12 }, (_, i) => [`f${i}`, noise(9_000 + i, i + 1)]);
  await registry.save("packed", Object.fromEntries(small), { as: fileSet });
  for (const compress of ["gzip", "zstd"] as const) {
    await registry.save("compressed", new Uint8Array(300_000).fill(7), { compress });
    await registry.save("compressed", "x".repeat(10_000), { compress });
    const several = { a: new Uint8Array(90_000).fill(3), b: noise(90_000) };
    await registry.save("compressed", several, { compress, as: fileSet });
  }
  const large = noise(1_500_000);
  for (let n = 0; n < 4; n++) {
    large.set(noise(1_000, n + 5), n * 350_000);
    await registry.save("changed", { large: large.slice(), small: noise(9_000, n) }, {
      as: fileSet,
    });
  }
  await registry.delete("changed@1"); // others need its bytes
}

type Damage = (bytes: Uint8Array) => Uint8Array | undefined;

const DAMAGES: Record<string, Damage> = {
  changed: (bytes) => bytes.with(-2, bytes.at(-2)! ^ 1), // of a record, the inline bytes
  cut: (bytes) => bytes.slice(0, Math.floor(bytes.byteLength * 0.7)),
  missing: () => undefined,
};

async function bytesAt(backend: Backend, key: string): Promise<Uint8Array> {
  return (await (await backend.get(key))!.bytes()).slice();
}

async function damage(backend: Backend, key: string, change: Damage): Promise<void> {
  const bytes = change(await bytesAt(backend, key));
  if (bytes === undefined) await backend.delete(key);
  else await backend.put(key, bytes);
}

/** Damages each object, repairs it from the copy, and compares it. */
async function assertRepairs(
  registry: StoredRegistry,
  copy: StoredRegistry,
  kind: string,
): Promise<void> {
  const { backend } = registry;
  const before = await contents(registry);
  const keys = [
    ...await keysOf(backend, "objects/"),
    ...kind === "changed" ? await keysOf(backend, "names/inline/versions/") : [],
  ];
  let repaired = 0;
  for (const key of keys) {
    const kept = await bytesAt(backend, key);
    await damage(backend, key, DAMAGES[kind]);
    const names = [decodeName(key.split("/")[1]!)!];
    if ((await verifyRegistry(registry, { names })).ok) continue; // nothing needs these bytes
    const report = await verifyRegistry(registry, { names, repairFrom: copy });
    assertEquals([report.problems, report.ok], [[], true], key);
    assert(report.repaired!.length > 0);
    repaired++;
    const isWhole = kind === "changed" || !key.startsWith("objects/changed/");
    if (isWhole) assertEquals(await bytesAt(backend, key), kept, key);
  }
  assertEquals(await contents(registry), before);
  assert(repaired >= 10, `${repaired}`);
  assertEquals((await verifyRegistry(registry)).problems, []);
}

for (const kind of kindsOfShare("damage", Object.keys(DAMAGES))) {
  testMirror(`each ${kind} object is repaired, of the original and of the mirror`, async (it) => {
    const { from, to } = it;
    await fill(from);
    await mirrorRegistry(from, to);
    await assertRepairs(from, to, kind);
    await assertRepairs(to, from, kind);
    const { failures, copied } = await mirrorRegistry(from, to, { verify: true });
    assertEquals([failures, copied], [[], 0]);
  });
}

testMirrorOnEach("damage of all objects is repaired at once", async ({ from, to }) => {
  await fill(from);
  await mirrorRegistry(from, to);
  for (const [registry, copy] of [[from, to], [to, from]]) {
    const before = await contents(registry);
    for (const key of await keysOf(registry.backend, "objects/")) {
      await damage(registry.backend, key, DAMAGES[key.length % 2 ? "changed" : "missing"]);
    }
    const { problems } = await verifyRegistry(registry);
    assert(problems.filter(({ path }) => path !== undefined).length > 10, "every file is listed");
    const report = await verifyRegistry(registry, { repairFrom: copy });
    assertEquals(report.problems, []);
    assertEquals(report.repaired!.length, problems.length);
    assertEquals((await verifyRegistry(registry)).problems, []);
    assertEquals(await contents(registry), before);
  }
});

testMirror(
  "a copy whose list of chunks is damaged or missing still repairs the file",
  async (it) => {
    const { from, to } = it;
    const large = noise(9 * 1024 * 1024);
    await from.save("a", large);
    await mirrorRegistry(from, to);
    const keysBySize = async ({ backend }: StoredRegistry) => {
      const objects = await Array.fromAsync(backend.list("objects/a/")) as ObjectInfo[];
      return objects.sort((a, b) => b.size - a.size).map(({ key }) => key) as [string, string];
    };
    const [bytes] = await keysBySize(from), [, list] = await keysBySize(to);
    for (const kind of Object.keys(DAMAGES)) {
      await damage(to.backend, list, DAMAGES[kind]);
      await from.backend.delete(bytes);
      assertEquals((await verifyRegistry(from, { repairFrom: to })).problems, []);
      assertEquals(await from.load("a"), large);
      await verifyRegistry(to, { repairFrom: from });
      assertEquals((await verifyRegistry(to)).problems, []);
    }
  },
);

testMirror("verifyRegistry() lists all damaged files of one version", async ({ from }) => {
  const save = (n: number) =>
    from.save("a", { x: noise(300_000, n), y: noise(400_000, n), z: noise(10) }, {
      as: fileSet,
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
    assertEquals([versions, files, bytes, unseen.names], [1, 0, 0, 0]);
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
  }
  await damage(from.backend, aliasKey, DAMAGES.changed);
  const objects = async () => {
    const keys = await keysOf(from.backend);
    return await Promise.all(keys.map(async (key) => [key, await bytesAt(from.backend, key)]));
  };
  const before = await objects();
  const { problems, repaired } = await verifyRegistry(from, { repairFrom: to });
  assertEquals([problems.map(({ ref }) => ref), repaired], [["b@best", "a@1.0.0", "b@1.0.0"], []]);
  for (const { reason } of problems.slice(1)) {
    assertStringIncludes(reason!, "the copy has no such file");
  }
  assertStringIncludes(problems[0].hint!, "set the alias again");
  assertEquals((await objects()).filter(([key]) => !`${key}`.startsWith("scratch/")), before);
  const closed = await world.open("from", { readOnly: true });
  await rejected("Denied", verifyRegistry(closed, { repairFrom: to }));
  await rejected("Unsupported", verifyRegistry(from, { repairFrom: withoutStore(to) }));
});

testMirror("a damaged list of files is reported with a reason", async ({ from, to }) => {
  const many = Array.from({ length: 1_200 }, (_, i) => [`folder/file-${i}`, noise(3, i)]);
  await from.save("many", Object.fromEntries(many), { as: fileSet });
  await mirrorRegistry(from, to);
  for (const key of await keysOf(from.backend, "objects/")) {
    await damage(from.backend, key, DAMAGES.changed);
  }
  const { problems: [problem] } = await verifyRegistry(from, { repairFrom: to });
  assertStringIncludes(problem.reason!, "lists of files of its own");
  assertStringIncludes(problem.hint!, "from a backup, or delete the version");
});

testMirror("bytes without a source are refused, never filled in", async ({ from, to }) => {
  const { backend } = from;
  const save = (n: number, more = {}) =>
    from.save("a", { a: noise(40_000, n), kept: noise(50_000), ...more }, {
      as: fileSet,
    });
  await save(1);
  await mirrorRegistry(from, to);
  await save(2);
  const [own, pack] = await keysOf(backend, "objects/a/"); // the mirror lacks the second "a"
  await backend.delete(own);
  const { problems } = await verifyRegistry(from, { repairFrom: to });
  assertEquals(problems.map(({ ref, path }) => [ref, path]), [["a@2.0.0", "a"]]);
  assertEquals(await backend.head(own), undefined);

  await save(3, { more: noise(100) });
  await from.delete("a@1"); // nothing uses the first half of its pack
  await backend.delete(pack);
  const record = (await keysOf(backend, "names/a/versions/"))[1];
  const kept = await bytesAt(backend, record);
  await damage(backend, record, (bytes) => bytes.with(3, 0));
  const unknown = await verifyRegistry(from, { repairFrom: to });
  assert(unknown.problems.some(({ reason }) => reason?.includes(record)));
  assertEquals(await backend.head(pack), undefined); // the damaged record may use that half
  await backend.put(record, kept);
  await verifyRegistry(from, { names: ["a@3"], repairFrom: to });
  assertEquals((await verifyRegistry(from, { names: ["a@3"] })).problems, []);
});

/** Calls `event` before each put of payload, with the number of those before it. */
function onPayload(backend: Backend, event: (before: number) => Promise<unknown>): Backend {
  let before = 0;
  const put = async (key: string, body: Body, options?: PutOptions) => {
    if (key.startsWith("objects/")) await event(before++);
    return await backend.put(key, body, options);
  };
  return new Proxy(backend, {
    get(target, member) {
      const value = member === "put" ? put : Reflect.get(target, member);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

testMirror("a save, gc and a second repair run during a repair", async ({ from, to, open }) => {
  await fill(from);
  await mirrorRegistry(from, to);
  const before = await contents(from);
  for (const key of await keysOf(from.backend, "objects/")) {
    await damage(from.backend, key, DAMAGES[key.length % 2 ? "changed" : "missing"]);
  }
  const meanwhile = async (puts: number) => {
    if (puts !== 1) return;
    const value = { large: noise(1_400_000), new: noise(70_000) };
    await from.save("changed", value, { as: fileSet, version: "5.0.0" });
    await collectGarbage(from);
    assertEquals((await verifyRegistry(from, { repairFrom: to })).problems, []);
    await from.delete("changed@5");
    await collectGarbage(from);
  };
  const other = await open("from", {}, (backend) => onPayload(backend, meanwhile));
  assertEquals((await verifyRegistry(other, { repairFrom: to })).problems, []);
  assertEquals((await verifyRegistry(from)).problems, []);
  assertEquals(await contents(from), before);
});

testMirror("a repair that is killed before any of its writes goes on", async (it) => {
  const { from, to, open } = it;
  await fill(from);
  await mirrorRegistry(from, to);
  const before = await contents(from);
  for (const key of await keysOf(from.backend, "objects/")) {
    await damage(from.backend, key, DAMAGES.cut);
  }
  let runs = 0;
  const dying = await open("from", {}, (backend) =>
    onPayload(backend, async () => {
      if (runs % 3 === 0) throw new Error("killed");
      await Promise.resolve(runs++);
    }));
  for (; !(await verifyRegistry(from)).ok; runs++) {
    await verifyRegistry(dying, { repairFrom: to }).catch(({ message }) =>
      assertEquals(message, "killed")
    );
  }
  assert(runs > 10);
  assertEquals(await contents(from), before);
});
