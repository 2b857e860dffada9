// Names on a disk: a handle that has listed them sees what others change, and reads little again.
import fs from "node:fs";
import { assert, assertEquals, assertLess } from "@std/assert";
import { createLocalBackend } from "../../../backends/local.ts";
import { keyLayout } from "../../../backends/local/layout.ts";
import { ownCalls } from "../../../disk/disk_calls.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { fault } from "../../../core/errors.ts";
import { wrapBackend } from "../../../core/work/wrap_backend.ts";
import type { OpenOptions } from "../../../core/registry.ts";
import { openRegistry, type StoredRegistry } from "../../../mod.ts";
import { type TempRoot, testInRoot } from "../../support/temp_root.ts";
import { withAge } from "../with_age.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const FULL = fault({
  code: "Unavailable",
  action: "write",
  subject: "a record",
  state: "the disk is full",
});

interface Two {
  /** Lists names, again and again. */
  registry: StoredRegistry;
  /** Another handle on the same folder. */
  other: StoredRegistry;
  listed(): Promise<string[]>;
  root: TempRoot;
}

function testTwo(name: string, run: (two: Two) => Promise<void>, options: OpenOptions = {}): void {
  testInRoot(name, async (root) => {
    const open = () =>
      openRegistry(createLocalBackend({ path: root.path, durability: "os" }), options);
    const registry = await open(), other = await open();
    try {
      await run({ registry, other, listed: () => Array.fromAsync(registry.names()), root });
    } finally {
      await registry.close();
      await other.close();
    }
  });
}

testTwo("names() follows what another handle changes", async ({ registry, other, listed }) => {
  assertEquals(await listed(), []);
  for (const name of ["a", "b", "run-12345", "run-12346"]) await other.save(name, 1);
  for (let n = 0; n < 50; n++) await other.save("a", n, { version: `1.0.0-rc.${n}` });
  await other.save("pre", 1, { version: "1.0.0-rc.1" });
  const all = ["a", "b", "pre", "run-12345", "run-12346"];
  assertEquals(await listed(), all);
  assertEquals(await listed(), all);

  await other.delete("run-12345", { allVersions: true });
  await other.delete("a@1");
  await other.save("c", 1);
  const changed = ["a", "b", "c", "pre", "run-12346"];
  assertEquals(await listed(), changed);

  await other.undelete("run-12345@1");
  await other.delete("pre", { allVersions: true });
  await other.setAlias("b", "best", "1");
  assertEquals(await listed(), ["a", "b", "c", "run-12345", "run-12346"]);
  await other.save("pre", 2);
  assertEquals(await listed(), all.toSpliced(2, 0, "c"));
  assertEquals(await Array.fromAsync(registry.names({ after: "b", limit: 2 })), ["c", "pre"]);
  assertEquals(await Array.fromAsync(registry.names({ prefix: "run-123", limit: 1 })), [
    "run-12345",
  ]);
});

testTwo("names() follows a name without versions", async ({ other, listed }) => {
  for (let value = 0; value < 3; value++) {
    await other.save("a", value);
    assertEquals(await listed(), ["a"]);
  }
  await other.delete("a");
  assertEquals(await listed(), []);
}, { versioned: false, mutable: true });

testTwo("names() lists no name whose folder is foreign", async ({ other, listed, root }) => {
  await other.save("run-12345", 1);
  const path = keyLayout("folded").pathOf("names/run-12345")!;
  fs.cpSync(root.join(path), root.join("names/run-12345"), { recursive: true });
  fs.mkdirSync(root.join("names/empty"));
  for (let n = 0; n < 2; n++) assertEquals(await listed(), ["run-12345"]);
  for (let n = 0; n < 40; n++) fs.writeFileSync(root.join(`names/run-12345/${n}.txt`), "");
  for (let n = 0; n < 2; n++) assertEquals(await listed(), ["run-12345"]);
});

testTwo(
  "names() reads the folder of a name again only if it changed",
  async ({ other, listed }) => {
    for (let n = 0; n < 20; n++) await other.save(`name-${n}`, n);
    const { deno } = ownCalls;
    if (deno === undefined) return;
    let reads = 0;
    const readDirSync = (path: string) => {
      reads++;
      return deno.readDirSync(path);
    };
    const count = async () => {
      reads = 0;
      ownCalls.deno = Object.setPrototypeOf({ readDirSync }, deno);
      try {
        assertEquals((await listed()).length, 20);
      } finally {
        ownCalls.deno = deno;
      }
      return reads;
    };
    assert(await count() > 20);
    assertLess(await count(), 5);
    await other.save("name-3", "newer");
    await other.delete("name-3@1");
    assertLess(await count(), 8);
  },
);

testTwo("names() lists no name whose records a file replaced", async ({ other, listed, root }) => {
  await other.save("a", 1, { version: "1.0.0-rc.1" });
  await other.save("b", 1);
  assertEquals(await listed(), ["a", "b"]);
  const path = root.join(keyLayout("folded").pathOf("names/a/versions/prerelease")!);
  fs.rmSync(path, { recursive: true });
  fs.writeFileSync(path, "");
  assertEquals(await listed(), ["b"]);
});

for (
  const [how, remove] of Object.entries({
    "its deletion was collected": async ({ other, root }: Two) => {
      await other.delete("a", { allVersions: true });
      const backend = createLocalBackend({ path: root.path, durability: "os" });
      for (const days of [40, 80]) {
        const later = await openRegistry(withAge(backend, days * DAY_MS));
        await collectGarbage(later);
        await later.close();
      }
    },
    "it was deleted and forgotten": async ({ other }: Two) => {
      await other.delete("a", { allVersions: true });
      await collectGarbage(other, { now: true });
      await collectGarbage(other, { now: true, forget: true });
    },
    "a collector could not empty its record": async ({ other, root }: Two) => {
      await other.delete("a@1");
      await other.undelete("a@1");
      await other.delete("a@1");
      const backend = createLocalBackend({ path: root.path, durability: "os" });
      const put: typeof backend.put = (key, body, options) =>
        key.startsWith("names/") ? Promise.reject(FULL) : backend.put(key, body, options);
      const full = await openRegistry(withAge(wrapBackend(backend, { put }), 40 * DAY_MS));
      assertEquals((await collectGarbage(full)).failures.length, 1);
      await full.close();
    },
    "its folder was removed": ({ root }: Two) =>
      Promise.resolve(
        fs.rmSync(root.join(keyLayout("folded").pathOf("names/a")!), { recursive: true }),
      ),
  })
) {
  testTwo(`names() no longer lists a name when ${how}`, async (two) => {
    await two.other.save("a", 1);
    await two.other.save("b", 1);
    assertEquals(await two.listed(), ["a", "b"]);
    await remove(two);
    assertEquals(await two.listed(), ["b"]);
  });
}
