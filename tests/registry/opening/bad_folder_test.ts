import { assert, assertEquals, assertMatch } from "@std/assert";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { isRegistryError, openRegistry } from "../../../mod.ts";
import { canMount, smallDisk } from "../../support/small_disk.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { rejected } from "../rejected.ts";
import { noise } from "../registries.ts";

/** File modes do not stop the superuser. */
const isRoot = process.getuid?.() === 0;

Deno.test("a file instead of a folder is Invalid", async () => {
  const root = await tempRoot();
  try {
    const file = root.join("file");
    writeFileSync(file, "mine");
    for (const path of [file, `${file}/below`]) {
      for (const options of [{}, { locking: "link" as const }]) {
        await rejected("Invalid", openRegistry(path, options), /a file, not a folder/);
      }
    }
    await rejected("Invalid", openRegistry(file, { create: false }));
    assertEquals(readFileSync(file, "utf8"), "mine");
  } finally {
    await root.remove();
  }
});

Deno.test({
  name: "unprivileged: a folder that may not be read or written is Denied",
  ignore: isRoot,
  async fn() {
    const root = await tempRoot();
    const path = root.join("registry");
    try {
      await (await openRegistry(path)).save("a", 1);
      chmodSync(path, 0o000);
      await rejected("Denied", openRegistry(path));
      mkdirSync(root.join("bare"), { mode: 0o500 });
      await rejected("Denied", openRegistry(root.join("bare")));
    } finally {
      chmodSync(path, 0o700);
      await root.remove();
    }
  },
});

Deno.test("foreign files in the folder are left alone", async () => {
  const root = await tempRoot();
  try {
    mkdirSync(root.join("names", "strange", "deep"), { recursive: true });
    writeFileSync(root.join("names", "strange", "deep", "file"), "mine");
    writeFileSync(root.join("README.txt"), "mine");
    const registry = await openRegistry(root.path);
    await registry.save("strange", 1);
    assertEquals(await Array.fromAsync(registry.names()), ["strange"]);
    await registry.delete("strange", { allVersions: true });
    assertEquals(await registry.has("strange"), false);
    assertEquals(readFileSync(root.join("names", "strange", "deep", "file"), "utf8"), "mine");
  } finally {
    await root.remove();
  }
});

Deno.test({
  name: "a full disk fails a save with a hint, and what was saved before stays readable",
  ignore: !canMount,
  async fn() {
    const disk = await smallDisk(1_000_000);
    try {
      const registry = await openRegistry(disk.join("registry"));
      await registry.save("a", noise(300_000));
      for (const size of [900_000, 5_000_000]) {
        const error = await rejected("Unavailable", registry.save("a", noise(size, 2)));
        assertEquals(
          error.message,
          `Cannot save "a": the disk is full (in ${disk.join("registry")})`,
        );
        assertMatch(error.hint!, /Free space/);
      }
      assertEquals(await registry.load("a"), noise(300_000));
      assertEquals(
        (await registry.save("a", noise(200_000, 3))).version,
        "2.0.0",
        "the failure left nothing behind",
      );
      let saved = 0;
      for (let i = 0; i < 1000; i++) {
        try {
          await registry.save("small", noise(4_000, i));
          saved++;
        } catch (error) {
          assert(isRegistryError(error, "Unavailable"), String(error));
          break;
        }
      }
      assert(saved > 10 && saved < 999, `${saved}`);
      assertEquals((await Array.fromAsync(registry.versions("small"))).length, saved);
      assertEquals(await registry.load("small"), noise(4_000, saved - 1));
    } finally {
      await disk.remove();
    }
  },
});

Deno.test({
  name: "a registry on a disk that is mounted read-only is read, and refuses writes",
  ignore: !canMount,
  async fn() {
    const disk = await smallDisk(4_000_000);
    try {
      const path = disk.join("registry");
      await (await openRegistry(path)).save("a", noise(400_000));
      execFileSync("mount", ["-o", "remount,ro", disk.path]);
      const registry = await openRegistry(path);
      assertEquals(await registry.load("a"), noise(400_000));
      for (const value of ["small", noise(400_000, 2)]) {
        await rejected("Denied", registry.save("a", value));
      }
      await rejected("Denied", registry.delete("a@1"));
      // Node reports ENOENT if it cannot create a folder and its parents.
      if (process.versions.deno !== undefined) {
        await rejected("Denied", openRegistry(disk.join("new")));
      }
      await rejected("NotFound", openRegistry(disk.join("new"), { create: false }));
      assertEquals(await registry.load("a"), noise(400_000));
    } finally {
      await disk.remove();
    }
  },
});
