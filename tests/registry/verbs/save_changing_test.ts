// Folders that change while they are saved, through the library and the service.
import { assertEquals } from "@std/assert";
import { utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { file } from "../../../materializers/mod.ts";
import { type LocalPath, localPath, type Registry } from "../../../mod.ts";
import type { Materializer } from "../../../core/materializer.ts";
import { createBatch } from "../../../workers/mod.ts";
import { startService } from "../../apps/client/service.ts";
import { inFolder } from "../../materializers/in_folder.ts";
import { rejected } from "../rejected.ts";

type Save = (registry: Registry, value: LocalPath) => Promise<unknown>;

const ways: Record<string, Save> = {
  save: (registry, value) => registry.save("x", value),
  batch: async (registry, value) => {
    const batch = createBatch(registry);
    await batch.save({ name: "x", value }).finally(() => batch.close());
  },
  draft: async (registry, value) => {
    const draft = await registry.openDraft("x", { id: "1" });
    await draft.addPart("only", value);
    await draft.commit();
  },
};

for (const [way, save] of Object.entries(ways)) {
  for (const door of ["library", "service"]) {
    for (const size of [10, 400_000]) {
      inFolder(`${way} of a folder that changes, ${size} bytes a file, ${door}`, async (path) => {
        const service = await startService();
        const registry = door === "library" ? service.behind : await service.open();
        const fill = (name: string) => writeFileSync(join(path, name), new Uint8Array(size));
        for (const name of ["a", "b", "left.tmp"]) fill(name);
        let walks = 0;
        const changing = (until: number) => {
          const onLeftOut = () => { // the folder was listed, and is not read yet
            if (++walks > until) return;
            fill(`new${walks}`);
            utimesSync(path, walks, walks);
          };
          return localPath(path, { exclude: "*.tmp", onLeftOut });
        };
        await rejected("Conflict", save(registry, changing(9)), /changed/);
        assertEquals([walks, await registry.has("x")], [2, false]);
        await save(registry, changing(3));
        const files = (await registry.info("x")).files.map(({ path }) => path);
        assertEquals([walks, files], [4, ["a", "b", "new1", "new2", "new3"]]);
        await service.close();
      });
    }
  }
}

inFolder("a file that grows once before it is read is saved whole", async (root) => {
  const service = await startService();
  const path = join(root, "app.log");
  writeFileSync(path, "one");
  let first = true;
  const growing: Materializer = {
    ...file(),
    save(value, options) {
      const files = file().save(value as never, options);
      if (first) writeFileSync(path, "one and two");
      first = false;
      return files;
    },
  };
  await service.behind.save("x", localPath(path), { as: growing });
  const [saved] = (await service.behind.open("x")).files();
  assertEquals(await saved!.text(), "one and two");
  await service.close();
});
