import { assert, assertEquals } from "@std/assert";
import { openRun } from "../../../extensions/runs/mod.ts";
import { measureSpace, measureVersions } from "../../../extensions/maintenance/mod.ts";
import fs from "node:fs";
import { localPath } from "../../../mod.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { keysOf, noise, testOnEach } from "../../registry/registries.ts";

const MIB = 1024 * 1024;

testOnEach("the space of versions counts what each uses", async ({ registry, backend }) => {
  const value = noise(4 * MIB);
  for (let version = 1; version <= 4; version++) {
    value.set(noise(300_000, version), version * 700_000);
    await registry.save("a", value);
  }
  await registry.delete("a@1"); // bytes that version 2 replaced are unused
  const { versions, storedBytes, freedBytes } = await measureVersions(registry, "a", {
    deleting: ["2.0.0", "3.0.0", "4.0.0"],
  });
  for (const { version, size, ownBytes, sharedBytes } of versions) {
    const lists = 0.01 * MIB;
    assert(ownBytes + sharedBytes < size + 2 * lists, `${version}: ${ownBytes} + ${sharedBytes}`);
    assert(sharedBytes > size / 2);
  }
  const cellOf = (key: string) => key.slice(0, key.lastIndexOf("/"));
  const cells = Map.groupBy(await keysOf(backend, "names/a/"), cellOf);
  const records = [...cells.values()].filter(({ length }) => length === 1).flat(); // not deleted
  const keys = [...await keysOf(backend, "objects/a/"), ...records];
  const sizes = await Promise.all(keys.map(async (key) => (await backend.head(key))!.size));
  assertEquals(storedBytes, sizes.reduce((sum, size) => sum + size));
  assertEquals(freedBytes, storedBytes);
  const { names: [{ unusedBytes }] } = await measureSpace(registry);
  assert(unusedBytes > 250_000);
});

testOnEach("the points of a finished run are space of drafts", async ({ registry, backend }) => {
  const run = await openRun(registry, "a");
  for (let step = 0; step < 5000; step++) run.log({ step, loss: Math.sin(step) });
  await run.finish();
  await registry.save("b", "text");
  const keys = await keysOf(backend, "objects/a/");
  const sizes = await Promise.all(keys.map(async (key) => (await backend.head(key))!.size));
  const { names } = await measureSpace(registry);
  const [a, b] = ["a", "b"].map((of) => names.find(({ name }) => name === of)!);
  assertEquals(a!.draftBytes + a!.size, sizes.reduce((sum, size) => sum + size));
  assert(a!.draftBytes > 50_000, `${a!.draftBytes}`);
  assertEquals(b!.draftBytes, 0);
  const again = (await measureSpace(registry)).names.find(({ name }) => name === "a")!;
  assertEquals(again.draftBytes, a!.draftBytes);
});

testOnEach("a list of many small files is stored alone", async ({ registry }) => {
  const root = await tempRoot();
  try {
    fs.mkdirSync(root.join("files"));
    for (let n = 0; n < 300; n++) fs.writeFileSync(root.join("files", `${n}`), noise(2_000, n));
    await registry.save("a", localPath(root.join("files")));
    fs.writeFileSync(root.join("files", "7"), noise(2_000, 999));
    await registry.save("a", localPath(root.join("files")));
  } finally {
    await root[Symbol.asyncDispose]();
  }
  const { versions: [, first], freedBytes } = await measureVersions(registry, "a", {
    deleting: ["1.0.0"],
  });
  assertEquals(freedBytes, first!.ownBytes);
  await registry.delete("a@1");
  const { names: [{ garbage }] } = await measureSpace(registry);
  assert(garbage.bytes > 30_000, `${garbage.bytes}`);
  assert(Math.abs(first!.ownBytes - garbage.bytes) < 1_000, `${first!.ownBytes}`);
});

testOnEach("versions that are in their records store those", async ({ registry, backend }) => {
  await registry.save("a", "text");
  const [key] = await keysOf(backend, "names/a/");
  const { versions: [version], storedBytes } = await measureVersions(registry, "a");
  const { size } = (await backend.head(key!))!;
  assertEquals([storedBytes, version!.ownBytes, version!.sharedBytes], [size, size, 0]);
});
