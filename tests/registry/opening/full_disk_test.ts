import { assert, assertEquals } from "@std/assert";
import fs from "node:fs";
import { existsSync, rmSync, statfsSync, statSync, writeFileSync } from "node:fs";
import process from "node:process";
import { prune } from "../../../extensions/maintenance/pruning/mod.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { isRegistryError, openRegistry, type Registry } from "../../../mod.ts";
import type { TempRoot } from "../../support/temp_root.ts";
import { canMount, smallDisk } from "../../support/small_disk.ts";
import { silentLogger } from "../../../core/system.ts";
import { noise } from "../registries.ts";
import { rejected } from "../rejected.ts";
import { withAge } from "../with_age.ts";
import { createLocalBackend } from "../../../backends/local.ts";

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

/** Saves twenty names, each with enough versions for a note of the collector. */
async function saveMany(registry: Registry): Promise<void> {
  for (let n = 0; n < 20; n++) {
    for (let version = 0; version < 3; version++) await registry.save(`m${n}`, noise(200, n));
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

Deno.test({
  name: "on a full disk many versions are pruned at once, and the next run of gc frees them",
  ignore: !canMount,
  async fn() {
    const disk = await smallDisk(4_000_000);
    const warnings: string[] = [];
    const logger = { ...silentLogger, warn: (text: string) => void warnings.push(text) };
    try {
      const backend = withAge(createLocalBackend({ path: disk.join("registry") }), 60_000);
      const registry = await openRegistry(backend, { logger }); // whose records are old enough to note
      await saveMany(registry);
      await registry.save("large", noise(300_000));
      await registry.save("large", "text");
      fill(disk.join("filler"));
      const before = await collectGarbage(registry);
      assertEquals([before.bytes, warnings.length], [0, 1], "one warning, not one a name");
      const { deleted } = await prune(registry, { keepLast: 1 });
      assertEquals(deleted.length, 41);
      await collectGarbage(registry); // nothing is old enough yet, and notes take no space
      const { removed, failures } = await collectGarbage(registry, { now: true });
      assertEquals([removed.payload, failures], [{ count: 1, bytes: 300_000 }, []]);
      assert(existsSync(disk.join("registry/.reserve")), "made anew from what was freed");
    } finally {
      await disk.remove();
    }
  },
});

Deno.test({
  name: "a version is deleted with the reserve that another process removed at the same time",
  ignore: !canMount,
  async fn() {
    const disk = await smallDisk(4_000_000);
    const { unlinkSync } = fs;
    try {
      const registry = await openRegistry(disk.join("registry"));
      await registry.save("a", noise(300_000));
      fill(disk.join("filler"));
      fs.unlinkSync = (path) => {
        unlinkSync(path);
        if (String(path).includes(".reserve")) unlinkSync(path); // it is gone: ENOENT
      };
      assertEquals(await registry.delete("a@1"), true);
    } finally {
      fs.unlinkSync = unlinkSync;
      await disk.remove();
    }
  },
});

Deno.test({
  name: "gc removes its notes from a full disk whose reserve is used up",
  ignore: !canMount,
  async fn() {
    const disk = await smallDisk(4_000_000);
    try {
      const backend = withAge(createLocalBackend({ path: disk.join("registry") }), 60_000);
      const registry = await openRegistry(backend, { logger: silentLogger });
      await saveMany(registry);
      await registry.save("large", noise(300_000));
      await backend.put("gc/.verified/0-1", noise(100)); // what verify has read takes a month
      await collectGarbage(registry);
      for (const n of ["", 1, 2, 3, 4, 5]) rmSync(disk.join(`registry/.reserve${n}`));
      fill(disk.join("filler"));
      await rejected("Unavailable", registry.delete("large@1"));
      await collectGarbage(registry);
      assert(await backend.head("gc/.verified/0-1"));
      assertEquals(await registry.delete("large@1"), true);
      const { removed } = await collectGarbage(registry, { now: true });
      assertEquals(removed.payload, { count: 1, bytes: 300_000 });
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

/** Ways to use up a disk. */
const FULL: Record<string, (disk: TempRoot) => void> = {
  "free inodes"({ path, join }) {
    for (let n = 0; statfsSync(path).ffree > 0; n++) writeFileSync(join(`${n}`), "");
  },
  "free blocks": ({ join }) => fill(join("filler")),
};

for (const [what, use] of Object.entries(FULL)) {
  Deno.test({
    name: `on a disk without ${what} no number of deletions keeps gc from freeing them`,
    ignore: !canMount,
    async fn() {
      for (const wanted of [1, 2, 3, 5, 100]) {
        const disk = await smallDisk(8_000_000, 1000);
        try {
          const registry = await openRegistry(disk.join("registry"), { retryForMs: 1 });
          for (let n = 0; n < 100; n++) await registry.save("a", noise(n < 3 ? 100_000 : 10, n));
          await collectGarbage(registry);
          use(disk);
          let deleted = 0;
          for (let n = 1; n <= wanted; n++) {
            const outcome = await registry.delete(`a@${n}`).catch((error) => error);
            if (outcome === true) deleted++;
            else assert(isRegistryError(outcome, "Unavailable"), String(outcome));
          }
          assert(deleted > 0, `${wanted}`);
          const { removed, failures } = await collectGarbage(registry, { now: true });
          const count = Math.min(deleted, 3);
          assertEquals([removed.payload.count, failures], [count, []], `${wanted}`);
          if (deleted < wanted) assert(await registry.delete("a@100"), "and go on");
        } finally {
          await disk.remove();
        }
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
