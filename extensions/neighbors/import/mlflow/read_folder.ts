// Reads a folder or bucket `mlruns`, as MLflow 2 and 3 write it:
//
//   EXPERIMENT/meta.yaml
//   EXPERIMENT/RUN/meta.yaml, params/KEY, tags/KEY, metrics/KEY, artifacts/…, inputs/…, outputs/…
//   EXPERIMENT/models/m-…/meta.yaml, params/KEY, tags/KEY, artifacts/…      logged models of MLflow 3
//   EXPERIMENT/datasets/ID/meta.yaml
//   models/NAME/meta.yaml, aliases/ALIAS, tags/KEY, version-N/meta.yaml, version-N/tags/KEY
import { folderOf, joinPath, nameOf, notFound, shown } from "../../../../core/kernel.ts";
import { type Metric, NOT_FINITE } from "../../../runs/mlflow/points.ts";
import type { ImportRecord, NotImported, OpenedRun, ReadOptions } from "../records.ts";
import type { SourceFiles } from "../source_files.ts";
import { type Counts, countsOfFiles } from "../counts.ts";
import type { ArtifactPlaces, Recorded } from "./artifact_places.ts";
import {
  aliasesOf,
  byEnd,
  deleted,
  foundRun,
  foundVersion,
  hasLoggedModel,
  keptTags,
  KnownIds,
  type ListedRun,
  modelLeft,
  statusOf,
  type StoredVersion,
  storedVersion,
  textOf,
  timeOf,
  timesOf,
} from "./facts.ts";

/** Folders of an experiment that are no runs. */
const NO_RUNS: ReadonlySet<string> = new Set(["models", "datasets", "tags", "traces"]);
const NON_FINITE: ReadonlyMap<string, number> = new Map([
  ...NOT_FINITE,
  ["nan", NaN],
  ["inf", Infinity],
  ["-inf", -Infinity],
]);

/** A run or a logged model whose description was read. */
interface ReadRun extends ListedRun {
  readonly folder: string;
}

export class MlrunsReader {
  readonly #files: SourceFiles;
  readonly #places: ArtifactPlaces;
  readonly #options: ReadOptions;
  readonly #ids = new KnownIds();
  /** The folder of each run and logged model. */
  readonly #folders = new Map<string, string>();

  constructor(files: SourceFiles, places: ArtifactPlaces, options: ReadOptions) {
    this.#files = files;
    this.#places = places;
    this.#options = options;
  }

  async *records(): AsyncGenerator<ImportRecord> {
    const runs: ReadRun[] = [], notImported: ImportRecord[] = [];
    let experiments = 0;
    const onLink = (path: string) => {
      if (!path.startsWith(".")) notImported.push(linkAt(`experiment ${path}`, path));
    };
    for (const folder of await this.#files.folders("", onLink)) {
      const own = nameOf(folder);
      if (own === "models" || own.startsWith(".")) continue;
      const problems: string[] = [];
      const meta = await this.#files.yaml(joinPath(folder, "meta.yaml"), problems);
      const name = meta && textOf(meta.name);
      if (name === undefined) {
        const [reason = `${shown(folder)} has no name`] = problems;
        notImported.push({ kind: "failed", what: `experiment ${own}`, reason });
        continue;
      }
      experiments++;
      const as = this.#options.nameOf(name);
      if (as === undefined) continue;
      if (meta?.lifecycle_stage === "deleted") {
        notImported.push(deleted(`experiment ${shown(name)}`));
      } else await this.#listRuns(folder, { name: as, runs, notImported });
    }
    for (const folder of await this.#files.folders(".trash")) {
      notImported.push(deleted(`experiment ${nameOf(folder)}`));
    }
    const models = await this.#files.folders("models");
    if (experiments === 0 && models.length === 0) {
      const place = this.#files.store.location;
      throw notFound("import runs of MLflow from", place, "it has no experiments and no models", {
        hint: "Pass the mlruns folder: each experiment in it is a folder with meta.yaml.",
      });
    }
    this.#places.expect(runs.map(recordedIn));
    const versions = await Array.fromAsync(models, (folder) => this.#files.folders(folder));
    const isVersion = (path: string) => nameOf(path).startsWith("version-");
    const count = runs.length + versions.flat().filter(isVersion).length;
    yield { kind: "total", count };
    yield* notImported;
    for (const run of runs.sort(byEnd)) yield foundRun(run, () => this.#open(run));
    for (const folder of models) yield* this.#model(folder);
  }

  async #listRuns(
    experiment: string,
    { name, runs, notImported }: { name: string; runs: ReadRun[]; notImported: ImportRecord[] },
  ): Promise<void> {
    const onLink = (path: string) =>
      notImported.push(linkAt(`run ${nameOf(path)} of ${shown(name)}`, path));
    const ofRuns = (await this.#files.folders(experiment, onLink)).filter((each) =>
      !NO_RUNS.has(nameOf(each))
    );
    const ofModels = await this.#files.folders(joinPath(experiment, "models"), onLink);
    for (const [isModel, folders] of [[false, ofRuns], [true, ofModels]] as const) {
      for (const folder of folders) {
        const id = nameOf(folder), problems: string[] = [];
        const meta = await this.#files.yaml(joinPath(folder, "meta.yaml"), problems);
        const what = `run ${id} of ${shown(name)}`;
        this.#ids.add(id, name);
        this.#folders.set(id, folder);
        if (meta === undefined) {
          notImported.push({ kind: "failed", what, reason: problems[0] ?? "it has no meta.yaml" });
        } else if (meta.lifecycle_stage === "deleted") {
          notImported.push(deleted(what));
        } else runs.push({ folder, name, id, members: meta, isModel });
      }
    }
  }

  async #open(run: ReadRun): Promise<OpenedRun> {
    const { folder, members, id, isModel } = run, problems: string[] = [];
    const params = await this.#texts(joinPath(folder, "params"), problems);
    const { count, texts: tags } = await this.#texts(joinPath(folder, "tags"), problems);
    const links = isModel ? {} : await this.#links(folder, problems);
    const kept = keptTags(this.#ids, { id, isModel, members, tags, ...links }, problems);
    const hasFiles = isModel ? await this.#isOutput(run) : hasLoggedModel(tags);
    const certain = hasFiles ? "files" : isModel ? undefined : "folder";
    const files = await this.#places.files({ ...recordedIn(run), certain }, problems);
    const has = {
      params: params.count,
      tags: kept.count + count - tags.size,
      ...countsOfFiles(files),
    };
    return {
      ...timesOf(members, isModel, problems),
      params: params.texts,
      tags: kept.tags,
      points: this.#points(folder, { has, problems }),
      files,
      has,
      problems,
    };
  }

  /** Returns texts by their paths, and the number of files that have them. */
  async #texts(folder: string, problems: string[]) {
    const entries = await this.#files.walk(folder, problems);
    return { texts: await this.#files.textsOf(entries, folder, problems), count: entries.length };
  }

  /** True if the run of a logged model says that it logged the model, so the model has files. */
  async #isOutput({ id, members }: ReadRun): Promise<boolean> {
    const run = this.#folders.get(textOf(members.source_run_id) ?? "");
    if (run === undefined || statusOf(members.status, true) !== "FINISHED") return false;
    return await this.#files.look(joinPath(run, `outputs/${id}`), []) !== undefined;
  }

  async #links(folder: string, problems: string[]) {
    const datasets = [], inputs: string[] = [], outputs = [];
    for (const input of await this.#files.folders(joinPath(folder, "inputs"))) {
      const meta = await this.#files.yaml(joinPath(input, "meta.yaml"), problems);
      if (meta === undefined) continue;
      const id = textOf(meta.source_id) ?? "";
      if (meta.source_type !== "DATASET") {
        inputs.push(textOf(meta.destination_id) ?? id);
        continue;
      }
      const path = joinPath(folderOf(folder), `datasets/${nameOf(id)}/meta.yaml`);
      const dataset = await this.#files.yaml(path, problems);
      const tags = Object.entries(meta.tags ?? {}).map(([key, value]) => ({ key, value }));
      if (dataset !== undefined) datasets.push({ dataset, tags });
    }
    for (const output of await this.#files.folders(joinPath(folder, "outputs"))) {
      const meta = await this.#files.yaml(joinPath(output, "meta.yaml"), problems);
      if (meta === undefined) continue;
      outputs.push({
        model: textOf(meta.destination_id) ?? nameOf(output),
        step: Number(meta.step),
      });
    }
    return { datasets, inputs, outputs };
  }

  /** Yields the values of all metrics. Each line of their files is one. */
  async *#points(
    run: string,
    { has, problems }: { has: Counts; problems: string[] },
  ): AsyncGenerator<Metric> {
    const folder = joinPath(run, "metrics"), meta = joinPath(run, "meta.yaml");
    has.points = 0;
    for (const { path } of await this.#files.walk(folder, problems)) {
      const key = path.slice(folder.length + 1);
      let number = 0, isEmpty = true;
      for await (const line of this.#files.lines(path)) {
        number++;
        if (line === "") continue;
        isEmpty = false;
        has.points++;
        const [time = "", text = "", step = "0"] = line.split(" ");
        const value = NON_FINITE.get(text) ?? (text === "" ? undefined : Number(text));
        const timestamp = timeOf(time), at = timeOf(step);
        const isNumber = value !== undefined && (text === "nan" || !Number.isNaN(value));
        if (isNumber && timestamp !== undefined && at !== undefined) {
          yield { key, value, timestamp, step: at };
        } else if (problems.length < 100) {
          problems.push(`line ${number} of ${shown(path)} is not a metric`);
        }
      }
      // MLflow, too, refuses to read the run then.
      if (isEmpty) problems.push(`${shown(path)} is empty: a metric has at least one value`);
    }
    if (await this.#files.look(meta, []) === undefined) {
      problems.push(`${shown(run)} was deleted while it was read`);
    }
  }

  async *#model(folder: string): AsyncGenerator<ImportRecord> {
    const problems: string[] = [];
    const meta = await this.#files.yaml(joinPath(folder, "meta.yaml"), problems);
    const name = meta && textOf(meta.name);
    const what = `model ${nameOf(folder)}`;
    if (meta === undefined || name === undefined) {
      return yield { kind: "failed", what, reason: problems[0] ?? "it has no name" };
    }
    const as = this.#options.nameOf(name);
    if (as === undefined) return;
    const stored: StoredVersion[] = [];
    for (const path of await this.#files.folders(folder)) {
      if (!nameOf(path).startsWith("version-")) continue;
      const version = await this.#version(path, problems);
      if (version !== undefined) stored.push(version);
    }
    const aliases = await this.#files.texts(joinPath(folder, "aliases"), problems);
    const labels = await this.#files.texts(joinPath(folder, "tags"), problems);
    for (const reason of problems) yield { kind: "failed", what, reason };
    const left = modelLeft(labels, stored);
    if (left !== undefined) return yield { kind: "left", what, reason: left };
    const versions = stored.toSorted((one, other) => Number(one.version) - Number(other.version))
      .flatMap((version) =>
        foundVersion(this.#ids, version, async (uris, from) => {
          const problems: string[] = [];
          const folder = from && this.#folders.get(from.run.id);
          const own = folder && joinPath(`${folder}/artifacts`, from.folder).replace(/\/$/, "");
          const files = await this.#places.files({ uris, own }, problems);
          return { files, problems, has: countsOfFiles(files) };
        }) ?? []
      );
    const notes = textOf(meta.description);
    yield { kind: "model", name: as, notes, labels, aliases: aliasesOf(aliases, stored), versions };
  }

  async #version(folder: string, problems: string[]): Promise<StoredVersion | undefined> {
    const meta = await this.#files.yaml(joinPath(folder, "meta.yaml"), problems);
    if (meta === undefined || meta.current_stage === "Deleted_Internal") return undefined;
    return storedVersion(meta, await this.#files.texts(joinPath(folder, "tags"), problems));
  }
}

/** Returns where the artifacts of a run or a logged model are. */
function recordedIn({ folder, members, isModel }: ReadRun): Recorded {
  const uri = textOf(isModel ? members.artifact_location : members.artifact_uri);
  return { uris: uri === undefined ? [] : [uri], own: joinPath(folder, "artifacts") };
}

function linkAt(what: string, path: string): NotImported {
  return { kind: "failed", what, reason: `${shown(path)} is a link` };
}
