import { assert, assertEquals, assertMatch } from "@std/assert";
import { RegistryError } from "../../../core/errors.ts";
import { openRegistry, readLineage } from "../../../mod.ts";
import type { Lineage } from "../../../registry/mod.ts";
import type { Registry, StoredRegistry } from "../../../mod.ts";
import { LINEAGE } from "../../../registry/format/layout.ts";
import { testProtocol } from "../protocol_world.ts";
import { withoutStore } from "../contract/without_store.ts";
import { rejected } from "../rejected.ts";
import { keysOf, testInMemory, testOnEach } from "../registries.ts";

const edgesOf = ({ edges }: Lineage) => edges.map(({ from, to }) => `${from} > ${to}`).sort();

/** Returns the lineage below a version. */
async function down(
  registry: Registry,
  ref: string,
): Promise<{ edges: string[]; unsure: string[] }> {
  const found = await readLineage(registry, ref, { direction: "down" });
  return { edges: edgesOf(found), unsure: found.unsure };
}

/** Compares the lineage by notes with that of a registry without notes. */
async function assertSame(registry: StoredRegistry, ref: string): Promise<void> {
  assertEquals(await down(registry, ref), await down(withoutStore(registry), ref));
}

testProtocol("a save writes an entry per input before its record", async (world) => {
  const { registry, backend } = world;
  await registry.save("data", 1, { version: "1" });
  backend.forget();
  await registry.save("model", 2, {
    version: "3",
    inputs: [
      ...["data@1", { ref: "data", digest: null }, { ref: "data@1.0.0" }],
      { ref: "other@1.2.0-rc.1", digest: null },
    ],
  });
  const asked = backend.asked().filter((call) => call.startsWith("put "));
  assertEquals(asked.length, 4);
  const order = "p8p9p9", made = /\/model\/p6p9p9\.[0-9a-f-]{36}$/;
  for (const [place, folder] of [`data/${order}`, "data/any", "other/p8p7p9a1926zz"].entries()) {
    assert(asked[place].startsWith("put lineage/"), asked[place]);
    assertMatch(asked[place], made);
    if (place < 2) assert(asked[place].startsWith(`put lineage/${folder}/`), asked[place]);
  }
  assertMatch(asked[3], /^put names\/model\//);
  backend.forget();
  await registry.save("model", 2, { version: "4" });
  assertEquals(backend.asked().length, 1);
});

testProtocol("looking down costs the same in a large registry", async (world) => {
  const { registry, backend } = world;
  await registry.save("data", 1);
  await registry.save("model", 2, { inputs: ["data@1"] });
  const cost = async () => {
    backend.forget();
    assertEquals((await down(registry, "data@1")).edges, ["data@1.0.0 > model@1.0.0"]);
    return backend.asked().length;
  };
  const few = await cost();
  const inputs = [{ ref: "elsewhere@1", digest: null }];
  for (let n = 0; n < 50; n++) await registry.save(`other-${n}`, n, { inputs });
  assertEquals(await cost(), few);
  assertEquals(few, 8); // the ref, two lists for each of two, one record
});

testInMemory("copies write entries", async ({ registry }) => {
  await registry.save("data", 1);
  await registry.save("model", 1, { inputs: ["data@1"] });
  await registry.copy("model@1", "again");
  const edges = ["data@1.0.0 > again@1.0.0", "data@1.0.0 > model@1.0.0"];
  assertEquals(await down(registry, "data"), { edges, unsure: [] });
});

testProtocol("a save without a confirmed entry commits nothing", async (world) => {
  const { registry, backend } = world;
  await registry.save("data", 1);
  for (const maybeWritten of [true, false]) {
    backend.answer({ verb: "put", key: /^lineage\// }, async (act) => {
      await act();
      throw new RegistryError({
        code: "Unavailable",
        message: "Cannot put: no reply",
        hint: "Try again.",
        maybeWritten,
      });
    });
    const error = await rejected(
      "Unavailable",
      registry.save("model", 1, { version: "1", inputs: ["data@1"] }),
    );
    assertEquals([error.maybeWritten ?? false, error.retry], [false, "later"]);
    assertEquals(await world.keys("names/model/"), []);
  }
  assertEquals((await down(registry, "data")).edges, []); // notes of failed saves do not count
  await registry.save("model", 1, { version: "1", inputs: ["data@1"] });
  assertEquals((await down(registry, "data")).edges, ["data@1.0.0 > model@1.0.0"]);
});

testOnEach("index and records have the same lineage", async ({ registry }) => {
  const { digest } = await registry.save("data", [1]);
  await registry.save("data", [2]);
  await registry.save("clean", 1, { inputs: [{ ref: "data@1", digest }, "data@2"] });
  await registry.save("wrong", 1, { inputs: [{ ref: "data@1", digest: "0".repeat(64) }] });
  await registry.save("bare", 1, { inputs: [{ ref: "data", digest: null }, "clean@^1"] });
  await registry.save("model:größe", 1, { version: "2.0.0-rc.1+build", inputs: ["clean@1"] });
  const { edges, unsure } = await down(registry, "data@1");
  assertEquals(edges, [
    "clean@1.0.0 > bare@1.0.0",
    "clean@1.0.0 > model:größe@2.0.0-rc.1",
    "data@1.0.0 > clean@1.0.0",
  ]);
  assertEquals(unsure, ["bare@1.0.0"]);
  await assertSame(registry, "data@1");
});

testInMemory("overwritten, deleted and unversioned inputs are indexed", async () => {
  const mutable = await openRegistry("memory:", { mutable: true });
  const inputs = ["data@1"];
  for (const name of ["data", "plot"]) await mutable.save(name, 1);
  for (const name of ["model", "gone"]) await mutable.save(name, 1, { inputs });
  const overwrite = { version: "1", onConflict: "overwrite" } as const;
  await mutable.save("model", 2, overwrite);
  await mutable.save("plot", 2, { ...overwrite, inputs });
  await mutable.delete("gone@1");
  assertEquals((await down(mutable, "data")).edges, ["data@1.0.0 > plot@1.0.0"]);
  await assertSame(mutable, "data");
  const single = await openRegistry("memory:", { mutable: true, versioned: false });
  await single.save("data", 1);
  for (const value of [1, 2]) {
    await single.save("model", value, { onConflict: "overwrite", inputs: ["data"] });
  }
  assertEquals((await down(single, "data")).edges, ["data@1.0.0 > model@1.0.0"]);
  await assertSame(single, "data");
});

testProtocol("a save that loses its number writes entries again", async (world) => {
  const { registry, backend, store } = world;
  const other = await world.open();
  await registry.save("data", 1);
  backend.answer({ verb: "put", key: /^names\/model\// }, async (act) => {
    await other.registry.save("model", "other");
    return await act();
  });
  const { version } = await registry.save("model", 1, { inputs: ["data@1"] });
  assertEquals([version, (await keysOf(store, LINEAGE)).length], ["2.0.0", 2]);
  assertEquals((await down(registry, "data")).edges, ["data@1.0.0 > model@2.0.0"]);
});
