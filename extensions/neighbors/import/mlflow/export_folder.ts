// Writes runs and models as a folder mlruns, which MLflow and its own tools read.
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Buffer } from "node:buffer";
import type { Artifact, ArtifactInfo, Registry } from "../../../../mod.ts";
import {
  conflict,
  folderOf,
  isJsonObject,
  nameOf,
  sha256,
  shown,
} from "../../../../core/kernel.ts";
import { createLocalFiles, type FileStoreContract } from "../../../../files/mod.ts";
import { readAnnotations } from "../../../../registry/mod.ts";
import { DATA } from "../../../runs/mlflow/data_sets.ts";
import { parseRunId, type RunKey } from "../../../runs/mlflow/ids.ts";
import {
  curveOf,
  factsOf,
  INPUT,
  MODEL_FACTS,
  OUTPUT,
  runIdIn,
  runIn,
  shownTags,
  STATUSES,
  textsOf,
} from "../../../runs/mlflow/stored_run.ts";

import { unfitKeys } from "./export_keys.ts";
import { metricTexts, RunsOfModels } from "./export_metrics.ts";

export interface ExportReport {
  runs: number;
  versions: number;
  files: number;
  bytes: number;
  /** Keys, and versions that are neither those of runs nor of models, with why they are left out. */
  left: string[];
}

/** Bytes of the long parameters and tags of a run. */
const MOST_OF_LONG = 256 * 1024 * 1024;

const NO_RUN = "it is not a run";

type Values = Readonly<
  Record<string, string | number | null | readonly never[] | Readonly<Record<string, string>>>
>;

export class MlrunsExport {
  readonly report: ExportReport = { runs: 0, versions: 0, files: 0, bytes: 0, left: [] };
  readonly #registry: Registry;
  readonly #to: string;
  readonly #store: FileStoreContract;
  readonly #models: string;
  readonly #signal: AbortSignal;
  /** Data sets that are written, by experiment: their runs share them. */
  readonly #dataSets = new Set<string>();

  constructor(
    registry: Registry,
    to: string,
    { models, signal }: { models: string; signal: AbortSignal },
  ) {
    this.#registry = registry;
    this.#to = resolve(to);
    this.#store = createLocalFiles({ root: this.#to });
    this.#models = models;
    this.#signal = signal;
  }

  /** Throws `Conflict` for a folder that has something: runs of MLflow are never changed. */
  async export(names: readonly string[]): Promise<ExportReport> {
    for await (const _ of this.#store.list("")) {
      throw conflict("export to", this.#to, "the folder is not empty", {
        hint: "Pass a folder that does not exist.",
      });
    }
    for (const name of names) {
      if (name.startsWith(this.#models)) await this.#model(name);
      else await this.#experiment(name);
    }
    return this.report;
  }

  async #experiment(name: string): Promise<void> {
    const id = experimentOf(name), location = this.#uri(id);
    const all = { experiment_id: id, name, lifecycle_stage: "active", artifact_location: location };
    // The newest version of a run has all of it.
    const versions = new Map<string, string>();
    const ofModels = new RunsOfModels(this.#registry, runOfText);
    for await (
      const { version, info } of this.#registry.versions(name, {
        details: true,
        signal: this.#signal,
      })
    ) {
      const run = info && runIdIn(info);
      if (info === undefined || run === undefined) this.#leave(`${name}@${version}`, NO_RUN);
      else if (!versions.has(run)) {
        versions.set(run, version);
        ofModels.add({ name, id: run }, info);
      }
    }
    if (versions.size > 0) await this.#yaml(`${id}/meta.yaml`, all);
    for (const [run, version] of versions) {
      const artifact = await this.#registry.open(name, { version, signal: this.#signal });
      await this.#run(artifact, { id: run, ofModels });
    }
  }

  async #run(
    artifact: Artifact,
    { id, ofModels }: { id: string; ofModels: RunsOfModels },
  ): Promise<void> {
    const { name } = artifact.info, experiment = experimentOf(name);
    const facts = runIn(artifact.info), long = await longTexts(artifact);
    const params = new Map([...facts.params, ...long.params]);
    const tags = new Map([...facts.tags, ...long.tags]);
    const run = runOf({ name, id }), isModel = run.startsWith("m-");
    const folder = `${experiment}/${isModel ? "models/" : ""}${run}`;
    const place = { experiment, run, artifacts: this.#uri(`${folder}/artifacts`) };
    const whole = { ...facts, tags };
    const meta = isModel ? metaOfModel(whole, place) : metaOfRun(whole, place);
    await this.#yaml(`${folder}/meta.yaml`, meta);
    for (const part of ["params", "tags", "metrics", "artifacts"]) {
      await this.#store.createFolder(`${folder}/${part}`);
    }
    await this.#texts(`${folder}/params`, params);
    await this.#texts(
      `${folder}/tags`,
      new Map(
        shownTags(tags).map((
          [key, value],
        ) => [key, key === "mlflow.parentRunId" ? runOfText(value) : value]),
      ),
    );
    if (!isModel) await this.#links(tags, { experiment, run });
    const loggedBy = isModel ? await ofModels.of({ name, id }, artifact) : undefined;
    await this.#texts(`${folder}/metrics`, await metricTexts(artifact, loggedBy));
    await this.#artifacts(artifact, `${folder}/artifacts`);
    this.report.runs++;
  }

  /** Writes the data sets and the logged models that a run used, and the models that it logged. */
  async #links(
    tags: ReadonlyMap<string, string>,
    { experiment, run }: { experiment: string; run: string },
  ): Promise<void> {
    const seen = new Set<string>();
    const input = async (source_type: "DATASET" | "MODEL", source_id: string, tags = {}) => {
      let id = digestOf(source_id + run);
      while (seen.has(id)) id = digestOf(id);
      seen.add(id);
      const facts = { source_type, source_id, destination_type: "RUN", destination_id: source_id };
      await this.#yaml(`${experiment}/${run}/inputs/${id}/meta.yaml`, { ...facts, tags });
    };
    for (const { dataset, tags: given } of factsOf(tags, DATA)) {
      if (!isJsonObject(dataset)) continue;
      const member = (name: string) => typeof dataset[name] === "string" ? dataset[name] : null;
      const [name, digest] = [member("name"), member("digest")];
      if (name === null || digest === null) continue;
      const id = digestOf(name + digest), rest = ["source_type", "source", "schema", "profile"];
      if (!this.#dataSets.has(`${experiment}/${id}`)) {
        const facts = Object.fromEntries(rest.map((name) => [name, member(name)]));
        await this.#yaml(`${experiment}/datasets/${id}/meta.yaml`, { name, digest, ...facts });
        this.#dataSets.add(`${experiment}/${id}`);
      }
      const own = (Array.isArray(given) ? given : []).filter(isJsonObject);
      const pairs = own.map(({ key, value }) => [`${key}`, `${value ?? ""}`] as const);
      await input("DATASET", id, Object.fromEntries(pairs));
    }
    for (const { model_id } of factsOf(tags, `${INPUT}model.`)) {
      if (isId(model_id)) await input("MODEL", runOfText(model_id));
    }
    for (const { model_id, step } of factsOf(tags, OUTPUT)) {
      if (!isId(model_id)) continue;
      const id = runOfText(model_id);
      await this.#yaml(`${experiment}/${run}/outputs/${id}/meta.yaml`, {
        source_type: "RUN_OUTPUT",
        source_id: id,
        destination_type: "MODEL_OUTPUT",
        destination_id: id, // as MLflow writes it
        tags: {},
        step: typeof step === "number" ? step : 0,
      });
    }
  }

  async #model(name: string): Promise<void> {
    const model = name.slice(this.#models.length), folder = `models/${model}`;
    const own = await readAnnotations(this.#registry, name, { signal: this.#signal });
    const entries = this.#registry.versions(name, { details: true, signal: this.#signal });
    const infos = (await Array.fromAsync(entries)).flatMap(({ info }) => info ?? []);
    const numbered = infos.filter(({ version }) => /^\d+\.0\.0$/.test(version));
    for (const { version } of infos.filter((info) => !numbered.includes(info))) {
      this.#leave(`${name}@${version}`, NO_RUN);
    }
    if (numbered.length === 0) return;
    const times = numbered.map(({ createdAt }) => createdAt.getTime());
    await this.#yaml(`${folder}/meta.yaml`, {
      name: model,
      description: own?.notes ?? null,
      creation_timestamp: Math.min(...times),
      last_updated_timestamp: Math.max(...times),
    });
    await this.#labels(`${folder}/tags`, own?.labels);
    for await (const { alias, version } of this.#registry.aliases(name)) {
      const [, number] = /^(\d+)\.0\.0$/.exec(version) ?? [];
      if (number === undefined) continue;
      if (!await this.#registry.has(name, { version: alias, signal: this.#signal })) continue;
      await this.#texts(`${folder}/aliases`, new Map([[alias, number]]));
    }
    for (const info of numbered) await this.#modelVersion(model, info);
  }

  async #modelVersion(model: string, info: ArtifactInfo): Promise<void> {
    const { name, version, metadata, createdAt } = info;
    const number = Number.parseInt(version), at = `models/${model}/version-${number}`;
    const kept = (metadata.mlflow ?? {}) as Record<string, string>;
    const notes = await readAnnotations(this.#registry, `${name}@${version}`, {
      signal: this.#signal,
    });
    const source = this.#uri(`${at}/artifacts`);
    await this.#yaml(`${at}/meta.yaml`, {
      name: model,
      version: number,
      creation_timestamp: Number(kept.creation_timestamp ?? createdAt.getTime()),
      last_updated_timestamp: Number(kept.creation_timestamp ?? createdAt.getTime()),
      current_stage: kept.stage ?? "None",
      description: notes?.notes ?? null,
      run_id: kept.run_id === undefined ? null : runOfText(kept.run_id),
      run_link: kept.run_link ?? null,
      model_id: kept.model_id === undefined ? null : runOfText(kept.model_id),
      source,
      storage_location: source,
      status: "READY",
      status_message: null,
      user_id: kept.user_id ?? null,
    });
    await this.#labels(`${at}/tags`, notes?.labels);
    const artifact = await this.#registry.open(name, { version, signal: this.#signal });
    await this.#artifacts(artifact, `${at}/artifacts`);
    this.report.versions++;
  }

  async #artifacts(artifact: Artifact, folder: string): Promise<void> {
    const curve = curveOf(artifact.info);
    for (const file of artifact.files()) {
      const { path, size, mode } = file.info;
      const isShown = path !== curve && !path.startsWith(".mlflow/") && mode === undefined;
      if (!isShown && mode !== "executable") continue;
      const content = { size, stream: () => file.stream() };
      await this.#store.write(`${folder}/${path}`, content, { signal: this.#signal });
      this.report.files++;
      this.report.bytes += size;
    }
  }

  /** Writes a file for each key. Those that folders cannot have are left out. */
  async #texts(folder: string, texts: ReadonlyMap<string, string>): Promise<void> {
    const unfit = unfitKeys(texts);
    for (const [key, text] of texts) {
      const state = unfit.get(key), of = nameOf(folderOf(folder));
      if (state === undefined) await this.#write(`${folder}/${key}`, text);
      else this.#leave(`${nameOf(folder)} ${shown(key)} of ${of}`, state);
    }
  }

  #leave(what: string, reason: string): void {
    this.report.left.push(`${what}: ${reason}`);
  }

  async #labels(folder: string, labels: Readonly<Record<string, unknown>> = {}): Promise<void> {
    const text = (value: unknown) => typeof value === "string" ? value : JSON.stringify(value);
    await this.#texts(
      folder,
      new Map(Object.entries(labels).map(([key, value]) => [key, text(value)])),
    );
  }

  async #yaml(path: string, values: Values): Promise<void> {
    const lines = Object.entries(values).map(([key, value]) =>
      `${key}: ${JSON.stringify(value)}\n`
    );
    await this.#write(path, lines.join(""));
  }

  async #write(path: string, text: string): Promise<void> {
    await this.#store.write(path, Buffer.from(text), { signal: this.#signal });
  }

  #uri(path: string): string {
    return pathToFileURL(resolve(this.#to, path)).href;
  }
}

interface MetaPlace {
  experiment: string;
  run: string;
  /** The URI of its artifacts. */
  artifacts: string;
}

function metaOfModel(
  { status, startedMs, endedMs = startedMs, tags }: ReturnType<typeof runIn>,
  { experiment, run, artifacts }: MetaPlace,
): Values {
  const source = tags.get(MODEL_FACTS.run);
  return {
    model_id: run,
    experiment_id: experiment,
    name: tags.get(MODEL_FACTS.name) ?? run,
    model_type: tags.get(MODEL_FACTS.type) ?? null,
    source_run_id: source === undefined ? null : runOfText(source),
    artifact_location: artifacts,
    creation_timestamp: startedMs,
    last_updated_timestamp: endedMs,
    status: status === "FINISHED" ? 2 : 3,
    status_message: null,
  };
}

function metaOfRun(
  { status, startedMs, endedMs = startedMs, tags }: ReturnType<typeof runIn>,
  { experiment, run, artifacts }: MetaPlace,
): Values {
  return {
    run_id: run,
    run_uuid: run,
    run_name: tags.get("mlflow.runName") ?? run.slice(0, 8),
    experiment_id: experiment,
    user_id: tags.get("mlflow.user") ?? "",
    status: STATUSES.indexOf(status) + 1,
    start_time: startedMs,
    end_time: endedMs,
    artifact_uri: artifacts,
    lifecycle_stage: "active",
    entry_point_name: "",
    source_name: "",
    source_type: 4,
    source_version: "",
    tags: [],
  };
}

/** Returns an id of 18 digits, as MLflow has them. */
function experimentOf(name: string): string {
  if (name === "Default") return "0";
  const digits = BigInt(`0x${sha256(Buffer.from(name)).slice(0, 16)}`) % 10n ** 17n;
  return `1${String(digits).padStart(17, "0")}`;
}

/** Returns the id of a run of 32 digits, as MLflow has them. */
function runOf({ name, id }: RunKey): string {
  if (/^(m-)?[0-9a-f]{32}$/.test(id)) return id;
  return digestOf(`${name}@${id}`);
}

/** True for an id that MLflow can read: clients may log any text. */
function isId(id: unknown): id is string {
  return typeof id === "string" && /^m-[\w-]+$/.test(id);
}

/** Returns the id of a run that a fact names. */
function runOfText(text: string): string {
  try {
    return runOf(parseRunId(text));
  } catch {
    return text;
  }
}

/** Returns an id of 32 digits, as MLflow has them. */
function digestOf(text: string): string {
  return sha256(Buffer.from(text)).slice(0, 32);
}

/** Returns the parameters and tags that an import has put into a file. Other programs may have one. */
async function longTexts(artifact: Artifact) {
  const file = artifact.info.files.find(({ path }) => path === ".mlflow/long.json");
  let long: unknown;
  if (file !== undefined && file.size <= MOST_OF_LONG) {
    try {
      long = JSON.parse(new TextDecoder().decode(await artifact.file(file.path).bytes()));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  const { params, tags } = isJsonObject(long) ? long : {};
  return { params: textsOf(params), tags: textsOf(tags) };
}
