import { assert, assertEquals } from "@std/assert";
import { existsSync, rmSync, statfsSync, statSync, writeFileSync } from "node:fs";
import process from "node:process";
import { collectGarbage } from "../../../registry/maintenance.ts";
import { isRegistryError, openRegistry } from "../../../mod.ts";
import { canMount, smallDisk } from "../../support/small_disk.ts";
import { noise } from "../registries.ts";
import { rejected } from "../rejected.ts";

/** Fills a disk to its last block. */
function fill(file: string): void {
  for (let size = 1 << 20; size > 0; size >>= 1) {
    for (let i = 0; i < 100; i++) {
      try {
        writeFileSync(file, noise(size, 9), { flag: "a" });
      } catch {
        break;
      }
    }
  }
}

Deno.test({
  name: "on a disk that is full to its last block versions are deleted and garbage is collected",
  ignore: !canMount,
  async fn() {
    const disk = await smallDisk(4_000_000);
    try {
      const path = disk.join("registry");
      {
        const registry = await openRegistry(path);
        await registry.save("a", noise(300_000));
        await registry.save("b", noise(300_000));
        const { size, mode } = statSync(disk.join("registry/.reserve"));
        assertEquals(
          [size, mode & 0o022 & ~process.umask()],
          [256 * 1024, mode & 0o022],
          "as the umask says",
        );
      }
      fill(disk.join("filler"));
      assertEquals(statfsSync(disk.path).bavail, 0);
      const registry = await openRegistry(path, { create: false });
      await rejected("Unavailable", registry.save("c", noise(100_000)));
      assertEquals(await registry.delete("a@1"), true);
      assert(!existsSync(disk.join("registry/.reserve")), "the reserve was used");
      await rejected(
        "Unavailable",
        registry.save("c", noise(300_000)).then(() => registry.save("c", noise(300_000))),
      );
      const { removed } = await collectGarbage(registry, { now: true });
      assertEquals(removed.payload, { count: 1, bytes: 300_000 });
      assert(existsSync(disk.join("registry/.reserve")), "and is made anew from what was freed");
      assertEquals(await registry.load("b"), noise(300_000));
      assertEquals(await registry.has("a@1"), false);
    } finally {
      await disk.remove();
    }
  },
});

Deno.test({
  name: "garbage is collected on a full disk where everything was deleted before",
  ignore: !canMount,
  async fn() {
    const disk = await smallDisk(4_000_000);
    try {
      const registry = await openRegistry(disk.join("registry"));
      await registry.save("a", noise(300_000));
      await registry.delete("a@1");
      fill(disk.join("filler"));
      const { bytes, failures } = await collectGarbage(registry, { now: true });
      assert(bytes >= 300_000);
      assertEquals(failures, []);
    } finally {
      await disk.remove();
    }
  },
});

for (const deleting of [false, true]) {
  const first = deleting ? "versions are deleted and " : "";
  Deno.test({
    name: `on a disk without free inodes ${first}garbage is collected`,
    ignore: !canMount,
    async fn() {
      const disk = await smallDisk(4_000_000, 200);
      try {
        const registry = await openRegistry(disk.join("registry"));
        await registry.save("a", noise(100_000, 1));
        await registry.save("a", noise(100_000, 2));
        await registry.delete("a@1");
        for (let n = 0; statfsSync(disk.path).ffree > 0; n++) writeFileSync(disk.join(`${n}`), "");
        await rejected("Unavailable", registry.save("b", "text"));
        if (deleting) assertEquals(await registry.delete("a@2"), true);
        const { removed } = await collectGarbage(registry, { now: true });
        assertEquals(removed.payload.count, deleting ? 2 : 1);
        const { failures } = await collectGarbage(registry, { now: true }); // overwrites records
        assertEquals(failures, []);
        assertEquals(await registry.has("a@2"), !deleting);
      } finally {
        await disk.remove();
      }
    },
  });
}

Deno.test({
  name: "a registry is created on a disk that has no room for its reserve, and works without",
  ignore: !canMount,
  async fn() {
    const disk = await smallDisk(200_000);
    try {
      const registry = await openRegistry(disk.join("registry"));
      await registry.save("a", "text");
      assert(!existsSync(disk.join("registry/.reserve")));
      fill(disk.join("filler"));
      const error = await registry.delete("a@1").catch((error) => error);
      assert(isRegistryError(error, "Unavailable"), String(error));
      rmSync(disk.join("filler"));
      assertEquals(await registry.delete("a@1"), true);
    } finally {
      await disk.remove();
    }
  },
});
