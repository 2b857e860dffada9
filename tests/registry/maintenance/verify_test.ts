import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { verifyRegistry } from "../../../registry/maintenance.ts";
import { RegistryError } from "../../../core/errors.ts";
import type { VersionRecord } from "../../../core/record.ts";
import { decodeRecord, encodeRecord } from "../../../registry/format/record_codec.ts";
import { checkWording, rejected } from "../rejected.ts";
import { withHooks } from "../with_hooks.ts";
import { keysOf, noise, testInMemory, testOnEach } from "../registries.ts";

testOnEach("verifyRegistry() reads every file of every version", async ({ registry }) => {
  await registry.save("a", noise(400_000));
  await registry.save("a", noise(400_000), { compress: "gzip" });
  await registry.save("b", "text");
  await registry.save("b", "gone");
  await registry.delete("b@2");
  const refs: string[] = [];
  const report = await verifyRegistry(registry, { onProgress: ({ ref }) => refs.push(ref) });
  const unseen = { names: 0, files: 0, generations: 1, auxiliary: 0, strangers: 0 };
  const lineage = { whole: true, notes: 0, stale: 0, dangling: 0 };
  assertEquals(report, {
    ok: true,
    versions: 3,
    records: 6,
    files: 3,
    bytes: 800_004,
    problems: [],
    lineage,
    unseen,
  });
  assertEquals(refs.sort(), ["a@1.0.0", "a@2.0.0", "b@1.0.0"]);
});

testOnEach("verifyRegistry() names what is damaged, and goes on", async ({ registry, backend }) => {
  for (const name of ["a", "b", "c"]) await registry.save(name, noise(400_000));
  const [record] = await keysOf(backend, "names/a/");
  const [payload] = await keysOf(backend, "objects/b/");
  await backend.put(record, noise(900));
  await backend.put(payload, noise(400_000, 2));
  const report = await verifyRegistry(registry);
  assertEquals([report.ok, report.versions], [false, 3]);
  assertEquals(report.problems.map(({ ref, key, code }) => [ref, key, code]), [
    ["a@1.0.0", record, "Corrupt"],
    ["b@1.0.0", payload, "Corrupt"],
  ]);
  for (const { code, message, hint } of report.problems) {
    checkWording(new RegistryError({ code, message, hint }));
  }
});

testOnEach(
  "verifyRegistry() looks only at the names that are given, and only at records when it is not deep",
  async ({ registry, backend }) => {
    for (const name of ["a", "b"]) await registry.save(name, noise(400_000));
    const [payload] = await keysOf(backend, "objects/a/");
    await backend.put(payload, noise(400_000, 2));
    assertEquals((await verifyRegistry(registry, { names: ["b"] })).ok, true);
    const shallow = await verifyRegistry(registry, { deep: false });
    assertEquals([shallow.ok, shallow.versions, shallow.files], [true, 2, 0]);
    assertEquals((await verifyRegistry(registry)).ok, false);
  },
);

testInMemory(
  "verifyRegistry() notices a digest that is not that of the files",
  async ({ registry, backend }) => {
    await registry.save("a", "one");
    const [key] = await keysOf(backend, "names/a/");
    const { record, inline } = decodeRecord(await (await backend.get(key))!.bytes(), key);
    await backend.put(
      key,
      encodeRecord({ ...record as VersionRecord, digest: "0".repeat(64) }, [inline]),
    );
    const { problems } = await verifyRegistry(registry);
    assertEquals(problems.map(({ code, key }) => [code, key]), [["Corrupt", key]]);
  },
);

testOnEach(
  "verifyRegistry() takes no version that is overwritten or deleted meanwhile for damaged",
  async ({ registry, open }) => {
    for (const name of ["a", "b"]) await registry.save(name, noise(400_000), { version: "1" });
    let changes = 0;
    const slow = await open({}, (inner) =>
      withHooks(inner, {
        async before({ verb, key }) {
          if (verb !== "get" || !key.startsWith("objects/") || changes++ > 0) return;
          await registry.save("a", "new", { version: "1", onConflict: "overwrite" });
          await registry.delete("b", { allVersions: true });
          for (const key of await keysOf(inner, "objects/")) await inner.delete(key); // as after the grace
        },
      }));
    const { ok, problems } = await verifyRegistry(slow);
    assert(ok, JSON.stringify(problems));
    assert(changes > 0);
  },
  { mutable: true },
);

testInMemory(
  "verifyRegistry() throws what the store refuses, and the reason of a signal",
  async ({ registry, open }) => {
    await registry.save("a", noise(400_000));
    let refusing = false;
    const denied = await open({}, (inner) =>
      withHooks(inner, {
        before() {
          if (refusing) {
            throw new RegistryError({
              code: "Denied",
              message: "Cannot get: key expired",
              hint: "Sign in again.",
            });
          }
        },
      }));
    refusing = true;
    await rejected("Denied", verifyRegistry(denied));
    const signal = AbortSignal.abort(new Error("enough"));
    assertStrictEquals(
      await assertRejects(() => verifyRegistry(registry, { signal })),
      signal.reason,
    );
  },
);

testInMemory(
  "verifyRegistry() of a name that never was is NotFound, not all well",
  async ({ registry }) => {
    await registry.save("a", 1);
    await rejected("NotFound", verifyRegistry(registry, { names: ["b"] }));
  },
);
