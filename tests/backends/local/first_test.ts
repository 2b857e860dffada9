import type fs from "node:fs";
import { assertEquals, assertRejects } from "@std/assert";
import { createLocalBackend } from "../../../backends/local.ts";
import { ownCalls } from "../../../disk/disk_calls.ts";
import { RegistryError } from "../../../mod.ts";
import { listed, putAll, text } from "../../conformance/backend/samples.ts";
import { testInRoot } from "../../support/temp_root.ts";
import { fsError, withPatchedFs } from "../patched_fs.ts";

const FIRST = "names/a/versions/final/o89p9p9/9007199254740990.rec";
const SECOND = "names/a/versions/final/p8p9p9/9007199254740990.rec";

/** The change to the first object between the search and the opening. */
const CHANGES: Record<string, (real: typeof fs, path: string) => void> = {
  removed: (real, path) => real.unlinkSync(path),
  "in a folder that is removed": (real, path) =>
    real.rmSync(path.slice(0, path.lastIndexOf("/")), { recursive: true }),
  "replaced by a folder": (real, path) => (real.unlinkSync(path), real.mkdirSync(path)),
};

for (const [what, change] of Object.entries(CHANGES)) {
  testInRoot(`getFirst() skips a first object that is ${what}`, async (root) => {
    for (const next of [SECOND, undefined]) {
      const backend = createLocalBackend({
        path: root.join(next === undefined ? "one" : "two"),
        durability: "os",
      });
      for (const key of [FIRST, next ?? FIRST]) await backend.put(key, text(key));
      let opened = 0;
      const patch = (real: typeof fs) => ({
        openSync(path: string, ...options: [number]) {
          if (opened++ === 0) change(real, path);
          return real.openSync(path, ...options);
        },
      });
      const first = await withPatchedFs(
        patch,
        () => backend.getFirst!("names/a/versions/final/"),
      );
      assertEquals([first?.info.key, opened], [next, next === undefined ? 1 : 2]);
      assertEquals(await first?.bytes(), next === undefined ? undefined : text(next));
    }
  });
}

testInRoot("a folder that the disk cannot read does not count as empty", async (root) => {
  const backend = createLocalBackend({ path: root.path, durability: "os" });
  await putAll(backend, ["names/a/1", "names/a/2"]);
  const calls: (() => Promise<unknown>)[] = [
    () => backend.getFirst!("names/a/"),
    () => listed(backend, "names/a/", { limit: 1 }),
    () => listed(backend, "names/"),
    () => listed(backend, "names/", { delimiter: "/" }),
  ];
  const fail = () => {
    throw fsError("EIO");
  };
  const { deno } = ownCalls;
  for (const call of calls) {
    const error = await withPatchedFs(
      () => ({ readdirSync: fail }),
      () => assertRejects(call, RegistryError),
      deno && {
        lstatSync: (path) => deno.lstatSync(path),
        statSync: (path) => deno.statSync(path),
        openSync: (path) => deno.openSync(path),
        readDir: fail,
        readDirSync: () => [], // as Deno does
      },
    );
    assertEquals(error.code, "Unavailable");
  }
});
