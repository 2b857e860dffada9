// Registered models: names with a prefix. Version 3 of MLflow is 3.0.0, aliases are aliases, tags are
// labels and descriptions notes. Other versions, such as 1.2.0, are there by their aliases.
import type { ArtifactInfo, VersionEntry } from "../../../mod.ts";
import {
  checkNewName,
  fileToSave,
  inTurns,
  isJsonObject,
  isRegistryError,
} from "../../../core/kernel.ts";
import type { FileToSave } from "../../../materializers/mod.ts";
import type { Access } from "../../../apps/gateways.ts";
import { annotate, type AnnotationsChange } from "../../../registry/mod.ts";
import { passThrough } from "../../../apps/server/extending.ts";
import { type Artifacts, artifactsOf, parsePlace } from "./artifacts.ts";
import type { MlflowContext } from "./context.ts";
import { exists, noSuch, wrong } from "./errors.ts";
import { infoOf } from "./info_of.ts";
import type { NameTagStore, NewName, TagChange } from "./name_tags.ts";
import { NOTE, shownTagsOf } from "./shown_tags.ts";
import { parseRunId, type RunKey } from "../../runs/mlflow/ids.ts";

/** The member of the metadata with the time when the model was created. */
const MODEL_CREATED = "model_creation_timestamp";

/** A version that is there, and its aliases. */
export interface ModelVersion {
  readonly info: ArtifactInfo;
  readonly aliases: readonly string[];
}

export interface RegisteredModel {
  readonly name: string;
  readonly createdMs: number;
  readonly updatedMs: number;
  /** Undefined until the first version. */
  readonly latest?: ModelVersion;
  readonly aliases: ReadonlyMap<string, string>;
  readonly description: string;
  readonly tags: readonly (readonly [key: string, value: string])[];
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
  throw wrong(`Parameter 'version' must be an integer, got '${number.slice(0, 100)}'.`);
}

export function noSuchVersion(name: string, number: string): Error {
  return noSuch(`Model Version (name=${name}, version=${number.slice(0, 100)}) not found`);
}

export function modelExists(name: string): Error {
  return exists(`Registered Model (name=${name}) already exists.`);
}

export function noSuchModel(name: string): Error {
  return noSuch(`Registered Model with name=${name.slice(0, 200)} not found`);
}

export class ModelStore {
  readonly #context: MlflowContext;
  readonly #tags: NameTagStore;

  constructor(context: MlflowContext) {
    this.#context = context;
    this.#tags = context.tags;
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
    const name = this.nameOf(model), { registry } = this.#context;
    const aliases = await this.#aliases(name);
    const version = aliases.get(alias);
    const missing = () => wrong(`Registered model alias ${alias.slice(0, 200)} not found.`);
    if (version === undefined || !await registry.has(name, { version: alias })) throw missing();
    return await this.#found(model, version, missing, aliases);
  }

  async #found(
    model: string,
    version: string,
    missing: () => Error,
    aliases?: ReadonlyMap<string, string>,
  ): Promise<ModelVersion> {
    const { registry } = this.#context, name = this.nameOf(model);
    const info = await infoOf(registry, name, version);
    if (info === undefined) throw missing();
    const all = aliases ?? await this.#aliases(name);
    return { info, aliases: aliasesOf(all, info.version) };
  }

  async #aliases(name: string): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    for await (const { alias, version } of inTurns(this.#context.registry.aliases(name))) {
      found.set(alias, version);
    }
    return found;
  }

  /** Returns a model. Throws `RESOURCE_DOES_NOT_EXIST` if it has no version and was not created. */
  async model(model: string): Promise<RegisteredModel> {
    const { registry } = this.#context, name = this.nameOf(model);
    let oldest: VersionEntry | undefined, newest: string | undefined;
    for await (const entry of inTurns(registry.versions(name))) {
      newest ??= entry.version;
      oldest = entry;
    }
    const { tags, changedMs, ...known } = await this.#tags.read(name);
    const createdMs = known.createdMs ?? (oldest && await this.#createdIn(oldest));
    if (createdMs === undefined) throw noSuchModel(model);
    const aliases = newest === undefined ? new Map<string, string>() : await this.#aliases(name);
    return {
      name: model,
      createdMs,
      updatedMs: changedMs ?? createdMs,
      ...newest !== undefined && {
        latest: await this.#found(model, newest, () => noSuchModel(model), aliases),
      },
      aliases,
      description: tags.get(NOTE) ?? "",
      tags: shownTagsOf(tags).filter(([key]) => key !== NOTE),
    };
  }

  /** Returns when the model of its oldest version was created: imported ones have that time. */
  async #createdIn({ name, version, modifiedAt }: VersionEntry): Promise<number> {
    const info = await infoOf(this.#context.registry, name, version);
    const mlflow = info?.metadata.mlflow;
    const kept = isJsonObject(mlflow) ? Number(mlflow[MODEL_CREATED]) : NaN;
    return Number.isNaN(kept) ? modifiedAt.getTime() : kept;
  }

  /** Returns whether a model has a version or was created. */
  async isThere(model: string): Promise<boolean> {
    const name = this.nameOf(model);
    const { isSaved, createdMs } = await this.#tags.read(name);
    return isSaved || createdMs !== undefined;
  }

  /** Creates a model without a version. Returns false if another service did. */
  async createModel(model: string, tags: TagChange, options: NewName): Promise<boolean> {
    return await this.#tags.create(this.nameOf(model), tags, options);
  }

  /** Changes tags of a model, of which the description is one. */
  async changeModel(model: string, tags: TagChange): Promise<void> {
    if (!await this.isThere(model)) throw noSuchModel(model);
    await this.#tags.change(this.nameOf(model), tags);
  }

  async deleteModel(model: string): Promise<void> {
    const name = this.nameOf(model);
    if (!await this.isThere(model)) throw noSuchModel(model);
    await this.#context.registry.delete(name, { allVersions: true });
    await this.#tags.remove(name);
  }

  /** Renames a model without a version. */
  async renameModel(model: string, to: string): Promise<void> {
    const { latest, createdMs, tags, description } = await this.model(model);
    if (latest !== undefined) {
      throw wrong(
        `Cannot rename model '${model}': it has versions, whose names do not change`,
        `Copy them: client.copy_model_version("models:/${model}/1", "${to}").`,
      );
    }
    if (to === model) return;
    const notes = description === "" ? [] : [[NOTE, description] as const];
    const isFree = !await this.isThere(to) &&
      await this.createModel(to, new Map([...tags, ...notes]), { createdMs });
    if (!isFree) throw modelExists(to);
    await this.#tags.remove(this.nameOf(model));
  }

  /** Yields the models that a token may read. */
  async *models(may: (name: string) => boolean): AsyncGenerator<string> {
    const { registry, models } = this.#context, saved = new Set<string>();
    for await (const name of inTurns(registry.names({ prefix: models }))) {
      saved.add(name);
      if (may(name)) yield name.slice(models.length);
    }
    const isWanted = (name: string) => !saved.has(name) && may(name);
    const drafted = await this.#tags.drafted(models);
    for await (const name of this.#tags.names({ prefix: models, isWanted, drafted })) {
      yield name.slice(models.length);
    }
  }

  /** Yields the versions of a model with numbers, the newest first. */
  async *versions(model: string): AsyncGenerator<ModelVersion> {
    const name = this.nameOf(model), aliases = await this.#aliases(name);
    const asked = { details: true, withoutFiles: true };
    for await (const { info } of inTurns(this.#context.registry.versions(name, asked))) {
      if (info === undefined || numberOf(info.version) === info.version) continue;
      yield { info, aliases: aliasesOf(aliases, info.version) };
    }
  }

  async annotate(ref: string, change: AnnotationsChange): Promise<void> {
    await annotate(this.#context.registry, ref, change);
  }

  /** Saves the next version, with files that the registry has and the token may read. */
  async create(
    model: string,
    { source, kept }: NewModelVersion,
    access: Access,
  ): Promise<string> {
    const { artifacts: { version, isShown }, folder } = await this.#sourceOf(source, access);
    const { info } = version;
    const prefix = folder === "" ? "" : `${folder}/`;
    const files: FileToSave[] = [];
    for await (const page of version.pages(folder === "" ? {} : { after: prefix })) {
      for await (const file of inTurns(page.info.files)) {
        if (!file.path.startsWith(prefix) || !isShown(file)) continue;
        files.push(fileToSave(page, file, file.path.slice(prefix.length)));
      }
    }
    if (files.length === 0) throw noSuch(`No artifacts at '${source.slice(0, 500)}'`);
    const isStored = info.version !== "0.0.0"; // else its run goes on
    const ref = `${info.name}@${info.version}`;
    const saved = await this.#context.registry.save(this.nameOf(model), undefined, {
      as: passThrough({ id: "folder", formatVersion: 1 }, files),
      bump: "major",
      onConflict: "fail",
      ...isStored && { base: ref, inputs: [{ ref }] },
      metadata: { mlflow: { source, ...kept } },
    });
    // Makes labels of what another program set in a draft, before that is gone.
    if (saved.version === "1.0.0") await this.#tags.read(saved.name);
    return saved.version;
  }

  async #sourceOf(
    source: string,
    access: Access,
  ): Promise<{ artifacts: Artifacts; folder: string }> {
    const { runs, openPages } = this.#context;
    const ofRun = async (run: RunKey, folder: string) => ({
      artifacts: await runs.openArtifacts(run, access),
      folder: folder.replace(/\/+$/, ""),
    });
    const ofVersion = async (asked: { name: string; version: string }, folder: string) => ({
      artifacts: artifactsOf(await openPages(asked, access)),
      folder,
    });
    const [, scheme, rest = ""] = /^(runs|models|mlflow-artifacts):\/+([^]*)$/.exec(source) ?? [];
    const [first = "", ...others] = rest.split("/");
    if (scheme === "runs" || scheme === "models" && first.startsWith("m-")) {
      return await ofRun(parseRunId(first), others.join("/"));
    }
    if (scheme === "models") {
      const [model = "", alias] = first.split("@");
      access.check("read", this.nameOf(model));
      const { info } = alias === undefined
        ? await this.version(model, others.join("/"))
        : await this.byAlias(model, alias);
      return await ofVersion(info, "");
    }
    if (scheme !== "mlflow-artifacts") {
      throw wrong(
        `Cannot register '${source.slice(0, 500)}': this service has no such artifacts`,
        "Log the model to a run, and pass runs:/RUN/PATH or models:/m-….",
      );
    }
    const place = parsePlace(rest);
    return place.run === undefined
      ? await ofVersion(place, place.path)
      : await ofRun(place.run, place.path);
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
  const { name, createdMs, updatedMs, latest, aliases, description, tags } = model;
  return {
    name,
    creation_timestamp: createdMs,
    last_updated_timestamp: updatedMs,
    description,
    latest_versions: latest === undefined ? [] : [versionJson(name, latest)],
    tags: tags.map(([key, value]) => ({ key, value })),
    aliases: Array.from(aliases, ([alias, version]) => ({ alias, version: numberOf(version) })),
  };
}
