// Registered models: names with a prefix. Version 3 of MLflow is 3.0.0, aliases are aliases, tags are
// labels and descriptions notes. Other versions, such as 1.2.0, are there by their aliases.
import type { Artifact, ArtifactInfo } from "../../mod.ts";
import { checkNewName, fileToSave, isJsonObject, isRegistryError } from "../../core/kernel.ts";
import type { FileToSave } from "../../core/kernel.ts";
import { annotate, type AnnotationsChange, readAnnotations } from "../../registry/mod.ts";
import { passThrough } from "../../apps/server/extending.ts";
import { parsePlace, shownFiles } from "./artifacts.ts";
import type { MlflowContext } from "./context.ts";
import { noSuch, wrong } from "./errors.ts";
import { parseRunId } from "../../runs/mlflow/ids.ts";

/** A version that is there, and its aliases. */
export interface ModelVersion {
  readonly info: ArtifactInfo;
  readonly aliases: readonly string[];
}

export interface RegisteredModel {
  readonly name: string;
  readonly createdMs: number;
  readonly latest: ModelVersion;
  readonly aliases: ReadonlyMap<string, string>;
  readonly description: string;
  readonly labels: Readonly<Record<string, unknown>>;
}

/** A source of a new version. */
export interface NewModelVersion {
  readonly source: string;
  readonly kept: Readonly<Record<string, string>>;
}

/** Returns the number of a version as MLflow has it. */
export function numberOf(version: string): string {
  return /^(\d+)\.0\.0$/.exec(version)?.[1] ?? version;
}

/** Returns the version of a number. Throws `INVALID_PARAMETER_VALUE` for another text. */
export function versionOf(number: string): string {
  const version = /^\d{1,15}$/.test(number) ? `${Number(number)}.0.0` : number;
  if (/^\d+\.\d+\.\d+(-[\w.-]+)?$/.test(version)) return version;
  throw wrong(`Model version must be an integer, got '${number.slice(0, 100)}'`);
}

export function noSuchVersion(name: string, number: string): Error {
  return noSuch(`Model Version (name=${name}, version=${number.slice(0, 100)}) not found`);
}

export function noSuchModel(name: string): Error {
  return noSuch(`Registered Model with name=${name.slice(0, 200)} not found`);
}

export class ModelStore {
  readonly #context: MlflowContext;

  constructor(context: MlflowContext) {
    this.#context = context;
  }

  /** Returns the name in the registry. */
  nameOf(model: string): string {
    const name = this.#context.models + model;
    try {
      checkNewName(name);
    } catch (error) {
      throw isRegistryError(error) ? wrong(`Invalid model name: ${error.message}`) : error;
    }
    return name;
  }

  /** Returns a version. Throws `RESOURCE_DOES_NOT_EXIST` if it is not there. */
  async version(model: string, number: string): Promise<ModelVersion> {
    return await this.#found(model, versionOf(number), () => noSuchVersion(model, number));
  }

  async byAlias(model: string, alias: string): Promise<ModelVersion> {
    const aliases = await this.#aliases(this.nameOf(model));
    const version = aliases.get(alias);
    const missing = () => wrong(`Registered model alias ${alias.slice(0, 200)} not found.`);
    if (version === undefined) throw missing();
    return await this.#found(model, version, missing, aliases);
  }

  async #found(
    model: string,
    version: string,
    missing: () => Error,
    aliases?: ReadonlyMap<string, string>,
  ): Promise<ModelVersion> {
    const { registry } = this.#context, name = this.nameOf(model);
    try {
      const info = await registry.info(name, { version, annotations: true });
      const all = aliases ?? await this.#aliases(name);
      return { info, aliases: aliasesOf(all, info.version) };
    } catch (error) {
      throw isRegistryError(error, "NotFound", "Invalid") ? missing() : error;
    }
  }

  async #aliases(name: string): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    for await (const { alias, version } of this.#context.registry.aliases(name)) {
      found.set(alias, version);
    }
    return found;
  }

  /** Returns a model. Throws `RESOURCE_DOES_NOT_EXIST` if it has no version. */
  async model(model: string): Promise<RegisteredModel> {
    const { registry } = this.#context, name = this.nameOf(model);
    let created: Date | undefined, newest: string | undefined;
    for await (const { version, modifiedAt } of registry.versions(name)) {
      newest ??= version;
      created = modifiedAt;
    }
    if (created === undefined || newest === undefined) throw noSuchModel(model);
    const annotations = await readAnnotations(registry, name);
    const aliases = await this.#aliases(name);
    return {
      name: model,
      createdMs: created.getTime(),
      latest: await this.#found(model, newest, () => noSuchModel(model), aliases),
      aliases,
      description: annotations?.notes ?? "",
      labels: annotations?.labels ?? {},
    };
  }

  /** Yields the models that a token may read. */
  async *models(may: (name: string) => boolean): AsyncGenerator<string> {
    const { registry, models } = this.#context;
    for await (const name of registry.names({ prefix: models })) {
      if (may(name)) yield name.slice(models.length);
    }
  }

  /** Yields the versions of a model with numbers, the newest first. */
  async *versions(model: string): AsyncGenerator<ModelVersion> {
    const name = this.nameOf(model), aliases = await this.#aliases(name);
    for await (const { info } of this.#context.registry.versions(name, { details: true })) {
      if (info === undefined || numberOf(info.version) === info.version) continue;
      yield { info, aliases: aliasesOf(aliases, info.version) };
    }
  }

  async annotate(ref: string, change: AnnotationsChange): Promise<void> {
    await annotate(this.#context.registry, ref, change);
  }

  /** Saves the next version, with files that the registry has. */
  async create(
    model: string,
    { source, kept }: NewModelVersion,
    mayRead: (name: string) => void,
  ): Promise<string> {
    const { artifact, folder } = await this.#sourceOf(source, mayRead);
    const { name, version } = artifact.info;
    const prefix = folder === "" ? "" : `${folder}/`;
    const files: FileToSave[] = [];
    for (const { info } of artifact.files()) {
      if (!info.path.startsWith(prefix)) continue;
      files.push(fileToSave(artifact, info, info.path.slice(prefix.length)));
    }
    if (files.length === 0) throw noSuch(`No artifacts at '${source.slice(0, 500)}'`);
    const isStored = version !== "0.0.0"; // else its run goes on
    const saved = await this.#context.registry.save(this.nameOf(model), undefined, {
      as: passThrough({ id: "folder", formatVersion: 1 }, files),
      bump: "major",
      ...isStored && { base: `${name}@${version}`, inputs: [{ ref: `${name}@${version}` }] },
      metadata: { mlflow: { source, ...kept } },
    });
    return saved.version;
  }

  async #sourceOf(
    source: string,
    mayRead: (name: string) => void,
  ): Promise<{ artifact: Artifact; folder: string }> {
    const { runs, registry } = this.#context;
    const ofRun = async (runId: string, folder: string) => {
      const key = parseRunId(runId);
      mayRead(key.name);
      return { artifact: await runs.openArtifacts(key), folder: folder.replace(/\/+$/, "") };
    };
    const [, scheme, rest = ""] = /^(runs|models|mlflow-artifacts):\/+([^]*)$/.exec(source) ?? [];
    const [first = "", ...others] = rest.split("/");
    if (scheme === "runs" || scheme === "models" && first.startsWith("m-")) {
      return await ofRun(first, others.join("/"));
    }
    if (scheme === "models") {
      const [model = "", alias] = first.split("@");
      mayRead(this.nameOf(model));
      const { info } = alias === undefined
        ? await this.version(model, others.join("/"))
        : await this.byAlias(model, alias);
      return {
        artifact: shownFiles(await registry.open(info.name, { version: info.version })),
        folder: "",
      };
    }
    if (scheme !== "mlflow-artifacts") {
      throw wrong(
        `Cannot register '${source.slice(0, 500)}': this service has no such artifacts`,
        "Log the model to a run, and pass runs:/RUN/PATH or models:/m-….",
      );
    }
    const place = parsePlace(rest);
    mayRead(place.run === undefined ? place.name : place.run.name);
    const artifact = place.run === undefined
      ? shownFiles(await registry.open(place.name, { version: place.version }))
      : await runs.openArtifacts(place.run);
    return { artifact, folder: place.path };
  }
}

function aliasesOf(aliases: ReadonlyMap<string, string>, version: string): string[] {
  return [...aliases].filter(([, its]) => its === version).map(([alias]) => alias);
}

function tagList(labels: Readonly<Record<string, unknown>> = {}) {
  return Object.entries(labels).map(([key, value]) => ({
    key,
    value: typeof value === "string" ? value : JSON.stringify(value),
  }));
}

/** Returns a version in the JSON of MLflow. */
export function versionJson(model: string, { info, aliases }: ModelVersion) {
  const { version, createdAt, by, annotations, metadata: { mlflow } } = info;
  const kept = isJsonObject(mlflow) ? mlflow : {};
  const { source, run_id, run_link, model_id, user_id } = kept as Record<string, string>;
  // Versions that were imported keep their time.
  const createdMs = Number(kept.creation_timestamp ?? createdAt.getTime());
  return {
    name: model,
    version: numberOf(version),
    creation_timestamp: createdMs,
    last_updated_timestamp: annotations?.changedAt?.getTime() ?? createdMs,
    user_id: user_id ?? by?.name ?? "",
    current_stage: "None",
    description: annotations?.notes ?? "",
    source: source ?? "",
    run_id: run_id ?? "",
    run_link: run_link ?? "",
    model_id: model_id ?? "",
    status: "READY",
    tags: tagList(annotations?.labels),
    aliases,
  };
}

export function modelJson(model: RegisteredModel) {
  const { name, createdMs, latest, aliases, description, labels } = model;
  return {
    name,
    creation_timestamp: createdMs,
    last_updated_timestamp: latest.info.createdAt.getTime(),
    description,
    latest_versions: [versionJson(name, latest)],
    tags: tagList(labels),
    aliases: Array.from(aliases, ([alias, version]) => ({ alias, version: numberOf(version) })),
  };
}
