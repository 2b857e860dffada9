import { assert, assertEquals } from "@std/assert";
import type { NDArray } from "../../../formats/arrays/ndarray.ts";
import type { FileStore } from "../../../core/file_store.ts";
import { realSystem } from "../../../core/system.ts";
import { createZarrFiles } from "../../../files/zarr.ts";
import { testInRoot } from "../../support/temp_root.ts";
import { KINDS, withMembers } from "../kinds.ts";

const chunks = (shape: readonly number[]) => shape.map((length) => Math.min(length, 4));
const plane = (value: number): NDArray<"uint16"> => {
  const data = new Uint16Array(81).fill(value);
  return { data, shape: [9, 9], dtype: "uint16" };
};
const MUTATING = ["write", "move"] as const;

for (const [kind, create] of Object.entries(KINDS)) {
  testInRoot(`zarr over ${kind}: a writer with an expired lock replaces no save`, async (root) => {
    for (let at = 1, isPaused = true; isPaused; at++) {
      let calls = 0, ahead = 0;
      isPaused = false;
      const system = {
        ...realSystem,
        now: () => realSystem.now() + ahead,
        monotonic: () => realSystem.monotonic() + ahead,
      };
      const below = create(root.join(`${at}`));
      const open = (files: FileStore) => createZarrFiles({ files, chunks, system });
      await open(below).save!("a", plane(1));
      const own: Partial<FileStore> = {};
      for (const name of MUTATING) {
        const call = below[name] as ((...args: unknown[]) => Promise<unknown>) | undefined;
        if (call === undefined) continue;
        const paused = async (...args: unknown[]) => {
          if (calls++ === at) {
            [isPaused, ahead] = [true, 10 * 60_000];
            await open(below).save!("a", plane(3));
          }
          return await call.apply(below, args);
        };
        Object.assign(own, { [name]: paused });
      }
      const save = open(withMembers(below, own)).save!("a", plane(2));
      const result = await save.then(() => "saved", () => "failed");
      ahead += 10 * 60_000;
      const { data } = await open(below).load!("a") as NDArray<"uint16">;
      const value = isPaused && result === "failed" ? 3 : 2;
      assertEquals(new Set(data), new Set([value]), `step ${at}: ${result}`);
      assert(at < 40);
    }
  });
}
