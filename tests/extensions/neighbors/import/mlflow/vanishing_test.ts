// Sources that lose runs while they are imported.
import { assertEquals } from "@std/assert";
import { rm } from "node:fs/promises";
import { createLocalFiles } from "../../../../../files/mod.ts";
import { openRegistry } from "../../../../../mod.ts";
import { ArtifactPlaces } from "../../../../../extensions/neighbors/import/mlflow/artifact_places.ts";
import { MlrunsReader } from "../../../../../extensions/neighbors/import/mlflow/read_folder.ts";
import { SourceFiles } from "../../../../../extensions/neighbors/import/source_files.ts";
import { RecordWriter } from "../../../../../extensions/neighbors/import/write_records.ts";
import { tempRoot } from "../../../../support/temp_root.ts";
import { OTHER, RUN, runFiles, writeTree } from "./write_mlruns.ts";

Deno.test("a run whose folder is deleted once it was listed stays out", async () => {
  await using root = await tempRoot();
  await using registry = await openRegistry("memory:");
  await writeTree(root.join("mlruns"), { ...runFiles(), ...runFiles(OTHER) });
  await writeTree(root.join("store"), {
    [`7/${RUN}/artifacts/w.bin`]: "weights",
    [`7/${OTHER}/artifacts/w.bin`]: "weights",
  });
  const rootAt = (location: string) => ({
    files: new SourceFiles(createLocalFiles({ root: location })),
    location,
  });
  const own = rootAt(root.join("mlruns")), given = rootAt(root.join("store"));
  const places = new ArtifactPlaces({ own, given });
  const reader = new MlrunsReader(own.files, places, { nameOf: (name) => name });
  const records = async function* () {
    for await (const record of reader.records()) {
      if (record.kind === "total") await rm(root.join(`mlruns/7/${OTHER}`), { recursive: true });
      yield record;
    }
  };
  const { runs, notImported } = await new RecordWriter(registry, {}).write(records());
  assertEquals(runs, 1);
  assertEquals(notImported, [{
    kind: "failed",
    what: `run ${OTHER} of "team/digits"`,
    reason: `"7/${OTHER}" was deleted while it was read`,
  }]);
});
