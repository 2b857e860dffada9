// Reads a folder or bucket `mlruns`, as MLflow 2 and 3 write it:
//
//   EXPERIMENT/meta.yaml
//   EXPERIMENT/RUN/meta.yaml, params/KEY, tags/KEY, metrics/KEY, artifacts/…, inputs/…, outputs/…
//   EXPERIMENT/models/m-…/meta.yaml, params/KEY, tags/KEY, artifacts/…      logged models of MLflow 3
//   EXPERIMENT/datasets/ID/meta.yaml
//   models/NAME/meta.yaml, aliases/ALIAS, tags/KEY, version-N/meta.yaml, version-N/tags/KEY
import { folderOf, joinPath, nameOf, notFound, shown } from "../../../core/kernel.ts";
import { type Metric, NOT_FINITE } from "../../../runs/mlflow/points.ts";
import { changedEnd, type FoundRun, type ImportRecord, type NotImported } from "../records.ts";
import type { OpenedRun, ReadOptions } from "../records.ts";
import type { Plain, SourceFiles } from "../source_files.ts";
import type { ArtifactPlaces } from "./artifact_places.ts";
import { aliasesOf, foundVersion, KnownIds, statusOf, type StoredVersion } from "./facts.ts";
import { tagsOfModel, tagsOfRun, timeOf } from "./facts.ts";

/** Folders of an experiment that are no runs. */
const NO_RUNS: ReadonlySet<string> = new Set(["models", "datasets", "tags", "traces"]);
const NON_FINITE: ReadonlyMap<string, number> = new Map([
  ...NOT_FINITE,
  ["nan", NaN],
  ["inf", Infinity],
  ["-inf", -Infinity],
]);

type Meta = Readonly<Record<string, Plain>>;

/** A run or a logged model whose description was read. */
interface ListedRun {
  readonly folder: string;
  readonly name: string;
  readonly id: string;
  readonly meta: Meta;
  readonly isModel: boolean;
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
    const runs: ListedRun[] = [], notImported: ImportRecord[] = [];
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
        notImported.push({
          kind: "left",
          what: `experiment ${shown(name)}`,
          reason: "it is deleted",
        });
      } else await this.#listRuns(folder, { name: as, runs, notImported });
    }
    for (const folder of await this.#files.folders(".trash")) {
      notImported.push({
        kind: "left",
        what: `experiment ${nameOf(folder)}`,
        reason: "it is deleted",
      });
    }
    const models = await this.#files.folders("models");
    if (experiments === 0 && models.length === 0) {
      const place = this.#files.store.location;
      throw notFound("import runs of MLflow from", place, "it has no experiments and no models", {
        hint: "Pass the mlruns folder: each experiment in it is a folder with meta.yaml.",
      });
    }
    const versions = await Array.fromAsync(models, (folder) => this.#files.folders(folder));
    const isVersion = (path: string) => nameOf(path).startsWith("version-");
    const count = runs.length + versions.flat().filter(isVersion).length;
    yield { kind: "total", count };
    yield* notImported;
    for (const run of runs.sort((one, other) => endOf(one) - endOf(other))) yield this.#found(run);
    for (const folder of models) yield* this.#model(folder);
  }

  async #listRuns(
    experiment: string,
    { name, runs, notImported }: { name: string; runs: ListedRun[]; notImported: ImportRecord[] },
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
          notImported.push({ kind: "left", what, reason: "it is deleted" });
        } else runs.push({ folder, name, id, meta, isModel });
      }
    }
  }

  #found(run: ListedRun): FoundRun {
    const { name, id } = run;
    return {
      kind: "run",
      key: { name, id },
      changed: (here) => changedEnd({ endedMs: timeOf(run.meta[endKey(run)]) }, here),
      open: () => run.isModel ? this.#openModel(run) : this.#openRun(run),
    };
  }

  async #openRun({ folder, meta }: ListedRun): Promise<OpenedRun> {
    const problems: string[] = [];
    const read = (part: string) => this.#files.texts(joinPath(folder, part), problems);
    const artifacts = joinPath(folder, "artifacts");
    const uri = textOf(meta.artifact_uri);
    return {
      ...timesIn(meta, { problems, start: "start_time", end: "end_time" }),
      params: await read("params"),
      tags: tagsOfRun(this.#ids, {
        tags: await read("tags"),
        runName: textOf(meta.run_name),
        user: textOf(meta.user_id),
        problems,
        ...await this.#links(folder, problems),
      }),
      points: this.#points(joinPath(folder, "metrics"), problems),
      files: await this.#places.files(uri === undefined ? [] : [uri], {
        usual: artifacts,
        problems,
      }),
      problems,
    };
  }

  async #openModel({ folder, meta, id }: ListedRun): Promise<OpenedRun> {
    const problems: string[] = [];
    const read = (part: string) => this.#files.texts(joinPath(folder, part), problems);
    const uri = textOf(meta.artifact_location);
    return {
      ...timesIn(meta, {
        problems,
        start: "creation_timestamp",
        end: "last_updated_timestamp",
        isModel: true,
      }),
      params: await read("params"),
      tags: tagsOfModel(this.#ids, {
        tags: await read("tags"),
        name: textOf(meta.name) ?? id,
        type: textOf(meta.model_type),
        run: textOf(meta.source_run_id),
        problems,
      }),
      points: noPoints(),
      files: await this.#places.files(uri === undefined ? [] : [uri], {
        usual: joinPath(folder, "artifacts"),
        problems,
      }),
      problems,
    };
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

  async *#points(folder: string, problems: string[]): AsyncGenerator<Metric> {
    for (const { path } of await this.#files.walk(folder, problems)) {
      const key = path.slice(folder.length + 1);
      let number = 0;
      for await (const line of this.#files.lines(path)) {
        number++;
        if (line === "") continue;
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
    if (stored.length === 0) return yield { kind: "left", what, reason: "it has no versions" };
    const versions = stored.toSorted((one, other) => Number(one.version) - Number(other.version))
      .flatMap((version) =>
        foundVersion(this.#ids, version, async (uris, from) => {
          const problems: string[] = [];
          const folder = from && this.#folders.get(from.run.id);
          const usual = folder && joinPath(`${folder}/artifacts`, from.folder).replace(/\/$/, "");
          return { files: await this.#places.files(uris, { usual, problems }), problems };
        }) ?? []
      );
    const notes = textOf(meta.description);
    yield { kind: "model", name: as, notes, labels, aliases: aliasesOf(aliases, stored), versions };
  }

  async #version(folder: string, problems: string[]): Promise<StoredVersion | undefined> {
    const meta = await this.#files.yaml(joinPath(folder, "meta.yaml"), problems);
    if (meta === undefined || meta.current_stage === "Deleted_Internal") return undefined;
    return {
      version: textOf(meta.version) ?? "",
      source: textOf(meta.source) ?? "",
      location: textOf(meta.storage_location),
      run: textOf(meta.run_id),
      model: textOf(meta.model_id),
      link: textOf(meta.run_link),
      stage: textOf(meta.current_stage),
      created: timeOf(meta.creation_timestamp),
      user: textOf(meta.user_id),
      notes: textOf(meta.description),
      labels: await this.#files.texts(joinPath(folder, "tags"), problems),
    };
  }
}

async function* noPoints(): AsyncGenerator<Metric> {}

function linkAt(what: string, path: string): NotImported {
  return { kind: "failed", what, reason: `${shown(path)} is a link` };
}

function textOf(value: Plain | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function timesIn(
  meta: Meta,
  { problems, start, end, isModel }: {
    problems: string[];
    start: string;
    end: string;
    isModel?: boolean;
  },
) {
  const startedMs = timeOf(meta[start]), status = statusOf(meta.status, isModel);
  if (startedMs === undefined) problems.push(`${shown(meta[start] as string)} is not a time`);
  if (status === undefined) problems.push(`${shown(meta.status as string)} is not a status`);
  const endedMs = timeOf(meta[end]);
  const times = { status: status ?? "FAILED", startedMs: startedMs ?? 0 } as const;
  return { ...times, ...endedMs !== undefined && { endedMs } };
}

function endKey({ isModel }: ListedRun): "last_updated_timestamp" | "end_time" {
  return isModel ? "last_updated_timestamp" : "end_time";
}

function endOf({ meta }: ListedRun): number {
  return timeOf(meta.end_time ?? meta.last_updated_timestamp) ?? timeOf(meta.start_time) ?? 0;
}
