import fs from "node:fs";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { createLocalBackend } from "../../../backends/local.ts";
import { RegistryError } from "../../../core/errors.ts";
import { openRegistry } from "../../../mod.ts";
import {
  assertHolds,
  assertMissing,
  chunked,
  sampleBytes,
  text,
} from "../../conformance/backend/samples.ts";
import { testInRoot } from "../../support/temp_root.ts";
import { LOCKINGS } from "./lockings.ts";
import { fsError, type FsPatch, withPatchedFs } from "../patched_fs.ts";

/** Closes files and reports a failure for the files opened for writing, or for all. */
function failingClose(code: string, which: "written" | "all") {
  return (real: typeof fs): FsPatch => {
    const written = new Set<number>();
    return {
      openSync: (path: string, flags: string) => {
        const file = real.openSync(path, flags);
        if (flags === "wx") written.add(file);
        else written.delete(file);
        return file;
      },
      closeSync: (file: number) => {
        real.closeSync(file);
        if (which === "all" || written.has(file)) throw fsError(code);
      },
    };
  };
}

for (const code of ["EIO", "ENOSPC", "EDQUOT"]) {
  testInRoot(`${code} on close is a failed write without remains`, async (root) => {
    for (const durability of ["disk", "os"] as const) {
      for (const locking of LOCKINGS) {
        const backend = createLocalBackend({
          path: root.join(durability + locking),
          durability,
          locking,
        });
        await backend.put("a/old", text("old"));
        const bodies = [
          () => text("x"),
          () => sampleBytes(3_000_000),
          () => chunked(sampleBytes(3_000_000), 500_000),
        ];
        for (const which of ["written", "all"] as const) {
          for (const body of bodies) {
            for (const [key, mode] of [["a/new", "create"], ["a/old", "overwrite"]] as const) {
              const error = await withPatchedFs(
                failingClose(code, which),
                () => assertRejects(() => backend.put(key, body(), { mode }), RegistryError),
              );
              assertEquals([error.code, error.key, error.maybeWritten], [
                "Unavailable",
                key,
                undefined,
              ]);
              assert(error.hint !== undefined || code === "EIO");
            }
          }
        }
        await assertMissing(backend, "a/new");
        await assertHolds(backend, "a/old", text("old"));
        assertEquals(fs.readdirSync(root.join(durability + locking, ".stage")), []);
      }
    }
  });
}

testInRoot("a registry does not acknowledge a failed close", async (root) => {
  const registry = await openRegistry(root.join("store"), { durability: "os", retryForMs: 0 });
  await registry.save("a", "old");
  const failure = await withPatchedFs(
    failingClose("EIO", "written"),
    () => assertRejects(() => registry.save("a", "new"), RegistryError),
  );
  assertEquals([failure.code, failure.maybeWritten], ["Unavailable", undefined]);
  assertEquals(await registry.load("a"), "old");
});

testInRoot("errors on close of a read file are ignored", async (root) => {
  const backend = createLocalBackend({ path: root.join("store"), durability: "os" });
  await backend.put("a/small", text("x"));
  await backend.put("a/large", sampleBytes(3_000_000));
  await withPatchedFs(failingClose("EIO", "all"), async () => {
    await assertHolds(backend, "a/small", text("x"));
    await assertHolds(backend, "a/large", sampleBytes(3_000_000));
  });
});
