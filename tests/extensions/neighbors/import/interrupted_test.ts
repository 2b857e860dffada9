// Imports that are killed at a write, with or without its effect, and run again: the result is that of
// one import.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { createMemoryBackend } from "../../../../backends/memory.ts";
import type { Backend } from "../../../../core/backend.ts";
import { realSystem } from "../../../../core/system.ts";
import { wrapCalls } from "../../../../core/work/wrap_backend.ts";
import { createLocalFiles } from "../../../../files/mod.ts";
import { openRegistry } from "../../../../mod.ts";
import { DvcCache } from "../../../../extensions/neighbors/import/dvc/cache.ts";
import { GitRepository } from "../../../../extensions/neighbors/import/git.ts";
import { DvcReader } from "../../../../extensions/neighbors/import/dvc/read_repository.ts";
import { parsePattern } from "../../../../extensions/neighbors/import/files/pattern.ts";
import { FilesReader } from "../../../../extensions/neighbors/import/files/read_files.ts";
import { HfCacheReader } from "../../../../extensions/neighbors/import/hf/read_cache.ts";
import { ArtifactPlaces } from "../../../../extensions/neighbors/import/mlflow/artifact_places.ts";
import { MlrunsReader } from "../../../../extensions/neighbors/import/mlflow/read_folder.ts";
import type { ImportRecord } from "../../../../extensions/neighbors/import/records.ts";
import { SourceFiles } from "../../../../extensions/neighbors/import/source_files.ts";
import { runsIn } from "../../../../extensions/neighbors/import/tensorboard/read_runs.ts";
import { Artifacts } from "../../../../extensions/neighbors/import/wandb/artifacts.ts";
import { WandbReader } from "../../../../extensions/neighbors/import/wandb/read_runs.ts";
import type { ImportReport } from "../../../../extensions/neighbors/import/report.ts";
import { RecordWriter } from "../../../../extensions/neighbors/import/write_records.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { cacheFiles, commit, repositoryFiles, writeCache } from "./dvc/write_repository.ts";
import { modelFiles, OTHER, runFiles, writeTree } from "./mlflow/write_mlruns.ts";
import * as tensorboard from "./tensorboard/write_events.ts";
import * as wandb from "./wandb/write_wandb.ts";

const OPTIONS = { nameOf: (name: string) => name };

/** Writes a source, and returns what a program reads of it. */
type Source = (root: string) => Promise<() => AsyncIterable<ImportRecord>>;

const SOURCES: Record<string, Source> = {
  async mlflow(root) {
    await writeTree(root, { ...runFiles(), ...runFiles(OTHER, { status: 4 }), ...modelFiles() });
    return () => {
      const files = filesOf(root);
      const places = new ArtifactPlaces({ own: { files, location: root } });
      return new MlrunsReader(files, places, OPTIONS).records();
    };
  },
  async wandb(root) {
    const one = wandb.cachedEntry("w.bin", "one"), two = wandb.cachedEntry("w.bin", "two");
    const first = [...wandb.RECORDS, wandb.loggedArtifact("m", "d1", [one.entry]), wandb.end()];
    const next = [...wandb.RECORDS, wandb.loggedArtifact("m", "d2", [two.entry]), wandb.end(1)];
    await writeTree(root, { ...wandb.runFiles("abc", first), ...wandb.runFiles("def", next) });
    await writeTree(`${root}/cache`, { ...one.files, ...two.files });
    return () => {
      const artifacts = new Artifacts(filesOf(`${root}/cache`), OPTIONS);
      return new WandbReader(filesOf(`${root}/wandb`), OPTIONS, artifacts).records();
    };
  },
  async tensorboard(root) {
    const other = { "logs/b/tfevents": Buffer.concat(tensorboard.RECORDS) };
    await writeTree(root, { ...tensorboard.eventFile(), ...other });
    return () => runsIn(filesOf(`${root}/logs`), OPTIONS, "logs");
  },
  async dvc(root) {
    await commit(root, repositoryFiles(), ["v1.0.0", "first"]);
    await commit(root, repositoryFiles(2));
    await writeCache(root, { ...cacheFiles(), ...cacheFiles(2) });
    return () => {
      const cache = new DvcCache([{ files: filesOf(root), folder: ".dvc/cache" }]);
      const git = new GitRepository(root, { system: realSystem });
      return new DvcReader(git, cache, OPTIONS).records("digits");
    };
  },
  async hf(root) {
    const one = "1".repeat(40), two = "2".repeat(40), folder = "models--team--bert";
    await writeTree(root, {
      [`${folder}/snapshots/${one}/w.bin`]: "one",
      [`${folder}/snapshots/${two}/w.bin`]: "two",
      [`${folder}/refs/main`]: two,
      [`${folder}/refs/v1`]: one,
    });
    return () => new HfCacheReader(filesOf(root), OPTIONS).records();
  },
  async files(root) {
    await writeTree(root, { "a/1/w": "1", "a/2/w": "2", "b/1/w": "3" });
    await Deno.symlink("1", `${root}/a/prod`);
    const { parts } = parsePattern("./{name}/{version}");
    return () => new FilesReader({ files: filesOf(root), parts }, OPTIONS).records();
  },
};

function filesOf(root: string): SourceFiles {
  return new SourceFiles(createLocalFiles({ root }));
}

/** Returns a store whose program is killed at a write: it does nothing after that. */
function killedAt(inner: Backend, write: number, hasEffect: boolean): Backend {
  let writes = 0;
  return wrapCalls(inner, async ({ method }, act) => {
    const isWrite = method === "put" || method === "delete" || method === "deleteMany";
    if (isWrite) writes++;
    if (writes >= write) {
      if (isWrite && writes === write && hasEffect) await act(undefined);
      throw new Error("killed");
    }
    return await act(undefined);
  });
}

async function importInto(
  backend: Backend,
  read: () => AsyncIterable<ImportRecord>,
): Promise<ImportReport> {
  await using registry = await openRegistry(backend, { versioned: true, mutable: false });
  return await new RecordWriter(registry, {}).write(read());
}

/** Returns all that was imported, without dates and ids of records. */
async function contentOf(backend: Backend) {
  await using registry = await openRegistry(backend, { create: false });
  const names: unknown[] = [];
  for await (const name of registry.names()) {
    const versions = [];
    for await (const { version } of registry.versions(name)) {
      const info = await registry.info(`${name}@${version}`, { annotations: true });
      const { metadata, annotations, digest, inputs } = info;
      versions.push({
        version,
        metadata,
        digest,
        inputs,
        of: [annotations?.notes, annotations?.labels],
      });
    }
    const aliases = await Array.fromAsync(registry.aliases(name));
    names.push({
      name,
      versions: versions.sort((one, other) => one.version < other.version ? -1 : 1),
      aliases: aliases.map(({ alias, version }) => [alias, version]),
    });
  }
  return names;
}

for (const [from, write] of Object.entries(SOURCES)) {
  Deno.test(`import ${from}, killed at any write, loses nothing and adds nothing twice`, async () => {
    await using root = await tempRoot();
    const read = await write(root.path);
    const whole = createMemoryBackend();
    let writes = 0;
    const counted = wrapCalls(whole, (call, act) => {
      if (call.method === "put") writes++;
      return act(undefined);
    });
    const { notImported } = await importInto(counted, read);
    assertEquals(notImported.filter(({ kind }) => kind === "failed"), []);
    const expected = await contentOf(whole);
    assert(writes > 3);
    const again = await importInto(whole, read);
    assertEquals([again.runs, again.versions, again.aliases], [0, 0, 0]);
    for (let at = 1; at <= writes; at++) {
      for (const hasEffect of [false, true]) {
        const backend = createMemoryBackend();
        await assertRejects(() => importInto(killedAt(backend, at, hasEffect), read));
        await importInto(backend, read);
        assertEquals(await contentOf(backend), expected, `write ${at}, effect: ${hasEffect}`);
      }
    }
  });
}
