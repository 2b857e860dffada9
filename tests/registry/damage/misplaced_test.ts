// Records that lie where others belong, and files of strangers among them.
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Backend } from "../../../core/backend.ts";
import { TOMBSTONE_BYTES } from "../../../core/record/record.ts";
import { recordKey } from "../../../registry/layout.ts";
import { keysOf, testInMemory, testOnEach } from "../registries.ts";
import { rejected } from "../rejected.ts";

async function copyRecord(backend: Backend, from: string, to: string): Promise<void> {
  await backend.put(to, await (await backend.get(from))!.bytes());
}

testInMemory(
  "a record that was copied to another generation is Corrupt",
  async ({ registry, backend }) => {
    await registry.save("a", "one");
    const [first] = await keysOf(backend, "names/a/");
    const second = recordKey(first.slice(0, first.lastIndexOf("/") + 1), 2);
    await copyRecord(backend, first, second);
    for (const ref of ["a", "a@1"]) {
      assertEquals(
        (await rejected("Corrupt", registry.load(ref))).key,
        second,
      );
    }
  },
);

testInMemory(
  "an alias's record in a version's place is Corrupt, though it says which version",
  async (world) => {
    const { registry, backend } = world;
    await registry.save("a", "one");
    await registry.setAlias("a", "live", "1");
    const [alias] = await keysOf(backend, "names/a/aliases/");
    const [version] = await keysOf(backend, "names/a/versions/");
    await copyRecord(backend, alias, version);
    const error = await rejected("Corrupt", registry.load("a@1"));
    assertEquals(error.key, version);
    assertMatch(error.message, /of kind "alias", not "version"/);
  },
);

testInMemory(
  "an alias's record in another alias's place names nothing",
  async ({ registry, backend }) => {
    await registry.save("a", "one");
    await registry.setAlias("a", "live", "1");
    const [live] = await keysOf(backend, "names/a/aliases/");
    const next = live.replace("/live/", "/next/");
    await copyRecord(backend, live, next);
    assertEquals((await rejected("Corrupt", registry.load("a@next"))).key, next);
    assertEquals(await registry.load("a@live"), "one");
  },
);

testOnEach(
  "a stranger's file that is listed before the records of a cell hides none of them",
  async (world) => {
    const { registry, backend } = world;
    await registry.save("a", "one");
    await registry.setAlias("a", "live", "1");
    for (const key of await keysOf(backend, "names/")) {
      await backend.put(key.replace(/[^/]*$/, "0-notes.txt"), new Uint8Array(TOMBSTONE_BYTES));
    }
    const versions = await Array.fromAsync(registry.versions("a"));
    assertEquals(versions.map(({ version }) => version), ["1.0.0"]);
    for (const ref of ["a", "a@1", "a@^1", "a@live"]) assertEquals(await registry.load(ref), "one");
    await rejected(
      "AlreadyExists",
      registry.save("a", "two", { version: "1", onConflict: "fail" }),
    );
    assert(await registry.delete("a@1", { force: true }));
    await rejected("NotFound", registry.load("a@1"));
  },
);

testInMemory(
  "strangers' files before all versions of a name do not make its numbers begin again",
  async (world) => {
    const { registry, backend } = world;
    await registry.save("a", "one", { version: "5" });
    for (const file of ["0-notes.txt", "1-notes.txt"]) {
      await backend.put(
        `names/a/versions/${file}`,
        new Uint8Array(1),
      );
    }
    assertEquals((await registry.save("a", "two")).version, "6.0.0");
    assertEquals(await registry.load("a"), "two");
  },
);
