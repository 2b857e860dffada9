import { assertEquals } from "@std/assert";
import type { Lineage } from "../../../registry/mod.ts";
import { openRegistry, readLineage, type StoredRegistry } from "../../../mod.ts";
import { rejected } from "../rejected.ts";
import { testInMemory } from "../registries.ts";

async function fill(registry: StoredRegistry): Promise<void> {
  const pinned = async (ref: string) => ({ ref, digest: (await registry.info(ref)).digest });
  await registry.save("data", [1, 2, 3]);
  await registry.save("clean", [1, 2], { inputs: [await pinned("data@1")] });
  await registry.save("model", { w: 1 }, {
    inputs: [await pinned("clean@1.0.0")],
    metadata: { run: 7 },
  });
  await registry.save("report", "good", { inputs: ["model@1.0", await pinned("clean@1")] });
  await registry.save("plot", "dots", { inputs: [await pinned("clean@1")] });
}

const edgesOf = ({ edges }: Lineage) => edges.map(({ from, to }) => `${from} > ${to}`).sort();
const statesOf = ({ nodes }: Lineage) =>
  Object.fromEntries(nodes.map(({ ref, state }) => [ref, state]));

testInMemory("readLineage() follows inputs upward", async ({ registry }) => {
  await fill(registry);
  const up = await readLineage(registry, "report", { direction: "up" });
  assertEquals(edgesOf(up), [
    "clean@1.0.0 > model@1.0.0",
    "clean@1.0.0 > report@1.0.0",
    "data@1.0.0 > clean@1.0.0",
    "model@1.0.0 > report@1.0.0",
  ]);
  assertEquals(up.nodes.map(({ ref }) => ref), [
    "report@1.0.0",
    "model@1.0.0",
    "clean@1.0.0",
    "data@1.0.0",
  ]);
  assertEquals(up.nodes[1].metadata, { run: 7 });
  assertEquals([up.root, up.cut, up.unsure, up.unreadable], ["report@1.0.0", false, [], []]);
});

testInMemory("readLineage() follows versions downward", async ({ registry }) => {
  await fill(registry);
  await registry.save("clean", [9]); // a version without outputs
  const down = await readLineage(registry, "data@^1", { direction: "down" });
  assertEquals(edgesOf(down), [
    "clean@1.0.0 > model@1.0.0",
    "clean@1.0.0 > plot@1.0.0",
    "clean@1.0.0 > report@1.0.0",
    "data@1.0.0 > clean@1.0.0",
    "model@1.0.0 > report@1.0.0",
  ]);
  assertEquals(edgesOf(await readLineage(registry, "clean@2", { direction: "down" })), []);
});

testInMemory("readLineage() respects direction and depth", async ({ registry }) => {
  await fill(registry);
  const near = await readLineage(registry, "model", { depth: 1 });
  assertEquals(edgesOf(near), ["clean@1.0.0 > model@1.0.0", "model@1.0.0 > report@1.0.0"]);
  assertEquals(near.cut, true);
  assertEquals((await readLineage(registry, "model", { depth: 2 })).cut, false);
  assertEquals((await readLineage(registry, "data", { depth: 2, direction: "down" })).cut, true);
  for (const depth of [0, -1, 1.5, NaN]) {
    await rejected("Invalid", readLineage(registry, "model", { depth }));
  }
  await rejected("NotFound", readLineage(registry, "nothing"));
});

testInMemory("readLineage() reports unknown inputs", async () => {
  const mutable = await openRegistry("memory:", { mutable: true });
  await mutable.save("raw", 1);
  const { digest } = await mutable.info("raw@1");
  await mutable.save("gone", 1);
  const asThey = (ref: string) => ({ ref, digest: null });
  await mutable.save("used", 2, {
    inputs: [
      ...[{ ref: "raw@1", digest }, "gone@1", asThey("never@3"), asThey("raw"), asThey("raw@^1")],
      { ref: "raw@production", digest },
    ],
  });
  await mutable.delete("gone@1");
  assertEquals(statesOf(await readLineage(mutable, "used", { direction: "up" })), {
    "used@1.0.0": "present",
    "raw@1.0.0": "present",
    "gone@1.0.0": "missing",
    "never@3.0.0": "missing",
    "raw": "unpinned",
    "raw@^1": "unpinned",
    "raw@production": "unpinned",
  });
  assertEquals((await readLineage(mutable, "raw", { direction: "down" })).unsure, ["used@1.0.0"]);
  await mutable.save("raw", 5, { version: "1", onConflict: "overwrite" });
  const after = await readLineage(mutable, "used", { direction: "up" });
  assertEquals(statesOf(after)[`raw@1.0.0 (${digest.slice(0, 12)})`], "changed");
  assertEquals(edgesOf(await readLineage(mutable, "raw@1", { direction: "down" })), []);
});

testInMemory("readLineage() ends at cycles", async ({ registry }) => {
  await registry.save("a", 1, { inputs: [{ ref: "b@1", digest: null }] });
  await registry.save("b", 2, { inputs: ["a@1", { ref: "b@1", digest: null }] });
  assertEquals(edgesOf(await readLineage(registry, "a")), [
    "a@1.0.0 > b@1.0.0",
    "b@1.0.0 > a@1.0.0",
    "b@1.0.0 > b@1.0.0",
  ]);
});

testInMemory("readLineage() reports damaged records", async ({ registry }) => {
  await fill(registry);
  for await (const entry of registry.backend.list("names/clean/")) {
    if ("size" in entry) {
      await registry.backend.put(entry.key, new TextEncoder().encode("no record"));
    }
  }
  const up = await readLineage(registry, "report", { direction: "up" });
  assertEquals(statesOf(up), {
    "report@1.0.0": "present",
    "model@1.0.0": "present",
    "clean@1.0.0": "unreadable",
  });
  const down = await readLineage(registry, "data", { direction: "down" });
  assertEquals([down.edges, down.unreadable], [[], ["clean@1.0.0"]]);
});
